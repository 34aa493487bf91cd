//! The authorization code flow: each step once, for whom it was started.

use domain::connection::{AUTHORIZATION_SECONDS, AuthorizationPhase, Grant, Offer, UnlinkedPage};
use domain::{AuthorizationRequest, Candidate, Login, SealedToken};
use futures::future::join_all;
use store::{AuthorizationStore, Claim, StoreError};

use crate::util::World;
use crate::util::examples::{NOW, account, seconds, tenant, user};

pub(crate) fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        state_hash: "5f".repeat(32),
        tenant: tenant("acme"),
        user: user("ana"),
        channel: domain::Channel::Instagram,
        login: Login::Instagram,
        browser_hash: "b1".repeat(32),
        return_to: Some("/settings".to_owned()),
        source_ip: Some("203.0.113.9".to_owned()),
        user_agent: None,
        phase: AuthorizationPhase::Started,
        created_at: NOW.seconds(),
        expires_at: seconds(AUTHORIZATION_SECONDS),
    }
}

fn candidates() -> Vec<Candidate> {
    let candidate = |ig| Candidate {
        account: account(ig),
        name: "cafe".to_owned(),
        picture_url: None,
        page_id: None,
        page_name: None,
        token: SealedToken::new("v1.sealed".to_owned()),
        unavailable: None,
    };
    vec![candidate("1"), candidate("2")]
}

fn grant() -> Grant {
    Grant {
        app_scoped_user_id: None,
        scopes: vec!["instagram_business_basic".to_owned()],
        token_expires_at: None,
        token_issued_at: NOW.seconds(),
        data_access_expires_at: None,
    }
}

fn offer() -> Offer {
    let page_id = "55".try_into().expect("a Page");
    let page = UnlinkedPage { page_id, page_name: None, reason: "no_instagram_account".to_owned() };
    Offer { candidates: candidates(), unlinked_pages: vec![page], grant: grant() }
}

async fn started() -> (World, AuthorizationStore, AuthorizationRequest) {
    let world = World::empty().await;
    let store = AuthorizationStore::new(world.client.clone(), &world.tables);
    let request = request();
    store.insert(&request).await.expect("inserted");
    (world, store, request)
}

async fn choosing() -> (World, AuthorizationStore, AuthorizationRequest) {
    let (world, store, request) = started().await;
    store.claim(&request.state_hash, &request.browser_hash, seconds(1)).await.expect("claimed");
    assert!(store.offer(&request.state_hash, &offer(), seconds(700)).await.expect("offered"));
    (world, store, request)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_claimed_once_however_many_try_at_once() {
    let (_world, store, request) = started().await;
    let attempts = (0..10).map(|_| store.claim(&request.state_hash, &request.browser_hash, seconds(1)));
    let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(|outcome| outcome.expect("an answer")).collect();
    let claimed: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Claim::Claimed(_))).collect();
    let expected = AuthorizationRequest { phase: AuthorizationPhase::Claimed, ..request };
    assert_eq!(claimed, [&Claim::Claimed(Box::new(expected))]);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Claim::Used).count(), 9);
}

#[tokio::test]
async fn a_state_is_useless_from_the_second_it_expires_although_its_item_is_there() {
    let (_world, store, request) = started().await;
    let late = store.claim(&request.state_hash, &request.browser_hash, request.expires_at).await;
    assert_eq!(late.expect("an answer"), Claim::Expired);
}

#[tokio::test]
async fn another_browser_is_refused_and_does_not_use_the_state_up() {
    let (_world, store, request) = started().await;
    let other = store.claim(&request.state_hash, &"00".repeat(32), seconds(1)).await.expect("an answer");
    assert_eq!(other, Claim::OtherBrowser);
    let own = store.claim(&request.state_hash, &request.browser_hash, seconds(1)).await.expect("an answer");
    assert!(matches!(own, Claim::Claimed(_)), "{own:?}");
}

#[tokio::test]
async fn a_state_that_was_never_issued_is_unknown_and_one_that_was_is_not_issued_again() {
    let (_world, store, request) = started().await;
    assert_eq!(store.claim(&"00".repeat(32), "x", seconds(1)).await.expect("an answer"), Claim::Unknown);
    let again = store.insert(&request).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

#[tokio::test]
async fn the_choice_is_open_to_the_person_who_started_and_nobody_else() {
    let (_world, store, request) = choosing().await;
    let own = store.choosing(&request.state_hash, &tenant("acme"), &user("ana"), seconds(2)).await;
    let phase = own.expect("a read").expect("open").phase;
    assert_eq!(phase, AuthorizationPhase::Choosing(offer()));
    for (whose, who, when) in [("rival", "ana", 2), ("acme", "bob", 2), ("acme", "ana", 700)] {
        let found = store.choosing(&request.state_hash, &tenant(whose), &user(who), seconds(when)).await;
        assert_eq!(found.expect("a read"), None, "{whose} {who} {when}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_made_once_and_leaves_no_token_behind() {
    let (world, store, request) = choosing().await;
    assert_eq!(store.choose(&request.state_hash, &tenant("rival"), seconds(2)).await.expect("an answer"), None);
    assert_eq!(store.choose(&request.state_hash, &tenant("acme"), seconds(700)).await.expect("an answer"), None);
    let whose = tenant("acme");
    let attempts = (0..5).map(|_| store.choose(&request.state_hash, &whose, seconds(2)));
    let chosen: Vec<_> = join_all(attempts).await.into_iter().filter_map(|it| it.expect("an answer")).collect();
    assert_eq!(chosen.len(), 1);
    assert!(matches!(&chosen[0].phase, AuthorizationPhase::Choosing(offer) if offer.candidates.len() == 2));
    assert!(!format!("{:?}", world.dump(&world.tables.oauth_states).await).contains("v1.sealed"));
}

#[tokio::test]
async fn accounts_are_offered_only_after_the_state_was_claimed() {
    let (_world, store, request) = started().await;
    assert!(!store.offer(&request.state_hash, &offer(), seconds(700)).await.expect("an answer"));
    assert!(!store.offer(&"00".repeat(32), &offer(), seconds(700)).await.expect("an answer"));
}

#[tokio::test]
async fn the_item_expires_with_what_it_holds() {
    let (world, ..) = choosing().await;
    let items = world.dump(&world.tables.oauth_states).await;
    assert_eq!(items[0]["ttl"].as_n().expect("a number"), &seconds(700).get().to_string());
}
