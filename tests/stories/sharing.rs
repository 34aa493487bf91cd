//! A Page on Messenger and the Instagram account that it is linked to share one subscription at Meta. They live and die
//! independently, in either order, whoever's they are.

use std::time::Duration;

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World};

use crate::util::{INES, LUNA, audited, eventually};

const LUCIA: &str = "lucia.navarro";

const ORDERS: [[Channel; 2]; 2] = [[Channel::Instagram, Channel::Messenger], [Channel::Messenger, Channel::Instagram]];

/// Whose Instagram account and whose Page it is: one tenant's, or two tenants'.
const OWNERS: [[&str; 2]; 2] = [["ana", "ana"], ["ana", "eva"]];

/// A world whose schedules run only when the story runs them.
async fn by_hand() -> World {
    World::start_with(|settings| settings.schedules = false).await
}

/// Some hours pass, and everything is looked after.
async fn hours_later(world: &World, hours: i64) {
    world.advance_hours(hours);
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    world.settle().await;
}

async fn connect(world: &World, person: &str, channel: Channel) {
    world.browser(person).on(channel).connect("facebook", LUCIA).await;
}

/// What Meta delivers for Luna's Page, sorted; nothing where it is not subscribed.
async fn fields(world: &World) -> Vec<String> {
    let app = world.stack.app(local::Login::Facebook).expect("is registered").app_id.clone();
    let subscriptions = world.meta("GET", "/subscriptions", Value::Null).await;
    let all = subscriptions.as_object().expect("subscriptions by app and Page");
    let of_app: Vec<&Value> = all.iter().filter(|(key, _)| key.starts_with(&app)).map(|(_, fields)| fields).collect();
    assert!(of_app.len() <= 1, "of one Page: {of_app:?}");
    let fields = of_app.first().and_then(|fields| fields.as_array()).into_iter().flatten();
    let mut fields: Vec<String> = fields.map(|field| field.as_str().unwrap_or_default().to_owned()).collect();
    fields.sort();
    fields
}

/// What a channel needs where it is alone.
async fn needed(channel: Channel) -> Vec<String> {
    let world = by_hand().await;
    connect(&world, "ana", channel).await;
    fields(&world).await
}

fn union(one: &[String], other: &[String]) -> Vec<String> {
    let mut union: Vec<String> = one.iter().chain(other).cloned().collect();
    union.sort();
    union.dedup();
    union
}

/// Inès writes on a channel; whether the person's inbox shows it.
async fn is_heard(world: &World, person: &Browser<'_>, channel: Channel, text: &str) -> bool {
    world.dm_on(channel, INES, LUNA, text).await;
    let is_theirs = |conversation: &Value| {
        conversation["channel"] == channel.as_str() && conversation["last_message"]["preview"] == text
    };
    person.conversations().await.iter().any(is_theirs)
}

#[tokio::test]
async fn a_page_is_subscribed_to_what_both_channels_need_whichever_came_first() {
    let alone = [needed(Channel::Instagram).await, needed(Channel::Messenger).await];
    assert_ne!(alone[0], alone[1]);
    for order in ORDERS {
        for owners in OWNERS {
            let world = by_hand().await;
            for (channel, owner) in order.into_iter().zip(owners) {
                connect(&world, owner, channel).await;
            }
            assert_eq!(fields(&world).await, union(&alone[0], &alone[1]), "{order:?} {owners:?}");
            for (channel, owner) in order.into_iter().zip(owners) {
                assert!(is_heard(&world, &world.browser(owner), channel, "Hola").await, "{channel} {owners:?}");
            }
            connect(&world, owners[0], order[0]).await;
            assert_eq!(fields(&world).await, union(&alone[0], &alone[1]), "connecting again takes nothing away");
        }
    }
}

#[tokio::test]
async fn to_disconnect_one_leaves_the_other_what_it_needs_and_the_last_ends_it() {
    for [first, second] in ORDERS {
        let left = needed(second).await;
        for owners in OWNERS {
            let world = by_hand().await;
            let [one, other] = owners.map(|owner| world.browser(owner));
            let (one, other) = (one.on(first), other.on(second));
            connect(&world, owners[0], first).await;
            connect(&world, owners[1], second).await;
            assert_eq!(one.disconnect(json!({})).await.json()["status"], "revoked");
            assert_eq!(fields(&world).await, left, "{first} has ended: {owners:?}");
            assert!(is_heard(&world, &other, second, "still there?").await, "{second} {owners:?}");
            assert!(!is_heard(&world, &one, first, "anybody?").await, "{first} {owners:?}");
            assert_eq!(other.status().await["status"], "active");
            assert_eq!(one.status().await["status"], "revoked");
            other.disconnect(json!({})).await.json();
            assert!(fields(&world).await.is_empty(), "{owners:?}");
        }
    }
}

/// From now on Meta says success to lists of fields, and leaves this one out of the next so many.
async fn drops(world: &World, field: &str, times: u32) {
    world.meta("PATCH", "/variants", json!({"dropped_fields": {field: times}})).await;
}

#[tokio::test]
async fn a_field_that_meta_takes_and_drops_is_asked_for_again_at_every_change() {
    for [first, second] in ORDERS {
        let world = by_hand().await;
        drops(&world, "messages", 1).await;
        connect(&world, "ana", first).await;
        assert_eq!(fields(&world).await, needed(first).await, "{first} begins");
        drops(&world, "messages", 1).await;
        connect(&world, "eva", second).await;
        assert_eq!(fields(&world).await, union(&needed(first).await, &needed(second).await), "{second} begins");
        drops(&world, "messages", 1).await;
        world.browser("ana").on(first).disconnect(json!({})).await.json();
        assert_eq!(fields(&world).await, needed(second).await, "{first} ends");
        assert!(is_heard(&world, &world.browser("eva"), second, "still there?").await, "{second}");
    }
}

#[tokio::test]
async fn what_meta_does_not_leave_to_the_other_channel_comes_back_within_the_hour() {
    for [ended, left] in ORDERS {
        let world = by_hand().await;
        connect(&world, "ana", ended).await;
        connect(&world, "eva", left).await;
        assert!(is_heard(&world, &world.browser("eva"), left, "Hola").await, "{left}: nobody would look at it today");
        drops(&world, "messages", 9).await;
        world.browser("ana").on(ended).disconnect(json!({})).await.json();
        drops(&world, "messages", 0).await;
        hours_later(&world, 1).await;
        assert_eq!(fields(&world).await, needed(left).await, "{ended} ends");
        assert!(is_heard(&world, &world.browser("eva"), left, "still there?").await, "{left}");
    }
}

/// Somebody who has connected a channel changes their password: their token is dead, and Meta goes on delivering.
async fn change_password(world: &World, person: &str) {
    world.meta("POST", "/password", json!({"user": person})).await;
}

#[tokio::test]
async fn a_dead_token_neither_keeps_a_subscription_alive_nor_takes_from_it() {
    for [ended, left] in ORDERS {
        let world = by_hand().await;
        nadia(&world).await;
        connect(&world, "ana", ended).await;
        world.browser("eva").on(left).connect("facebook", "nadia.benali").await;
        change_password(&world, "nadia.benali").await;
        world.browser("ana").on(ended).disconnect(json!({})).await.json();
        assert_eq!(fields(&world).await, needed(left).await, "with the token of the one that ends");
        world.browser("eva").on(left).disconnect(json!({})).await.json();
        assert!(fields(&world).await.is_empty(), "{left}: with the app's own");
    }
}

#[tokio::test]
async fn of_two_who_disconnect_at_once_neither_leaves_anything_behind() {
    for [first, second] in ORDERS {
        for owners in OWNERS {
            let world = by_hand().await;
            connect(&world, owners[0], first).await;
            connect(&world, owners[1], second).await;
            // The first sees the other live, and is held up before it can tell Meta what that needs.
            let slow = FaultRule::on(Service::Kms, "Decrypt", Effect::delay_before(Duration::from_secs(3)));
            let slow = world.stack.aws().faults().inject(slow.from_function("disconnect").times(1));
            let one = world.browser(owners[0]).on(first);
            let other = async {
                eventually("the first is held up", async || world.stack.aws().faults().hits(slow) == 1).await;
                world.browser(owners[1]).on(second).disconnect(json!({})).await
            };
            let (ended, others) = tokio::join!(one.disconnect(json!({})), other);
            assert_eq!((ended.status, others.status), (200, 200), "{owners:?}");
            assert!(fields(&world).await.is_empty(), "{first} before {second}: {owners:?}");
        }
    }
}

#[tokio::test]
async fn who_disconnects_while_upkeep_subscribes_again_leaves_nothing_behind() {
    for channel in Channel::ALL {
        let world = by_hand().await;
        connect(&world, "ana", channel).await;
        world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
        let slow = json!({"endpoint": "subscribed_apps", "method": "POST", "action": {"kind": "late", "ms": 3_000}});
        world.meta("POST", "/faults", slow).await;
        world.advance_hours(25);
        world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
        eventually("the subscription is on its way", async || {
            world.meta("GET", "/faults", Value::Null).await.as_array().is_some_and(Vec::is_empty)
        })
        .await;
        world.browser("ana").on(channel).disconnect(json!({})).await.json();
        world.settle().await;
        assert!(fields(&world).await.is_empty(), "{channel}");
    }
}

#[tokio::test]
async fn who_connects_while_the_other_channel_is_disconnected_receives() {
    for [ended, begun] in ORDERS {
        let world = by_hand().await;
        connect(&world, "ana", ended).await;
        let slow = FaultRule::on(Service::Kms, "Decrypt", Effect::delay_before(Duration::from_secs(3)));
        let slow = world.stack.aws().faults().inject(slow.from_function("disconnect").times(1));
        let ana = world.browser("ana").on(ended);
        let other = async {
            eventually("the end is held up", async || world.stack.aws().faults().hits(slow) == 1).await;
            connect(&world, "eva", begun).await;
        };
        let (revoked, ()) = tokio::join!(ana.disconnect(json!({})), other);
        assert_eq!(revoked.status, 200);
        assert_eq!(fields(&world).await, needed(begun).await, "{ended} ends, {begun} begins");
        assert!(is_heard(&world, &world.browser("eva"), begun, "Hola").await);
    }
}

#[tokio::test]
async fn an_account_that_moves_to_its_page_while_the_pages_other_channel_is_disconnected_receives() {
    let world = by_hand().await;
    world.browser("ana").connect("instagram", LUNA).await;
    connect(&world, "eva", Channel::Messenger).await;
    // Meta delivers over the Page, and nothing of it is stored yet.
    let slow = FaultRule::on(Service::DynamoDb, "TransactWriteItems", Effect::delay_before(Duration::from_secs(3)));
    let slow = world.stack.aws().faults().inject(slow.from_function("oauth-callback").times(1));
    let other = async {
        eventually("the move is held up", async || world.stack.aws().faults().hits(slow) == 1).await;
        world.browser("eva").on(Channel::Messenger).disconnect(json!({})).await
    };
    let ((), ended) = tokio::join!(connect(&world, "ana", Channel::Instagram), other);
    assert_eq!(ended.status, 200);
    assert_eq!(fields(&world).await, needed(Channel::Instagram).await);
    assert!(is_heard(&world, &world.browser("ana"), Channel::Instagram, "Hola").await);
}

#[tokio::test]
async fn a_subscription_that_meta_dropped_is_made_again_for_both() {
    for order in ORDERS {
        let world = by_hand().await;
        for channel in order {
            connect(&world, "ana", channel).await;
        }
        let before = fields(&world).await;
        world.meta("DELETE", &format!("/subscriptions?account={LUNA}"), Value::Null).await;
        hours_later(&world, 25).await;
        assert_eq!(fields(&world).await, before);
        let ana = world.browser("ana");
        let told = audited(&ana, "connection.resubscribed").await;
        assert!((1..=2).contains(&told), "by who found it missing: {told}");
        for channel in order {
            assert!(is_heard(&world, &ana, channel, "Hola").await, "{channel}");
        }
    }
}

/// Nadia answers for Luna's Page as well.
async fn nadia(world: &World) {
    let state = world.meta("GET", "/state", Value::Null).await;
    let pages = state["pages"].as_array().expect("Pages");
    let page = pages.iter().find(|page| page["name"] == "Luna Café").expect("Luna's Page")["id"].clone();
    let role = json!({"page_id": page, "tasks": ["MESSAGING", "MODERATE", "MANAGE"], "reach": "listed"});
    let nadia = json!({"username": "nadia.benali", "name": "Nadia Benali", "pages": [role]});
    world.meta("POST", "/people", json!({"person": nadia})).await;
}

#[tokio::test]
async fn a_person_who_removes_the_app_ends_what_they_connected_and_the_other_channel_comes_back() {
    for [theirs, nadias] in ORDERS {
        let world = by_hand().await;
        nadia(&world).await;
        connect(&world, "ana", theirs).await;
        world.browser("eva").on(nadias).connect("facebook", "nadia.benali").await;
        let told = world.meta("POST", "/revoke", json!({"user": LUCIA})).await;
        assert!(told["callbacks"].as_array().is_some_and(|all| all.iter().all(|one| one["status"] == 200)), "{told}");
        world.settle().await;
        assert_eq!(world.browser("ana").on(theirs).status().await["status"], "revoked");
        hours_later(&world, 2).await;
        let eva = world.browser("eva").on(nadias);
        assert_eq!(eva.status().await["status"], "active");
        assert_eq!(fields(&world).await, needed(nadias).await, "{nadias}");
        assert!(is_heard(&world, &eva, nadias, "Hola").await, "{nadias}");
    }
}

#[tokio::test]
async fn a_person_who_removes_the_app_ends_both_channels_at_once() {
    let world = by_hand().await;
    for channel in Channel::ALL {
        connect(&world, "ana", channel).await;
    }
    world.meta("POST", "/revoke", json!({"user": LUCIA})).await;
    world.settle().await;
    for channel in Channel::ALL {
        assert_eq!(world.browser("ana").on(channel).status().await["status"], "revoked", "{channel}");
    }
    assert_eq!(audited(&world.browser("ana"), "connection.deauthorized").await, 2);
}

#[tokio::test]
async fn a_tenant_that_is_deleted_leaves_the_page_to_another_tenants_channel() {
    for [deleted, left] in ORDERS {
        let world = by_hand().await;
        connect(&world, "ana", deleted).await;
        connect(&world, "eva", left).await;
        let path = format!("/api/admin/tenants/{}", world.browser("ana").tenant());
        let answer = world.browser("olivia").call(Method::DELETE, &path, None, &[]).await;
        assert!(answer.status < 300, "{} {}", answer.status, answer.body);
        world.settle().await;
        assert_eq!(fields(&world).await, needed(left).await, "{left}");
        assert!(is_heard(&world, &world.browser("eva"), left, "Hola").await, "{left}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_deleted_with_both_channels_leaves_nothing_at_meta() {
    let world = by_hand().await;
    for channel in Channel::ALL {
        connect(&world, "ana", channel).await;
    }
    let path = format!("/api/admin/tenants/{}", world.browser("ana").tenant());
    world.browser("olivia").call(Method::DELETE, &path, None, &[]).await;
    world.settle().await;
    assert!(fields(&world).await.is_empty());
}

#[tokio::test]
async fn a_channel_that_the_plan_pauses_and_takes_back_receives_again() {
    let world = by_hand().await;
    for channel in Channel::ALL {
        connect(&world, "ana", channel).await;
    }
    let set = async |overrides: Value| {
        let path = format!("/api/admin/tenants/{}", world.browser("ana").tenant());
        let body = json!({"overrides": overrides});
        world.browser("olivia").call(Method::PUT, &path, Some(body), &[]).await.json();
    };
    set(json!({"channels": ["instagram"]})).await;
    let messenger = world.browser("ana").on(Channel::Messenger);
    assert_eq!(messenger.status().await["status"], "paused");
    world.browser("ana").disconnect(json!({})).await.json();
    assert!(!is_heard(&world, &messenger, Channel::Messenger, "paused").await);
    set(json!({})).await;
    hours_later(&world, 1).await;
    let messenger = world.browser("ana").on(Channel::Messenger);
    assert_eq!(messenger.status().await["status"], "active");
    assert_eq!(fields(&world).await, needed(Channel::Messenger).await);
    assert!(is_heard(&world, &messenger, Channel::Messenger, "resumed").await);
}
