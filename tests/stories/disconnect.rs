//! Disconnecting cuts the flow, at once and on both sides.

use std::time::Duration;

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::World;

use crate::util::{INES, LUNA, WAYS, eventually, metric};

#[tokio::test]
async fn after_a_disconnect_nothing_is_received_or_sent() {
    for (channel, login, user) in WAYS {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        ana.connect(login, user).await;
        world.dm_on(channel, INES, LUNA, "before").await;
        let conversation = ana.conversation().await;
        let revoked = ana.disconnect(json!({})).await.json();
        assert_eq!(revoked["status"], "revoked", "{channel} {login}");
        let subscriptions = world.meta("GET", "/subscriptions", Value::Null).await;
        assert_eq!(subscriptions, json!({}), "{channel} {login}");

        let (object, account) = match channel {
            Channel::Instagram => ("instagram", &revoked["ig_user_id"]),
            Channel::Messenger => ("page", &revoked["page_id"]),
        };
        let app = if login == "instagram" { local::Login::Instagram } else { local::Login::Facebook };
        let late = json!({"object": object, "entry": [{"id": account, "time": 1, "messaging": [{
            "sender": {"id": "430915413000664"}, "recipient": {"id": account}, "timestamp": 1_763_600_000_000_i64,
            "message": {"mid": "aWdlate", "text": "after"}}]}]});
        let app_id = &world.stack.app(app).expect("is registered").app_id;
        world.meta("POST", "/webhooks/raw", json!({"app_id": app_id, "body": late})).await;
        world.settle().await;
        assert_eq!(ana.texts(&conversation).await, ["before"], "{channel} {login}: dropped");
        let dropped = world
            .stack
            .logs()
            .iter()
            .any(|line| line.function.as_deref() == Some("processor") && line.message.contains("connect"));
        assert!(dropped, "{channel} {login}: the drop is logged");
        assert_eq!(ana.send(&conversation, "too late").await.problem_kind(409), "not-connected");
        let status = ana.status().await;
        assert_eq!((&status["connected"], &status["status"]), (&json!(false), &json!("revoked")));
        assert!(
            !format!("{:?}", world.tables().items("ConnectionsTable").await).contains("v1."),
            "no sealed token is left"
        );
        let counted = metric(&world, "disconnect");
        assert!(counted.iter().all(|line| line["channel"] == channel.as_str()) && counted.len() == 1, "{counted:?}");
    }
}

#[tokio::test]
async fn a_disconnect_holds_when_meta_does_not_answer() {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    world.meta("POST", "/faults", json!({"endpoint": "any", "count": null, "action": {"kind": "cut"}})).await;
    assert_eq!(ana.disconnect(json!({})).await.json()["status"], "revoked");
    assert_eq!(ana.status().await["connected"], false);
}

#[tokio::test]
async fn a_disconnected_account_is_free_for_another_tenant() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", "luna.cafe").await;
    world.dm("ines.moreau", "luna.cafe", "for ana").await;
    ana.disconnect(json!({})).await.json();
    marta.connect("instagram", "luna.cafe").await;
    world.dm("ines.moreau", "luna.cafe", "for marta").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["for ana"]);
    assert_eq!(marta.texts(&marta.conversation().await).await, ["for marta"]);
}

#[tokio::test]
async fn which_account_is_asked_for_where_there_are_several() {
    for (channel, field, name) in
        [(Channel::Instagram, "ig_user_id", "ig_username"), (Channel::Messenger, "page_id", "page_name")]
    {
        let world = World::start().await;
        let ana = world.browser("ana").on(channel);
        ana.disconnect(json!({})).await.problem(404);
        ana.connect("facebook", "lucia.navarro").await;
        ana.connect("facebook", "mara.lindqvist").await;
        // What is connected on the other channel is no matter here.
        let other = Channel::ALL.into_iter().find(|other| *other != channel).expect("two channels");
        world.browser("ana").on(other).connect("facebook", "lucia.navarro").await;
        let which = ana.disconnect(json!({})).await.problem(400);
        assert!(which["detail"].as_str().is_some_and(|detail| detail.contains(field)), "{which}");
        let connections = ana.status().await["connections"].as_array().cloned().expect("a list");
        let of_luna = |connection: &&Value| connection["page_name"] == "Luna Café";
        let luna = connections.iter().find(of_luna).expect("Luna is connected");
        for _ in 0..2 {
            let revoked = ana.disconnect(json!({field: luna[field]})).await.json();
            assert_eq!(revoked[name], luna[name], "the second time changes nothing");
        }
        assert_eq!(ana.status().await["page_name"], "Mara Paints");
        ana.disconnect(json!({field: "17849999999999999"})).await.problem(404);
        ana.disconnect(json!({field: "not a number"})).await.problem(400);
        assert_eq!(world.browser("ana").on(other).status().await["connected"], true, "{other}");
    }
}

#[tokio::test]
async fn who_connects_again_before_meta_is_told_of_the_end_receives() {
    let world = World::start_with(|settings| settings.schedules = false).await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    // Nothing is connected any more, and Meta does not know it yet.
    let slow = FaultRule::on(Service::DynamoDb, "PutItem", Effect::delay_before(Duration::from_secs(4)));
    let slow = world.stack.aws().faults().inject(slow.from_function("disconnect").times(1));
    let reconnect = async {
        eventually("the connection has ended", async || world.stack.aws().faults().hits(slow) == 1).await;
        world.browser("ana").connect("instagram", "luna.cafe").await;
    };
    let (ended, ()) = tokio::join!(ana.disconnect(json!({})), reconnect);
    assert_eq!(ended.status, 200);
    world.dm("ines.moreau", "luna.cafe", "Hola").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["Hola"]);
}
