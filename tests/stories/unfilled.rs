//! Between the first deployment and the first Meta app: the secret is as the stack has made it.

use local_aws::{Filter, Service};
use serde_json::{Value, json};
use stories::World;

async fn write_secret(world: &World, content: &Value) {
    let client = aws_sdk_secretsmanager::Client::new(&world.stack.aws_config("story"));
    let secret = world.stack.resource("MetaAppsSecret").expect("the secret");
    let put = client.put_secret_value().secret_id(secret).secret_string(content.to_string());
    put.send().await.expect("the secret can be changed");
}

#[tokio::test]
async fn before_an_app_is_registered_everybody_is_told_so_and_the_secret_is_read_once() {
    // Arrange
    let world = World::start().await;
    let ana = world.browser("ana");
    write_secret(&world, &json!({"apps": [], "verify_token": "made"})).await;
    world.stack.aws().calls().clear();
    let empty = json!({"object": "instagram", "entry": []});
    let verification = "/webhooks/meta/instagram?hub.mode=subscribe&hub.verify_token=made&hub.challenge=1";
    // Act and assert
    for _ in 0..5 {
        assert_eq!(world.deliver(&empty).await.problem_kind(503), "not-set-up");
        assert_eq!(world.stranger().get(verification).await.problem_kind(503), "not-set-up");
        let start = ana.post("/api/integrations/meta/instagram/start", json!({"login": "instagram"})).await;
        assert_eq!(start.problem_kind(409), "login-not-configured");
    }
    for function in ["webhook-receive", "webhook-verify", "oauth-start"] {
        let reads = Filter::all().function(function).service(Service::SecretsManager);
        let reads = world.stack.aws().calls().count(&reads);
        assert!((1..=2).contains(&reads), "{function} read the secret's two versions {reads} times");
    }
    let apps: Vec<_> = [local::Login::Instagram].map(|login| world.stack.app(login).expect("an app")).into();
    write_secret(&world, &json!({"apps": apps})).await;
    world.stack.clock().advance(10_000);
    assert_eq!(world.deliver(&empty).await.status, 200);
    ana.connect("instagram", "luna.cafe").await;
}
