//! No tenant sees or changes anything of another's.

use reqwest::Method;
use serde_json::json;
use stories::World;

#[tokio::test]
async fn messages_reach_the_tenant_of_the_account_and_nobody_else() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", "luna.cafe").await;
    marta.connect("instagram", "mara.paints").await;
    world.dm("ines.moreau", "luna.cafe", "to luna").await;
    world.dm("ines.moreau", "mara.paints", "to mara").await;
    assert_eq!(ana.texts(&ana.conversation().await).await, ["to luna"]);
    assert_eq!(marta.texts(&marta.conversation().await).await, ["to mara"]);
}

#[tokio::test]
async fn a_path_of_another_tenant_does_not_exist() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", "luna.cafe").await;
    marta.connect("instagram", "mara.paints").await;
    world.dm("ines.moreau", "luna.cafe", "secret of luna").await;
    let theirs = ana.conversation().await;
    let id = theirs["id"].as_str().expect("an id");
    let before = world.tables().everything().await;
    let calls = [
        (Method::GET, "/api/tenants/luna/conversations".to_owned(), None),
        (Method::GET, format!("/api/tenants/luna/conversations/{id}"), None),
        (Method::GET, format!("/api/tenants/luna/conversations/{id}/messages"), None),
        (Method::POST, format!("/api/tenants/luna/conversations/{id}/read"), Some(json!({}))),
        (Method::PATCH, format!("/api/tenants/luna/conversations/{id}"), Some(json!({"state": "closed"}))),
        (Method::GET, "/api/tenants/luna/events".to_owned(), None),
        (
            Method::POST,
            "/api/tenants/luna/instagram/messages/send".to_owned(),
            Some(json!({"conversationId": id, "text": "x"})),
        ),
        // the own tenant's path with the other's conversation
        (Method::GET, format!("/api/tenants/taller/conversations/{id}"), None),
        (Method::GET, format!("/api/tenants/taller/conversations/{id}/messages"), None),
        (Method::POST, format!("/api/tenants/taller/conversations/{id}/read"), Some(json!({}))),
        (Method::PATCH, format!("/api/tenants/taller/conversations/{id}"), Some(json!({"state": "closed"}))),
        (
            Method::POST,
            "/api/tenants/taller/instagram/messages/send".to_owned(),
            Some(json!({"conversationId": id, "text": "x"})),
        ),
    ];
    for (method, path, body) in calls {
        let answer = marta.call(method.clone(), &path, body, &[]).await;
        answer.problem(404);
        assert!(!answer.body.contains("secret"), "{method} {path}");
    }
    world.settle().await;
    assert_eq!(world.tables().everything().await, before);
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_refused() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", "luna.cafe").await;
    marta.connect("instagram", "mara.paints").await;
    for contact in ["ines.moreau", "kofi_mensah"] {
        world.dm(contact, "luna.cafe", "hello").await;
        world.dm(contact, "mara.paints", "hello").await;
    }
    let page = ana.get("/api/tenants/luna/conversations?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().expect("a second page");
    marta.get(&format!("/api/tenants/taller/conversations?limit=1&cursor={cursor}")).await.problem(400);
    assert_eq!(ana.get(&format!("/api/tenants/luna/conversations?limit=1&cursor={cursor}")).await.status, 200);
}

#[tokio::test]
async fn another_tenants_account_is_not_disconnected() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", "luna.cafe").await;
    let account = ana.status().await["connections"][0]["ig_user_id"].clone();
    marta.disconnect(json!({"ig_user_id": account})).await.problem(404);
    assert_eq!(ana.status().await["connected"], true);
}
