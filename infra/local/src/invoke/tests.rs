use std::{
    collections::BTreeMap,
    future::pending,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{function, invoker};

fn brief() -> Function {
    Function { timeout: Duration::from_millis(50), ..function("F") }
}

#[tokio::test]
async fn an_answer_comes_back() {
    let invoker = invoker(function("F"), async |event: Json| Ok(json!({ "heard": event })));
    let answer = invoker.invoke("F", r#"{"a":1}"#).await.expect("an answer");
    assert_eq!(answer, br#"{"heard":{"a":1}}"#);
    assert_eq!(invoker.in_flight(), 0);
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_stopped() {
    let invoker = invoker(brief(), async |_| pending().await);
    assert!(matches!(invoker.invoke("F", "{}").await, Err(InvokeError::TimedOut)));
    assert_eq!(invoker.in_flight(), 0);
}

#[tokio::test]
async fn a_panic_is_a_function_error() {
    let invoker = invoker(function("F"), async |event: Json| {
        assert!(event.is_null(), "on purpose");
        Ok(event)
    });
    assert!(matches!(invoker.invoke("F", "{}").await, Err(InvokeError::Failed { .. })));
}

#[tokio::test]
async fn a_killed_function_has_no_answer_and_the_next_invocation_is_served() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let invoker = invoker(function("F"), move |event| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { pending().await } else { Ok(event) } }
    });
    let (killed, ()) = tokio::join!(invoker.invoke("F", "{}"), async {
        while calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        invoker.kill("f");
    });
    assert!(matches!(killed, Err(InvokeError::Killed)));
    assert!(invoker.invoke("F", "{}").await.is_ok());
}

#[tokio::test]
async fn under_full_chaos_no_answer_is_heard() {
    let invoker = invoker(function("F"), async |event| {
        tokio::task::yield_now().await;
        Ok(event)
    });
    invoker.set_chaos(Some(Chaos { seed: 7, probability: 1.0 }), None);
    for _ in 0..20 {
        assert!(matches!(invoker.invoke("F", "{}").await, Err(InvokeError::Killed)));
    }
    invoker.set_chaos(None, None);
    assert!(invoker.invoke("F", "{}").await.is_ok());
}

#[tokio::test]
async fn a_payload_over_six_mebibytes_is_refused_on_both_ways() {
    let invoker = invoker(function("F"), async |_| Ok(Json::from("x".repeat(MAX_PAYLOAD_BYTES))));
    assert!(matches!(invoker.invoke("F", "x".repeat(MAX_PAYLOAD_BYTES + 1)).await, Err(InvokeError::TooLarge)));
    assert!(matches!(invoker.invoke("F", "{}").await, Err(InvokeError::TooLarge)));
}

#[tokio::test]
async fn a_process_that_dies_before_its_answer_is_reported_as_killed() {
    let mut process = Process::start(Path::new("/bin/sh"), &BTreeMap::new(), |_| {}).await.expect("a shell");
    let invocation = Call::new("arn", "{}", 0);
    assert!(matches!(process.invoke(invocation).await, Err(InvokeError::Killed)));
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_named() {
    let refusal = Process::start(Path::new("/nowhere/bootstrap"), &BTreeMap::new(), |_| {}).await;
    assert!(refusal.expect_err("there is no such file").to_string().contains("/nowhere/bootstrap"));
}
