//! `EventBridge`: events are put on a bus, or refused one by one.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use local_aws::{Effect, FaultRule, Policy, Service, Weather};
use serde_json::json;

use crate::world::World;

fn entry(bus: &str, number: usize) -> PutEventsRequestEntry {
    let detail = json!({ "number": number }).to_string();
    PutEventsRequestEntry::builder().event_bus_name(bus).source("app").detail_type("told").detail(detail).build()
}

fn entries(count: usize) -> Vec<PutEventsRequestEntry> {
    (0..count).map(|number| entry("orders", number)).collect()
}

#[tokio::test]
async fn what_is_put_can_be_read_in_its_order() {
    let world = World::start().await;
    let events = Client::new(&world.sdk("teller").await);

    let answer = events.put_events().set_entries(Some(entries(3))).send().await.unwrap();

    assert_eq!(answer.failed_entry_count(), 0);
    assert!(answer.entries().iter().all(|entry| entry.event_id().is_some()));
    let put = world.aws.event_buses().events();
    let details: Vec<&str> = put.iter().map(|event| event.detail.as_str()).collect();
    assert_eq!(details, [r#"{"number":0}"#, r#"{"number":1}"#, r#"{"number":2}"#]);
}

#[tokio::test]
async fn the_entries_of_a_fault_are_refused_at_their_places_and_the_others_are_put() {
    let world = World::start().await;
    let events = Client::new(&world.sdk("teller").await);
    let code = "ThrottlingException".to_owned();
    let fault = Effect::Partial { entries: vec![0, 2], code };
    world.aws.faults().inject(FaultRule::on(Service::EventBridge, "PutEvents", fault).resource("orders").times(1));

    let answer = events.put_events().set_entries(Some(entries(3))).send().await.unwrap();

    assert_eq!(answer.failed_entry_count(), 2);
    let codes: Vec<_> = answer.entries().iter().map(|entry| entry.error_code()).collect();
    assert_eq!(codes, [Some("ThrottlingException"), None, Some("ThrottlingException")]);
    assert_eq!(world.aws.event_buses().events().len(), 1);
}

#[tokio::test]
async fn in_bad_weather_some_entries_are_refused_though_the_call_is_answered() {
    let world = World::start().await;
    world.aws.set_weather(Weather { refused_entries: 500, ..Weather::fine() });
    let events = Client::new(&world.sdk("teller").await);

    let mut failed = 0;
    for _ in 0..5 {
        failed += events.put_events().set_entries(Some(entries(10))).send().await.unwrap().failed_entry_count();
    }

    assert!((1..50).contains(&failed), "{failed} of 50");
    assert_eq!(world.aws.event_buses().events().len() + usize::try_from(failed).unwrap(), 50);
}

#[tokio::test]
async fn a_caller_puts_only_on_the_buses_that_its_policies_name() {
    let world = World::start().await;
    let statement = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": "arn:aws:events:us-east-1:000000000000:event-bus/orders" });
    let policy: Policy = serde_json::from_value(json!({ "Statement": [statement] })).unwrap();
    world.aws.permissions().assume("teller", vec![policy], None);
    let events = Client::new(&world.sdk("teller").await);

    assert!(events.put_events().entries(entry("orders", 0)).send().await.is_ok());
    for other in [vec![entry("orders", 1), entry("bills", 1)], vec![entry("bills", 1)]] {
        let refused = events.put_events().set_entries(Some(other)).send().await.unwrap_err().into_service_error();
        assert_eq!(refused.meta().code(), Some("AccessDeniedException"));
    }
    assert_eq!(world.aws.event_buses().events().len(), 1);
}
