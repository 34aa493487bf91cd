//! What strangers send costs as little as it can.

use stories::World;

/// The lines of a function that CloudWatch would get.
fn lines(world: &World, function: &str) -> usize {
    let logs = world.stack.logs();
    let own = logs.iter().filter(|line| line.function.as_deref().is_some_and(|name| name.ends_with(function)));
    own.filter(|line| line.level != "DEBUG").count()
}

#[tokio::test]
async fn a_webhook_without_a_right_signature_leaves_one_line_in_the_log() {
    // Arrange
    let world = World::start().await;
    let wrong = format!("sha256={}", "0".repeat(64));
    world.post_webhook(b"{}".to_vec(), Some(&wrong)).await; // from here on the function is warm
    for signature in [Some(wrong.as_str()), Some("sha256=short"), None] {
        let before = lines(&world, "webhook-receive");
        // Act
        world.post_webhook(b"{}".to_vec(), signature).await.problem(401);
        // Assert
        assert_eq!(lines(&world, "webhook-receive") - before, 1, "{signature:?}");
    }
}
