//! A Page's Messenger, connected past the API.

use std::collections::BTreeMap;

use accounts::{Choice, Connector};
use domain::connection::Grant;
use domain::{AccessToken, Account, Candidate, Channel, Login, PageId};
use edge::{Clock, Environment, Setup};
use serde_json::{Value, json};
use stories::World;

/// Connects a Page's Messenger for a tenant, whose plan is to include it.
pub(crate) async fn connect_page(world: &World, tenant: &str, person: &str, page: &str) {
    let channels = json!({"plan": "pro", "overrides": {"channels": ["instagram", "messenger"]}});
    let path = format!("/api/admin/tenants/{tenant}");
    world.browser("olivia").call("PUT".parse().expect("a method"), &path, Some(channels), &[]).await.json();
    let state = world.meta("GET", "/state", Value::Null).await;
    let pages = state["pages"].as_array().expect("pages");
    let found = pages.iter().find(|found| found["name"] == page).expect("the Page");
    let page_id = found["id"].as_str().expect("an id");
    let app = world.stack.app(local::Login::Facebook).expect("an app").app_id.clone();
    let scopes: Vec<String> =
        Login::Facebook.scopes(Channel::Messenger).expect("a way").requested.iter().map(ToString::to_string).collect();
    let order = json!({"app_id": app, "user": person, "kind": "page", "scopes": scopes, "page_id": page_id});
    let minted = world.meta("POST", "/tokens", order).await;
    let token = AccessToken::new(minted["tokens"][0].as_str().expect("a token").to_owned());

    let clock = Clock::Shared(world.stack.clock().offset());
    let function = world.stack.functions().find(|function| function.binary == "oauth-callback").expect("it is there");
    let environment: BTreeMap<String, String> = function.environment.clone();
    let aws = world.stack.aws_config("oauth-callback").into_builder().time_source(clock.clone()).build();
    let connector = Connector::new(&Setup { env: Environment::from_map(environment), clock: clock.clone(), aws });
    let connector = connector.expect("a whole environment");
    let (tenant, user) = (tenant.try_into().expect("a tenant"), "ana".try_into().expect("a user"));
    let account = Account::messenger(&PageId::try_from(page_id).expect("a Page"));
    let sealed = connector.seal(&tenant, &account, &token, clock.now()).await.expect("sealed");
    let grant = Grant {
        app_scoped_user_id: None,
        scopes,
        token_expires_at: None,
        token_issued_at: clock.now(),
        data_access_expires_at: None,
    };
    let candidate = Candidate {
        account,
        name: page.to_owned(),
        picture_url: None,
        page_id: None,
        page_name: None,
        token: sealed,
        unavailable: None,
    };
    let choice = Choice {
        tenant: &tenant,
        user: &user,
        login: Login::Facebook,
        grant: &grant,
        candidate: &candidate,
        token: &token,
    };
    let connected = Box::pin(connector.connect(&choice, clock.now_ms())).await.expect("connected");
    assert_eq!(connected.status, domain::ConnectionStatus::Active);
}
