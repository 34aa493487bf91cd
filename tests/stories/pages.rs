//! A person's Pages come from three places, and none of them is complete.

use serde_json::{Value, json};
use stories::{Browser, World, outcome};

use crate::util::{calls, standing_fault};

/// A person with a Page of each kind: listed, of a portfolio, only among the granted ids, and one without an account.
async fn with_pages(world: &World, pages: &[(&str, &str)]) {
    let id = |prefix: &str, number: usize| format!("{prefix}{number:012}");
    let account = |number: usize, name: &str| json!({"id": id("17841", number), "username": name, "name": name, "kind": "business"});
    let page = |number: usize, name: &str, reach: &str| {
        let linked = (reach != "unlinked").then(|| id("17841", number));
        json!({"id": id("10", number), "name": name, "instagram": linked})
    };
    let role = |number: usize, reach: &str| {
        let reach = if reach == "unlinked" { "listed" } else { reach };
        json!({"page_id": id("10", number), "tasks": ["MESSAGING", "MANAGE"], "reach": reach})
    };
    let numbered = || pages.iter().enumerate();
    let owned: Vec<_> = numbered().filter(|(_, (_, reach))| *reach == "portfolio").map(|(n, _)| id("10", n)).collect();
    let person = json!({
        "username": "vera.lindt", "name": "Vera Lindt", "businesses": ["1900000000001"],
        "pages": numbered().map(|(number, (_, reach))| role(number, reach)).collect::<Vec<_>>(),
    });
    let new = json!({
        "person": person,
        "accounts": numbered().filter(|(_, (_, reach))| *reach != "unlinked").map(|(number, (name, _))| account(number, name)).collect::<Vec<_>>(),
        "pages": numbered().map(|(number, (name, reach))| page(number, name, reach)).collect::<Vec<_>>(),
        "businesses": [{"id": "1900000000001", "name": "Lindt Group", "owned_pages": owned}],
    });
    world.meta("POST", "/people", new).await;
}

/// What the selector offers after a login that did not connect anything by itself.
async fn offered(person: &Browser<'_>) -> Vec<Value> {
    let landed = person.authorize("facebook", "vera.lindt", &[]).await;
    assert_eq!(landed.path(), "/settings/integrations/instagram/select", "{landed}");
    let state = outcome(&landed, "state").expect("the selector is told the state");
    let list = person.get(&format!("/api/integrations/meta/instagram/assets?state={state}")).await.json();
    list.as_array().expect("a list").clone()
}

#[tokio::test]
async fn pages_of_all_three_places_are_one_list_and_one_without_an_account_says_why() {
    let world = World::start().await;
    with_pages(
        &world,
        &[("lindt.a", "listed"), ("lindt.b", "portfolio"), ("lindt.c", "target_ids"), ("Recipes", "unlinked")],
    )
    .await;
    let ana = world.browser("ana");
    let assets = offered(&ana).await;
    let names: Vec<_> =
        assets.iter().filter(|asset| asset["selectable"] == true).map(|asset| &asset["ig_username"]).collect();
    assert_eq!(names, ["lindt.a", "lindt.b", "lindt.c"]);
    let greyed = &assets[3];
    assert_eq!((&greyed["page_name"], &greyed["reason"]), (&json!("Recipes"), &json!("no_instagram_account")));
    assert_eq!((&greyed["ig_user_id"], &greyed["selectable"]), (&Value::Null, &json!(false)));
    assert_eq!(ana.status().await["connections"], json!([]), "nothing was connected unasked");
}

#[tokio::test]
async fn where_a_place_could_not_be_read_the_one_account_that_was_found_is_offered_and_not_connected() {
    for action in [json!({"kind": "html", "status": 500}), json!({"kind": "cut"})] {
        let world = World::start().await;
        with_pages(&world, &[("lindt.a", "listed"), ("lindt.b", "portfolio")]).await;
        standing_fault(&world, "businesses", action).await;
        let ana = world.browser("ana");
        let assets = offered(&ana).await;
        let names: Vec<_> = assets.iter().map(|asset| &asset["ig_username"]).collect();
        assert_eq!(names, ["lindt.a"]);
        assert_eq!(ana.status().await["connections"], json!([]));
    }
}

#[tokio::test]
async fn the_only_account_of_the_only_page_is_connected_at_once() {
    let world = World::start().await;
    with_pages(&world, &[("lindt.b", "portfolio")]).await;
    world.browser("ana").connect("facebook", "vera.lindt").await;
}

#[tokio::test]
async fn a_page_without_an_account_beside_the_only_one_is_shown_before_anything_is_connected() {
    let world = World::start().await;
    with_pages(&world, &[("lindt.a", "listed"), ("Recipes", "unlinked")]).await;
    let assets = offered(&world.browser("ana")).await;
    let reasons: Vec<_> = assets.iter().map(|asset| asset["reason"].as_str()).collect();
    assert_eq!(reasons, [None, Some("no_instagram_account")]);
}

#[tokio::test]
async fn an_empty_page_of_a_list_hides_nothing_and_one_that_leads_to_itself_is_left() {
    for empty in ["between", "endless"] {
        let world = World::start().await;
        world.meta("PATCH", "/variants", json!({"empty_pages": empty, "page_cap": 1})).await;
        with_pages(&world, &[("lindt.a", "listed"), ("lindt.b", "listed"), ("lindt.c", "portfolio")]).await;
        let assets = offered(&world.browser("ana")).await;
        let names: Vec<_> = assets.iter().map(|asset| &asset["ig_username"]).collect();
        assert_eq!(names, ["lindt.a", "lindt.b", "lindt.c"], "{empty}");
        let asked = calls(&world, "accounts").await;
        assert!(asked <= 4, "{empty}: a list of two was asked for {asked} times");
    }
}
