//! Disconnecting cuts the flow, at once and on both sides.

use std::time::Duration;

use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};
use stories::World;

use crate::util::eventually;

#[tokio::test]
async fn after_a_disconnect_nothing_is_received_or_sent() {
    for (login, user) in [("instagram", "luna.cafe"), ("facebook", "lucia.navarro")] {
        let world = World::start().await;
        let ana = world.browser("ana");
        ana.connect(login, user).await;
        world.dm("ines.moreau", "luna.cafe", "before").await;
        let conversation = ana.conversation().await;
        let revoked = ana.disconnect(json!({})).await.json();
        assert_eq!(revoked["status"], "revoked", "{login}");
        let subscriptions = world.meta("GET", "/subscriptions", Value::Null).await;
        assert!(!subscriptions.to_string().contains("luna.cafe"), "{login}: {subscriptions}");

        let late = json!({"object": "instagram", "entry": [{"id": revoked["ig_user_id"], "time": 1, "messaging": [{
            "sender": {"id": "430915413000664"}, "recipient": {"id": revoked["ig_user_id"]}, "timestamp": 1_763_600_000_000_i64,
            "message": {"mid": "aWdlate", "text": "after"}}]}]});
        assert_eq!(world.deliver(&late).await.status, 200);
        world.settle().await;
        assert_eq!(ana.texts(&conversation).await, ["before"], "{login}: dropped");
        let dropped = world
            .stack
            .logs()
            .iter()
            .any(|line| line.function.as_deref() == Some("processor") && line.message.contains("connect"));
        assert!(dropped, "{login}: the drop is logged");
        assert_eq!(ana.send(&conversation, "too late").await.problem_kind(409), "not-connected");
        let status = ana.status().await;
        assert_eq!((&status["connected"], &status["status"]), (&json!(false), &json!("revoked")));
        assert!(
            !format!("{:?}", world.tables().items("ConnectionsTable").await).contains("v1."),
            "no sealed token is left"
        );
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
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.disconnect(json!({})).await.problem(404);
    ana.connect("instagram", "luna.cafe").await;
    ana.connect("instagram", "mara.paints").await;
    ana.disconnect(json!({})).await.problem(400);
    let status = ana.status().await;
    let luna = status["connections"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["ig_username"] == "luna.cafe"))
        .cloned();
    let id = luna.expect("luna.cafe is connected")["ig_user_id"].clone();
    for _ in 0..2 {
        let revoked = ana.disconnect(json!({"ig_user_id": id})).await.json();
        assert_eq!(revoked["ig_username"], "luna.cafe", "the second time changes nothing");
    }
    assert_eq!(ana.status().await["ig_username"], "mara.paints");
    ana.disconnect(json!({"ig_user_id": "17849999999999999"})).await.problem(404);
    ana.disconnect(json!({"ig_user_id": "not a number"})).await.problem(400);
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
