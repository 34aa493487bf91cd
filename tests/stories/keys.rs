//! The stack leaves its KMS key: what was sealed under it moves to another one, as `infra/guides/deploy.md` tells.

use std::collections::BTreeMap;

use accounts::Connector;
use domain::{Channel, UnixSeconds};
use edge::{Clock, Environment, Setup};
use local_aws::{Effect, FaultRule, Service};
use stories::World;

use crate::util::LUNA;

/// What the guide has an operator run, with the variables that it names and no more.
fn operators(world: &World, key: &str) -> Connector {
    let name = |resource: &str| world.stack.resource(resource).expect("is in the template").to_owned();
    let variables = [
        ("CONNECTIONS_TABLE", name("ConnectionsTable")),
        ("META_APPS_SECRET_ID", name("MetaAppsSecret")),
        ("KMS_KEY_ID", key.to_owned()),
    ];
    let env = BTreeMap::from(variables.map(|(variable, value)| (variable.to_owned(), value)));
    let aws = world.stack.aws_config("rewrap-tokens");
    Connector::new(&Setup { env: Environment::from_map(env), clock: Clock::System, aws }).expect("is configured")
}

/// Every token, opened.
async fn tokens(connector: &Connector) -> Vec<String> {
    let connections = connector.connections.list_all(None, 100).await.expect("connections").items;
    let mut tokens = Vec::new();
    for connection in connections {
        let sealed = connection.token.expect("a sealed token");
        let opened = connector.open(&connection.tenant, &connection.account, &sealed, UnixSeconds::new(1)).await;
        tokens.push(opened.expect("opens").expose().to_owned());
    }
    tokens.sort();
    tokens
}

#[tokio::test]
async fn every_token_moves_to_another_key_and_opens_once_the_old_one_is_gone() {
    let world = World::start().await;
    world.browser("ana").connect("instagram", LUNA).await;
    world.browser("eva").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    let kms = aws_sdk_kms::Client::new(&world.stack.aws_config("operator"));
    let key = async || kms.create_key().send().await.expect("a key").key_metadata.expect("described").key_id;
    let (old, new) = (world.stack.resource("TokenKey").expect("is in the template").to_owned(), key().await);
    let sealed_before = tokens(&operators(&world, &old)).await;

    let fault = FaultRule::on(Service::Kms, "ReEncrypt", Effect::error("AccessDeniedException")).times(1);
    world.stack.aws().faults().inject(fault);
    let first = operators(&world, &new).rewrap_all().await.expect("connections");
    assert_eq!((first.failed.len(), first.changed, first.is_whole()), (1, 0, false), "{first:?}");
    for _ in 0..2 {
        let again = operators(&world, &new).rewrap_all().await.expect("connections");
        assert_eq!((again.moved, again.is_whole()), (sealed_before.len(), true), "{again:?}");
    }

    kms.disable_key().key_id(&old).send().await.expect("disabled");
    assert_eq!(tokens(&operators(&world, &new)).await, sealed_before);
}
