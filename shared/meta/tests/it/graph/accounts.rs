//! Which accounts a login may connect.

use domain::Channel;
use domain::connection::Login;
use domain::id::PageId;
use meta::GraphError;
use meta::graph::{Discovery, LoginGrant};
use serde_json::{Value, json};

use super::{FakeMeta, NOW, TOKEN, ok, proof, token, with_client};

const IG: &str = "17841405726653026";

async fn discover(meta: &FakeMeta, login: Login, pages: &[&str]) -> Result<Discovery, GraphError> {
    let grant = LoginGrant {
        token: token(),
        app_scoped_user_id: None,
        scopes: Vec::new(),
        channels: vec![Channel::Instagram],
        issued_at: NOW,
        expires_at: None,
        data_access_expires_at: None,
        pages: pages.iter().map(|id| PageId::try_from(*id).expect("digits")).collect(),
    };
    with_client(&meta.hosts, login, async |client| client.accounts(&grant).await).await
}

fn page(id: &str, account: Option<&str>) -> Value {
    let (name, token) = (format!("Page {id}"), format!("EAA{id}"));
    let mut page = json!({"id": id, "name": name, "access_token": token, "tasks": ["MANAGE", "MESSAGING"]});
    if let Some(account) = account {
        page["instagram_business_account"] = json!({"id": account, "username": format!("shop{account}")});
    }
    page
}

#[tokio::test]
async fn the_account_of_instagram_login_is_user_id_in_each_shape_and_never_id() {
    let me = json!({"id": "28978671838402975", "user_id": IG, "username": "shop", "account_type": "Media_Creator"});
    for shape in [me.clone(), json!({"data": [me]})] {
        let meta = FakeMeta::start(move |_| ok(&shape)).await;
        let [account] = discover(&meta, Login::Instagram, &[]).await.expect("found").accounts.try_into().expect("one");
        assert_eq!((account.account.id.as_str(), account.username.as_str()), (IG, "shop"));
        assert_eq!(account.app_scoped_user_id.map(|id| id.to_string()).as_deref(), Some("28978671838402975"));
        assert_eq!(account.token.expose(), TOKEN);
        let [request] = meta.seen().try_into().expect("one request");
        assert_eq!(request.line, "GET /graph.instagram.com/v25.0/me");
        assert_eq!(request.bearer(), Some(TOKEN));
        assert!(!request.query.contains_key("access_token"));
    }
}

#[tokio::test]
async fn without_user_id_there_is_no_account() {
    let meta = FakeMeta::start(|_| ok(&json!({"id": "28978671838402975", "username": "shop"}))).await;
    assert!(matches!(discover(&meta, Login::Instagram, &[]).await, Err(GraphError::Shape { .. })));
}

#[tokio::test]
async fn a_personal_account_is_refused_and_the_professional_types_are_not() {
    for (account_type, accepted) in
        [("BUSINESS", true), ("Business", true), ("MEDIA_CREATOR", true), ("PERSONAL", false)]
    {
        let meta =
            FakeMeta::start(move |_| ok(&json!({"user_id": IG, "username": "shop", "account_type": account_type})))
                .await;
        match discover(&meta, Login::Instagram, &[]).await {
            Ok(_) => assert!(accepted, "{account_type}"),
            Err(GraphError::ProfessionalAccountRequired) => assert!(!accepted, "{account_type}"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Meta where `me/accounts` answers this, and there are no portfolios.
async fn listing(accounts: impl Fn(&super::Seen) -> Value + Send + Sync + 'static) -> FakeMeta {
    FakeMeta::start(move |request| {
        ok(&if request.line.ends_with("/me/accounts") { accounts(request) } else { json!({"data": []}) })
    })
    .await
}

#[tokio::test]
async fn all_pages_of_the_list_are_read_and_a_foreign_address_is_not_followed() {
    let meta = listing(|request| {
        let next = "https://elsewhere.example/steal?after=B";
        match request.query.get("after").map(String::as_str) {
            None => json!({"data": [page("1", Some("11"))], "paging": {"cursors": {"after": "A"}, "next": next}}),
            Some("A") => json!({"data": [page("2", Some("22"))], "paging": {"next": next}}),
            Some(_) => json!({"data": [page("3", Some("33"))], "paging": {"cursors": {"after": "C"}}}),
        }
    })
    .await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    let ids: Vec<_> = found.accounts.iter().map(|account| account.account.id.as_str()).collect();
    assert_eq!(ids, ["11", "22", "33"]);
    assert_eq!(found.accounts[0].token.expose(), "EAA1");
    assert_eq!(found.accounts[0].page_name.as_deref(), Some("Page 1"));
    let requests = meta.seen();
    assert!(requests.iter().all(|request| request.query["appsecret_proof"] == proof(TOKEN)));
}

#[tokio::test]
async fn a_list_without_end_is_left_after_a_while() {
    let endless = |after: &str| {
        let paging = json!({"cursors": {"after": after}, "next": "https://x/"});
        json!({"data": [page("1", Some("11"))], "paging": paging})
    };
    let growing = move |request: &super::Seen| format!("{}A", request.query.get("after").map_or("", String::as_str));
    let meta = listing(move |request| endless(&growing(request))).await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    assert_eq!((found.accounts.len(), meta.seen().len(), found.complete), (1, 21, false));
    let to_itself = listing(move |_| endless("A")).await;
    let found = discover(&to_itself, Login::Facebook, &[]).await.expect("found");
    assert_eq!((found.accounts.len(), to_itself.seen().len(), found.complete), (1, 3, false));
}

#[tokio::test]
async fn pages_that_cannot_be_connected_say_why() {
    let mut without_task = page("1", Some("11"));
    without_task["tasks"] = json!(["ANALYZE"]);
    let mut new_experience = page("2", Some("22"));
    new_experience["tasks"] = json!(["PROFILE_PLUS_MESSAGING"]);
    let mut without_token = page("3", Some("33"));
    without_token.as_object_mut().expect("an object").remove("access_token");
    let pages = json!({"data": [without_task, new_experience, without_token, page("4", None)]});
    let meta = listing(move |_| pages.clone()).await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    let reasons: Vec<_> = found.accounts.iter().map(|account| account.unavailable).collect();
    assert_eq!(reasons, [Some("no_messaging_task"), None]);
    let unlinked: Vec<_> =
        found.unlinked_pages.iter().map(|page| (page.page_id.as_str(), page.reason.as_str())).collect();
    assert_eq!(unlinked, [("3", "no_page_token"), ("4", "no_instagram_account")]);
}

#[tokio::test]
async fn an_account_linked_twice_is_listed_once_by_the_way_that_works() {
    let mut without_task = page("1", Some("11"));
    without_task["tasks"] = json!([]);
    let pages = json!({"data": [without_task, page("2", Some("11")), page("3", Some("11"))]});
    let meta = listing(move |_| pages.clone()).await;
    let [account] = discover(&meta, Login::Facebook, &[]).await.expect("found").accounts.try_into().expect("one");
    assert_eq!((account.page_id.map(|id| id.to_string()).as_deref(), account.unavailable), (Some("2"), None));
}

#[tokio::test]
async fn an_empty_list_is_completed_from_portfolios_and_the_consent_page() {
    let meta = FakeMeta::start(|request| match request.line.rsplit_once("/v25.0/").map(|(_, path)| path) {
        Some("me/accounts") => ok(&json!({"data": []})),
        Some("me/businesses") => ok(&json!({"data": [{"id": "900"}]})),
        Some("900/owned_pages") => {
            let mut bare = page("1", Some("11"));
            bare.as_object_mut().expect("an object").remove("access_token");
            ok(&json!({"data": [bare, page("2", Some("22"))]}))
        }
        Some("900/client_pages") => {
            (400, Vec::new(), json!({"error": {"code": 200, "message": "Requires business_management"}}).to_string())
        }
        Some("1") => ok(&page("1", Some("11"))),
        Some("3") => ok(&page("3", Some("33"))),
        other => panic!("{other:?}"),
    })
    .await;
    let found = discover(&meta, Login::Facebook, &["2", "3"]).await.expect("found");
    let tokens: Vec<_> = found.accounts.iter().map(|account| account.token.expose()).collect();
    assert_eq!(tokens, ["EAA1", "EAA2", "EAA3"]);
    assert!(!meta.lines().iter().any(|line| line.ends_with("/2")), "known already");
    assert!(!found.complete, "one place did not answer");
}

#[tokio::test]
async fn a_list_that_is_not_empty_is_completed_as_well() {
    let meta = FakeMeta::start(|request| match request.line.rsplit_once("/v25.0/").map(|(_, path)| path) {
        Some("me/accounts") => ok(&json!({"data": [page("1", Some("11"))]})),
        Some("me/businesses") => ok(&json!({"data": [{"id": "900"}]})),
        Some("900/owned_pages") => ok(&json!({"data": [page("1", Some("11")), page("2", Some("22"))]})),
        Some("900/client_pages") => ok(&json!({"data": []})),
        Some("3") => ok(&page("3", Some("33"))),
        other => panic!("{other:?}"),
    })
    .await;
    let found = discover(&meta, Login::Facebook, &["1", "3"]).await.expect("found");
    let ids: Vec<_> = found.accounts.iter().map(|account| account.account.id.as_str()).collect();
    assert_eq!((ids, found.complete), (vec!["11", "22", "33"], true));
}

#[tokio::test]
async fn where_no_place_answers_that_is_a_failure_and_no_empty_list() {
    let meta = FakeMeta::start(|_| (503, Vec::new(), "Sorry".to_owned())).await;
    let outcome = discover(&meta, Login::Facebook, &[]).await;
    assert!(matches!(outcome, Err(GraphError::Unreadable { status: 503, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_person_without_any_page_has_no_account() {
    let meta = FakeMeta::start(|request| {
        if request.line.ends_with("me/businesses") {
            (400, Vec::new(), json!({"error": {"code": 100, "message": "x"}}).to_string())
        } else {
            ok(&json!({"data": []}))
        }
    })
    .await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("no failure");
    assert!(found.accounts.is_empty() && found.unlinked_pages.is_empty());
}

#[tokio::test]
async fn a_page_that_cannot_be_read_hides_no_other() {
    let mut odd = page("2", Some("22"));
    odd["instagram_business_account"] = json!({"id": {}});
    let pages = json!({"data": [page("1", Some("11")), odd, null, {"id": {}}, page("3", Some("33"))], "paging": []});
    let meta = listing(move |_| pages.clone()).await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    let ids: Vec<_> = found.accounts.iter().map(|account| account.account.id.as_str()).collect();
    assert_eq!((ids, found.complete), (vec!["11", "33"], false));
}

#[tokio::test]
async fn a_list_that_goes_on_nobody_knows_where_is_not_whole() {
    for paging in [
        json!({"next": "https://x/"}),
        json!({"next": "https://x/?after="}),
        json!({"cursors": {"after": ""}, "next": "https://x/"}),
        json!({"cursors": null, "next": "nowhere"}),
        json!("odd"),
    ] {
        let answer = json!({"data": [page("1", Some("11"))], "paging": paging});
        let meta = listing(move |_| answer.clone()).await;
        let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
        assert_eq!((found.accounts.len(), found.complete), (1, false), "{paging}");
        assert_eq!(meta.seen().len(), 2, "{paging}: not asked again from its start");
    }
}

#[tokio::test]
async fn an_empty_page_is_not_the_end_of_a_list_that_goes_on() {
    let meta = listing(|request| match request.query.get("after").map(String::as_str) {
        None => json!({"data": [], "paging": {"cursors": {"after": "A"}, "next": "https://x/"}}),
        Some(_) => json!({"data": [page("1", Some("11"))], "paging": {"cursors": {"before": "A", "after": "B"}}}),
    })
    .await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    assert_eq!((found.accounts.len(), found.complete), (1, true));
}

#[tokio::test]
async fn a_list_whose_second_page_fails_keeps_its_first() {
    let meta = FakeMeta::start(|request| {
        let first =
            json!({"data": [page("1", Some("11"))], "paging": {"cursors": {"after": "A"}, "next": "https://x/"}});
        match (request.line.ends_with("/me/accounts"), request.query.contains_key("after")) {
            (true, false) => ok(&first),
            (true, true) => (500, Vec::new(), "Sorry".to_owned()),
            (false, _) => ok(&json!({"data": []})),
        }
    })
    .await;
    let found = discover(&meta, Login::Facebook, &[]).await.expect("found");
    assert_eq!((found.accounts.len(), found.complete), (1, false));
}
