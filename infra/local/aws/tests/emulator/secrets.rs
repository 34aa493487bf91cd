//! Secrets Manager: versions and their labels.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;

use crate::world::World;

async fn text(secrets: &Client, stage: &str) -> String {
    let request = secrets.get_secret_value().secret_id("meta/apps").version_stage(stage);
    request.send().await.unwrap().secret_string.unwrap()
}

#[tokio::test]
async fn the_previous_label_follows_when_the_current_one_moves() {
    let world = World::start().await;
    let secrets = world.secrets().await;
    let first = secrets.create_secret().name("meta/apps").secret_string("one").send().await.unwrap();
    let put = secrets.put_secret_value().secret_id("meta/apps").secret_string("two");
    let second = put.version_stages("AWSPENDING").send().await.unwrap();
    assert_eq!(text(&secrets, "AWSCURRENT").await, "one");

    let promote = secrets.update_secret_version_stage().secret_id("meta/apps").version_stage("AWSCURRENT");
    let promote = promote.move_to_version_id(second.version_id.unwrap());
    promote.remove_from_version_id(first.version_id.unwrap()).send().await.unwrap();

    assert_eq!(text(&secrets, "AWSCURRENT").await, "two");
    assert_eq!(text(&secrets, "AWSPREVIOUS").await, "one");
}

#[tokio::test]
async fn a_secret_is_found_by_name_arn_and_arn_without_suffix() {
    let world = World::start().await;
    let secrets = world.secrets().await;
    let arn = secrets.create_secret().name("meta/apps").secret_string("one").send().await.unwrap().arn.unwrap();

    for id in ["meta/apps", &arn, &arn[..arn.len() - 7]] {
        let value = secrets.get_secret_value().secret_id(id).send().await.unwrap();
        assert_eq!(value.secret_string(), Some("one"), "{id}");
    }
}

#[tokio::test]
async fn a_deleted_secret_can_be_restored_within_its_window_and_not_after() {
    let world = World::start().await;
    let secrets = world.secrets().await;
    secrets.create_secret().name("meta/apps").secret_string("one").send().await.unwrap();
    let delete = || secrets.delete_secret().secret_id("meta/apps").recovery_window_in_days(7).send();

    delete().await.unwrap();
    let refused = secrets.get_secret_value().secret_id("meta/apps").send().await;
    secrets.restore_secret().secret_id("meta/apps").send().await.unwrap();
    let restored = text(&secrets, "AWSCURRENT").await;
    delete().await.unwrap();
    world.clock.advance(Duration::from_hours(7 * 24));
    let too_late = secrets.restore_secret().secret_id("meta/apps").send().await;

    assert!(refused.unwrap_err().into_service_error().is_invalid_request_exception());
    assert_eq!(restored, "one");
    assert!(too_late.unwrap_err().into_service_error().is_resource_not_found_exception());
}
