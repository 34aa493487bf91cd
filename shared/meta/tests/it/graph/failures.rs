//! What is known after a call that failed.

use std::time::Duration;

use domain::Channel;
use domain::connection::Login;
use meta::graph::{AccountProblem, Content, OutboundMessage, Sent};
use meta::{AppCredentials, FailureClass, GraphClient, GraphError, Hosts, Pool};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::{APP_SECRET, Access, FakeMeta, Reply, TOKEN, contact, id, with_client};

async fn send_with(client: GraphClient<'_>) -> Result<Sent, GraphError> {
    let (access, recipient) = (Access::new(), contact());
    let message = OutboundMessage {
        id: &id(),
        recipient: &recipient,
        content: Content::Text("private"),
        reply_to: None,
        human_agent: false,
    };
    client.send(access.get(), message).await
}

async fn read_with(client: GraphClient<'_>) -> Result<(), GraphError> {
    client.profile(Access::new().get(), &contact()).await.map(drop)
}

/// The classes of a Send call and of a reading call that are answered so.
async fn classes(reply: Reply) -> (FailureClass, FailureClass) {
    let meta = FakeMeta::start(move |_| reply.clone()).await;
    with_client(&meta.hosts, Login::Instagram, async |client| {
        let sent = send_with(client).await.expect_err("failed");
        let read = read_with(client).await.expect_err("failed");
        (sent.class(), read.class())
    })
    .await
}

#[tokio::test]
async fn a_server_error_without_json_leaves_a_send_uncertain_and_lets_a_read_try_again() {
    for body in ["", "<html>", r#"{"error":"busy"}"#] {
        let classes = classes((502, Vec::new(), body.to_owned())).await;
        assert_eq!(classes, (FailureClass::Uncertain, FailureClass::Retry));
    }
}

#[tokio::test]
async fn a_server_error_leaves_a_send_uncertain_whatever_its_error_object_says_and_a_read_goes_by_it() {
    let retry = FailureClass::Retry;
    let cases = [
        (500, json!({"code": 2}), FailureClass::RetryAtMost(3)),
        (500, json!({"code": 1, "is_transient": true}), retry),
        (503, json!({"code": -1}), retry),
        (500, json!({"code": 99_999}), FailureClass::RetryAtMost(3)),
        (500, json!({"code": 1, "error_subcode": 1_357_046}), retry),
        (500, json!({"code": 190, "error_subcode": 463}), FailureClass::Account(AccountProblem::TokenExpired)),
        (500, json!({"code": 4}), FailureClass::RetryLater { after: None }),
    ];
    for (status, error, read) in cases {
        let found = classes((status, Vec::new(), json!({ "error": error }).to_string())).await;
        assert_eq!(found, (FailureClass::Uncertain, read), "{status} {error}");
    }
}

#[tokio::test]
async fn a_request_that_timed_out_on_the_way_leaves_a_send_uncertain_and_lets_a_read_try_again() {
    for body in [String::new(), json!({"error": {"code": 123_456}}).to_string()] {
        let (sent, _) = classes((408, Vec::new(), body.clone())).await;
        assert_eq!(sent, FailureClass::Uncertain, "{body}");
    }
    assert_eq!(classes((408, Vec::new(), String::new())).await.1, FailureClass::Retry);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_a_send_uncertain() {
    for body in ["", "[]", r#"{"recipient_id":"1"}"#, r#"{"message_id":""}"#] {
        let meta = FakeMeta::start(|_| (200, Vec::new(), body.to_owned())).await;
        let error = with_client(&meta.hosts, Login::Instagram, send_with).await.expect_err("no message id");
        assert_eq!(error.class(), FailureClass::Uncertain, "{body}");
    }
}

#[tokio::test]
async fn a_limit_tells_when_calls_are_accepted_again() {
    let usage =
        json!({"1": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 19}]}).to_string();
    let headers = vec![("x-business-use-case-usage", usage)];
    let later = FailureClass::RetryLater { after: Some(1140) };
    let error = json!({"error": {"code": 80002, "message": "limit"}}).to_string();
    assert_eq!(classes((400, headers.clone(), error)).await, (later, later));
    assert_eq!(classes((429, headers, "slow down".to_owned())).await, (later, later));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let classes = classes((302, vec![("location", "http://127.0.0.1:1/".to_owned())], String::new())).await;
    assert_eq!(classes, (FailureClass::Permanent, FailureClass::Permanent));
}

#[tokio::test]
async fn without_a_connection_a_send_may_be_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hosts = Hosts::new(&format!("http://{}/", listener.local_addr().expect("an address")));
    drop(listener);
    let error = with_client(&hosts, Login::Instagram, send_with).await.expect_err("nobody listens");
    assert!(matches!(error, GraphError::NotSent(_)), "{error:?}");
    assert_eq!(error.class(), FailureClass::Retry);
}

#[tokio::test]
async fn a_connection_cut_after_the_request_leaves_a_send_uncertain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hosts = Hosts::new(&format!("http://{}/", listener.local_addr().expect("an address")));
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.expect("a request") > 0);
        }
    });
    let sent = with_client(&hosts, Login::Instagram, send_with).await.expect_err("cut");
    let read = with_client(&hosts, Login::Instagram, read_with).await.expect_err("cut");
    server.abort();
    assert_eq!((sent.class(), read.class()), (FailureClass::Uncertain, FailureClass::Retry));
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_leaves_a_send_uncertain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hosts = Hosts::new(&format!("http://{}/", listener.local_addr().expect("an address")));
    let silent = tokio::spawn(async move {
        let accepted = listener.accept().await;
        std::future::pending::<()>().await;
        drop(accepted);
    });
    let pool = Pool::default().with_call_timeout(Duration::from_millis(50));
    let app_secret = domain::AppSecret::new(APP_SECRET.to_owned());
    let app = AppCredentials { login: Login::Facebook, app_id: "990", app_secret: &app_secret, version: "v25.0" };
    let error = send_with(GraphClient::new(&pool, &hosts, app)).await.expect_err("silence");
    silent.abort();
    assert_eq!(error.class(), FailureClass::Uncertain);
}

#[tokio::test]
async fn no_failure_shows_a_token_a_secret_an_address_or_a_text() {
    let echo = |request: &super::Seen| {
        let message = format!("{} {} {TOKEN} private 430915413000664", request.line, request.body);
        (400, Vec::new(), json!({"error": {"code": 190, "message": message, "fbtrace_id": "A_b1"}}).to_string())
    };
    let meta = FakeMeta::start(echo).await;
    let refused = with_client(&meta.hosts, Login::Facebook, send_with).await.expect_err("refused");
    let nowhere = Hosts::new("http://127.0.0.1:1/");
    let unreached =
        with_client(&nowhere, Login::Facebook, async |client| client.debug_token(&super::token()).await.map(drop));
    let unreached = unreached.await.expect_err("nobody listens");
    for error in [refused, unreached] {
        let shown = format!(
            "{error} {error:?} {:?} {:?}",
            std::error::Error::source(&error),
            error.explain(Channel::Instagram)
        );
        for hidden in [TOKEN, APP_SECRET, "private", "430915413000664", "appsecret_proof"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
    }
}

#[tokio::test]
async fn a_person_reads_what_happened_and_what_to_do() {
    let closed =
        json!({"error": {"code": 10, "error_subcode": 2_534_022, "message": "outside of allowed window"}}).to_string();
    let meta = FakeMeta::start(move |_| (400, Vec::new(), closed.clone())).await;
    let failure =
        with_client(&meta.hosts, Login::Instagram, send_with).await.expect_err("refused").explain(Channel::Instagram);
    assert_eq!((failure.reason.as_str(), failure.code, failure.subcode), ("window_closed", Some(10), Some(2_534_022)));
    assert!(failure.title.ends_with('.') && !failure.advice.is_empty());
}
