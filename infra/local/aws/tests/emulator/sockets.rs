//! Connections of a WebSocket API, managed by the SDK as functions do.

use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::{Blob, DateTime};
use aws_sdk_apigatewaymanagement::{Client, config};
use local_aws::{Effect, FaultRule, Order, Peer, Policy, Service};
use serde_json::json;

use crate::world::World;

/// Ids are base64, with what a path has to escape.
const ID: &str = "Zx9b+f/pIAMCJkw=";

async fn client(world: &World) -> Client {
    let config = config::Builder::from(&world.sdk("teller").await).endpoint_url(format!("{}/live", world.aws.url()));
    Client::from_conf(config.build())
}

async fn post(client: &Client, data: impl Into<Vec<u8>>) -> Result<(), PostToConnectionError> {
    let posted = client.post_to_connection().connection_id(ID).data(Blob::new(data)).send().await;
    posted.map(drop).map_err(aws_sdk_apigatewaymanagement::error::SdkError::into_service_error)
}

#[tokio::test]
async fn a_connection_is_posted_to_looked_at_and_closed() {
    let world = World::start().await;
    let client = client(&world).await;
    let peer = Peer { source_ip: "203.0.113.7".into(), user_agent: Some("Mozilla/5.0".into()), connected_ms: 1_000 };
    let mut held = world.aws.sockets().open(ID, peer);
    world.aws.sockets().moved(ID, 2_000);

    post(&client, "hint").await.unwrap();
    let about = client.get_connection().connection_id(ID).send().await.unwrap();
    client.delete_connection().connection_id(ID).send().await.unwrap();

    assert_eq!(held.recv().await, Some(Order::Send("hint".into())));
    assert_eq!(held.recv().await, Some(Order::Close));
    assert_eq!(about.connected_at(), Some(&DateTime::from_secs(1)));
    assert_eq!(about.last_active_at(), Some(&DateTime::from_secs(2)));
    assert_eq!(about.identity().and_then(|identity| identity.source_ip()), Some("203.0.113.7"));
}

#[tokio::test]
async fn a_connection_that_is_gone_or_a_post_that_is_too_large_is_refused_in_the_sdks_words() {
    let world = World::start().await;
    let client = client(&world).await;
    assert!(post(&client, "hint").await.unwrap_err().is_gone_exception());
    let _held = world.aws.sockets().open(ID, Peer::default());
    assert!(post(&client, vec![b'x'; 128 * 1024]).await.is_ok());
    assert!(post(&client, vec![b'x'; 128 * 1024 + 1]).await.unwrap_err().is_payload_too_large_exception());
    world.aws.sockets().forget(ID);
    assert!(
        client.get_connection().connection_id(ID).send().await.unwrap_err().into_service_error().is_gone_exception()
    );
}

#[tokio::test]
async fn a_post_may_be_throttled_by_a_fault() {
    let world = World::start().await;
    let client = client(&world).await;
    let _held = world.aws.sockets().open(ID, Peer::default());
    let limit = Effect::Error {
        code: "LimitExceededException".into(),
        message: "Limit exceeded".into(),
        status: 429,
        reasons: Vec::new(),
    };
    world.aws.faults().inject(FaultRule::on(Service::ApiGateway, "PostToConnection", limit).times(1));
    assert!(post(&client, "hint").await.unwrap_err().is_limit_exceeded_exception());
    assert!(post(&client, "hint").await.is_ok());
}

#[tokio::test]
async fn a_caller_without_the_permission_is_forbidden() {
    let world = World::start().await;
    let allow = |resource: &str| -> Vec<Policy> {
        let resource = format!("arn:aws:execute-api:us-east-1:000000000000:local/{resource}");
        let statement = json!({ "Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": resource });
        vec![serde_json::from_value(json!({ "Statement": [statement] })).unwrap()]
    };
    let client = client(&world).await;
    let _held = world.aws.sockets().open(ID, Peer::default());

    world.aws.permissions().assume("teller", allow("live/POST/@connections/*"), None);
    assert!(post(&client, "hint").await.is_ok());
    let close = client.delete_connection().connection_id(ID).send().await.unwrap_err().into_service_error();
    assert!(close.is_forbidden_exception());
    world.aws.permissions().assume("teller", allow("other/POST/@connections/*"), None);
    assert!(post(&client, "hint").await.unwrap_err().is_forbidden_exception());
}
