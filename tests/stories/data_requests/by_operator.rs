//! The operator hands in Meta's list of people, and says what is meant by a deletion that nobody can be matched to.

use domain::Channel;
use local::Login;
use serde_json::{Value, json};
use stories::World;

use super::{
    Confirmed, DELETION, ERASURES, about, everything, now, person_of, post, receipts, signed_request, status_page,
    stored_person,
};
use crate::util::{INES, KOFI, LUNA, greeted, greeted_on, metric};

#[tokio::test]
async fn who_may_have_written_to_a_page_is_looked_for_before_the_deletion_is_called_done() {
    let world = greeted_on(Channel::Messenger).await;
    world.dm(KOFI, LUNA, "from Kofi").await;
    let (ana, olivia) = (world.browser("ana"), world.browser("olivia"));
    let listed = ana.conversations().await;
    let ines = listed.iter().find(|listed| listed["contact"]["name"] == "Inès Moreau").expect("Inès wrote");
    let demand = signed_request(&world, Login::Facebook, &about(&json!(27_640_875_392_278_831_u64), now(&world)));
    let mut confirmed = Confirmed::of(&post(&world, DELETION, &demand).await.body);
    for _ in 0..2 {
        confirmed = Confirmed::of(&post(&world, DELETION, &demand).await.body);
        assert!(status_page(&world, &confirmed.url, "en").await.contains("tell this code to whoever runs the Page"));
    }
    let told = async |kind: &str| {
        let audit = olivia.get(&format!("/api/admin/tenants/~operator/events?kind={kind}")).await.json();
        audit["events"].as_array().cloned().unwrap_or_default()
    };
    let alarm = told("operator.erasure_unmatched").await;
    assert_eq!((alarm.len(), &alarm[0]["details"]["code"]), (1, &json!(confirmed.code)), "{alarm:?}");
    assert_eq!(metric(&world, "erasures_unmatched").len(), 1);

    let page = ines["page_id"].as_str().expect("a Page");
    let contact = ines["contact"]["id"].as_str().expect("an id");
    let meant = |code: &str| json!({"code": code, "channel": "messenger", "account_id": page, "contacts": [contact]});
    olivia.post(ERASURES, meant(&"0".repeat(32))).await.problem(404);
    for _ in 0..2 {
        let taken = olivia.post(ERASURES, meant(&confirmed.code)).await.json();
        assert_eq!(each(&taken, "confirmation_code"), [confirmed.code.as_str()]);
        assert!(["received", "running"].contains(&each(&taken, "status")[0].as_str()), "{taken}");
    }
    world.settle().await;
    let said = status_page(&world, &confirmed.url, "en").await;
    assert!(said.contains("Deletion complete") && said.contains("1 conversations, 1 messages"), "{said}");
    let left = everything(&world).await;
    assert!(!left.contains("Hola") && !left.contains(contact), "{left}");
    assert_eq!(ana.texts(&ana.conversation().await).await, ["from Kofi"]);
    assert_eq!(told("operator.erasure_matched").await[0]["details"]["conversations"], 1);
}

#[tokio::test]
async fn an_open_deletion_that_means_nobody_is_closed_by_who_has_looked() {
    let world = World::start().await;
    let demand = signed_request(&world, Login::Facebook, &about(&json!(27_640_875_392_278_831_u64), now(&world)));
    let confirmed = Confirmed::of(&post(&world, DELETION, &demand).await.body);
    let nobody = json!({"code": confirmed.code, "channel": "messenger", "account_id": "1047", "contacts": []});
    assert_eq!(each(&world.browser("olivia").post(ERASURES, nobody).await.json(), "status"), ["unknown"]);
    assert!(status_page(&world, &confirmed.url, "en").await.contains("Deletion complete"));
}

/// One text of each deletion of a list.
fn each(taken: &Value, name: &str) -> Vec<String> {
    let erasures = taken["erasures"].as_array().expect("a list");
    erasures.iter().map(|erasure| erasure[name].as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn everybody_on_the_operators_list_is_deleted_and_who_comes_back_later_is_not() {
    let world = greeted().await;
    world.browser("marta").connect("instagram", "mara.paints").await;
    world.dm(KOFI, "mara.paints", "for mara").await;
    world.browser("eva").connect("instagram", "raman.spices").await;
    let (ana, marta) = (person_of(&world, "luna").await, person_of(&world, "taller").await);
    let as_number: u64 = marta.parse().expect("a number");
    let list = json!({"login": "instagram", "ids": [ana, as_number, "1234567890", ana], "requested_on": "2026-11-19"});
    let olivia = world.browser("olivia");
    let taken = olivia.post(ERASURES, list.clone()).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let taken = taken.json();
    assert_eq!(each(&taken, "id"), [ana.as_str(), &marta, "1234567890"]);
    assert_eq!(each(&taken, "status"), ["received", "received", "unknown"]);
    world.settle().await;

    let left = everything(&world).await;
    for trace in [ana.as_str(), &marta, LUNA, "mara.paints", INES, KOFI, "Hola", "for mara"] {
        assert!(!left.contains(trace), "`{trace}` is left in {left}");
    }
    for url in &each(&taken, "url")[..2] {
        let page = status_page(&world, url, "en").await;
        assert!(
            page.contains("Deletion complete") && page.contains("1 connected accounts, 1 conversations, 1 messages")
        );
    }
    for (person, place) in [("ana", 0), ("marta", 1)] {
        let receipts = receipts(&world, person).await;
        let [receipt] = receipts.as_slice() else { panic!("one receipt: {receipts:?}") };
        assert_eq!(receipt["details"]["origin"], "operator");
        assert_eq!(receipt["details"]["code"], each(&taken, "confirmation_code")[place].as_str());
    }
    assert_eq!(world.browser("eva").status().await["status"], "active", "who is not on the list stays");
    let audit = olivia.get("/api/admin/tenants/~operator/events?kind=operator.erasure_list_taken").await.json();
    let line = &audit["events"][0];
    assert_eq!(
        (&line["user"], &line["details"]["people"], &line["details"]["unknown"]),
        (&json!("olivia"), &json!(3), &json!(1))
    );

    world.advance_hours(30);
    world.browser("ana").connect("instagram", LUNA).await;
    let again = world.browser("olivia").post(ERASURES, list.clone()).await.json();
    assert_eq!(each(&again, "confirmation_code"), each(&taken, "confirmation_code"), "the same demand");
    assert_eq!(each(&again, "status"), ["done", "done", "unknown"]);
    world.settle().await;
    assert_eq!(world.browser("ana").status().await["status"], "active", "connected since");
    let new_list = json!({"login": "instagram", "ids": [ana]});
    world.browser("olivia").post(ERASURES, new_list).await.json();
    world.settle().await;
    assert_eq!(world.browser("ana").status().await["connections"], json!([]), "on a later list");
}

#[tokio::test]
async fn a_list_that_cannot_be_used_deletes_nothing() {
    let world = greeted().await;
    let ana = stored_person(&world).await;
    let many: Vec<u32> = (0..101).collect();
    for (list, kind) in [
        (json!({"login": "instagram", "ids": []}), "invalid-list"),
        (json!({"login": "instagram", "ids": many}), "invalid-list"),
        (json!({"login": "instagram", "ids": [ana, "x"]}), "invalid-body"),
        (json!({"login": "myspace", "ids": [ana]}), "invalid-body"),
        (json!({"login": "instagram", "ids": [ana], "requested_on": "yesterday"}), "invalid-list"),
    ] {
        assert_eq!(world.browser("olivia").post(ERASURES, list.clone()).await.problem_kind(400), kind, "{list}");
    }
    let of_the_other_app = json!({"login": "facebook", "ids": [ana]});
    let taken = world.browser("olivia").post(ERASURES, of_the_other_app).await.json();
    assert_eq!(each(&taken, "status"), ["unmatched"]);
    world.settle().await;
    assert_eq!(world.browser("ana").status().await["status"], "active");
}
