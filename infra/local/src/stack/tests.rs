use aws_sdk_dynamodb::types::AttributeValue;
use std::time::Duration;

use super::*;
use crate::settings::Ports;

#[tokio::test]
async fn a_second_start_finds_yesterdays_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::start(StackSettings::new(folder.path())).await.expect("a stack");
    let table = stack.resource("TenantsTable").expect("the table").to_owned();
    let key = [("pk", "TENANT#luna"), ("sk", "PROFILE")]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.aws_config("test"));
    dynamodb.put_item().table_name(&table).set_item(Some(key.clone().into())).send().await.expect("written");
    let secret = stack.resource("MetaAppsSecret").expect("the secret").to_owned();
    stack.stop().await;

    let stack = Stack::start(StackSettings::new(folder.path())).await.expect("the same stack");

    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.aws_config("test"));
    let found = dynamodb.get_item().table_name(&table).set_key(Some(key.into())).send().await.expect("read");
    assert!(found.item.is_some());
    assert_eq!(stack.resource("MetaAppsSecret"), Some(secret.as_str()));
    stack.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let ports = Ports { meta: port, ..Ports::default() };
    let refusal = Stack::start(StackSettings { ports, ..StackSettings::new(folder.path()) }).await.expect_err("taken");
    assert!(refusal.to_string().contains(&port.to_string()), "{refusal}");
}

#[tokio::test]
async fn people_reach_their_functions_and_the_logs_say_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::start(StackSettings::new(folder.path())).await.expect("a stack");
    let url = format!("{}/api/integrations/meta/instagram/status", stack.api_url());
    let http = reqwest::Client::new();
    assert_eq!(http.get(&url).send().await.expect("an answer").status(), 401);
    let answer = http.get(&url).bearer_auth(stack.token("ana")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(stack.logs().iter().any(|line| line.function.as_deref() == Some("status")));
    stack.run_schedule("sender", "Sweep").await.expect("the sweep runs");
    stack.wait_idle(Duration::from_mins(1)).await.expect("nothing moves");
    stack.stop().await;
}
