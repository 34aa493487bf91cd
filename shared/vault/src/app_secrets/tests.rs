use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::primitives::DateTime;
use aws_sdk_secretsmanager::types::error::ResourceNotFoundException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::json;

use super::*;
use crate::meta_apps::tests::app;

const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);

fn version(id: &str, app_id: &str) -> GetSecretValueOutput {
    let document = json!({ "apps": [app(&json!({ "app_id": app_id }))] });
    text(id, &document.to_string())
}

fn text(id: &str, text: &str) -> GetSecretValueOutput {
    let created = DateTime::from_secs(NOW.get() - 60);
    GetSecretValueOutput::builder().version_id(id).created_date(created).secret_string(text).build()
}

fn not_found() -> GetSecretValueError {
    GetSecretValueError::ResourceNotFoundException(ResourceNotFoundException::builder().build())
}

fn unavailable() -> GetSecretValueError {
    GetSecretValueError::unhandled("no answer")
}

/// `AWSCURRENT` is version `one` at the first look and version `two` from the second on.
fn rotated_between_looks() -> Rule {
    mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .sequence()
        .output(|| version("one", "1"))
        .output(|| version("two", "2"))
        .repeatedly()
        .build()
}

fn always_current(id: &'static str) -> Rule {
    mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .then_output(move || version(id, "1"))
}

fn previous(answer: impl Fn() -> GetSecretValueOutput + Send + Sync + 'static) -> Rule {
    mock!(Client::get_secret_value).match_requests(|get| get.version_stage() == Some("AWSPREVIOUS")).then_output(answer)
}

fn no_previous() -> Rule {
    mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSPREVIOUS"))
        .then_error(not_found)
}

fn secrets(current: &Rule, previous: &Rule) -> AppSecrets {
    let client = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [current, previous]);
    AppSecrets::new(client, "meta-apps".to_owned())
}

fn signers(secrets: &Secrets, now: UnixSeconds) -> Vec<&str> {
    secrets.signers(now).into_iter().map(|app| app.app_id.as_str()).collect()
}

fn app_id(secrets: &Secrets) -> &str {
    &secrets.apps.iter().next().expect("there is an app").app_id
}

#[tokio::test]
async fn before_the_first_rotation_there_is_no_previous_version() {
    let current = always_current("one");
    let apps = secrets(&current, &no_previous()).current(NOW).await.expect("is readable");
    assert_eq!(app_id(&apps), "1");
    assert_eq!(signers(&apps, NOW), ["1"]);
}

#[tokio::test]
async fn for_48_hours_after_a_rotation_both_versions_are_good() {
    let current = always_current("two");
    let apps = secrets(&current, &previous(|| version("one", "7"))).current(NOW).await.expect("is readable");
    let rotated = NOW.plus(-60);
    for (hours, good) in [(0, &["1", "7"][..]), (47, &["1", "7"]), (48, &["1"])] {
        assert_eq!(signers(&apps, rotated.plus(hours * 60 * 60)), good, "{hours}");
    }
}

#[tokio::test]
async fn a_previous_version_that_is_a_placeholder_is_left_out() {
    let current = always_current("two");
    let apps = secrets(&current, &previous(|| text("one", "{}"))).current(NOW).await.expect("is readable");
    assert_eq!(signers(&apps, NOW), ["1"]);
}

#[tokio::test]
async fn the_apps_are_read_once_in_five_minutes() {
    let current = rotated_between_looks();
    let secrets = secrets(&current, &no_previous());
    for second in [0, 299] {
        assert_eq!(app_id(&secrets.current(NOW.plus(second)).await.expect("is readable")), "1");
    }
    assert_eq!(current.num_calls(), 1);
    assert_eq!(app_id(&secrets.current(NOW.plus(300)).await.expect("is readable")), "2");
}

#[tokio::test]
async fn the_last_known_apps_serve_for_an_hour_without_secrets_manager() {
    let current = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .sequence()
        .output(|| version("one", "1"))
        .error(unavailable)
        .repeatedly()
        .build();
    let secrets = secrets(&current, &no_previous());
    secrets.current(NOW).await.expect("is readable");

    for second in [300, 359, 360, 3599] {
        assert_eq!(app_id(&secrets.current(NOW.plus(second)).await.expect("is held")), "1", "{second}");
    }
    assert_eq!(current.num_calls(), 4, "one look each minute at most");
    let outcome = secrets.current(NOW.plus(3600)).await;
    assert!(matches!(outcome, Err(SecretsError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn without_anything_held_a_failure_is_told() {
    let missing = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .then_error(not_found);
    let outcome = secrets(&missing, &no_previous()).current(NOW).await;
    assert!(matches!(outcome, Err(SecretsError::Unavailable(_))), "{outcome:?}");

    let broken = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .then_output(|| text("one", r#"{"apps":[{"login":"hidden"}]}"#));
    let refusal = secrets(&broken, &no_previous()).current(NOW).await.expect_err("is not usable");
    let shown = format!("{refusal}: {}", refusal.source().expect("says which field"));
    assert!(shown.contains("apps[0].login") && !shown.contains("hidden"), "{shown}");
}

#[tokio::test]
async fn a_secret_that_nobody_has_filled_in_is_read_once_in_ten_seconds() {
    let placeholder = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .sequence()
        .output(|| text("one", r#"{"apps":[],"verify_token":"made"}"#))
        .output(|| version("two", "2"))
        .build();
    let secrets = secrets(&placeholder, &no_previous());
    for second in 0..10 {
        let outcome = secrets.current(NOW.plus(second)).await;
        assert!(matches!(outcome, Err(SecretsError::Unfilled)), "{outcome:?}");
    }
    assert_eq!(placeholder.num_calls(), 1);
    let filled = secrets.current(NOW.plus(10)).await.expect("is filled in");
    assert_eq!(app_id(&filled), "2");
}

#[tokio::test]
async fn an_answer_that_did_not_come_is_asked_for_again_at_once() {
    let flaky = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .sequence()
        .error(unavailable)
        .output(|| version("one", "1"))
        .build();
    let secrets = secrets(&flaky, &no_previous());
    let outcome = secrets.current(NOW).await;
    assert!(matches!(outcome, Err(SecretsError::Unavailable(_))), "{outcome:?}");
    assert_eq!(app_id(&secrets.current(NOW).await.expect("answers now")), "1");
}

#[tokio::test]
async fn an_unknown_signature_finds_the_newer_version_and_keeps_it() {
    let current = rotated_between_looks();
    let secrets = secrets(&current, &previous(|| version("one", "1")));
    secrets.current(NOW).await.expect("is readable");

    let newer = secrets.newer(NOW.plus(10)).await.expect("is readable").expect("was rotated");

    assert_eq!(app_id(&newer), "2");
    assert_eq!(app_id(&secrets.current(NOW.plus(11)).await.expect("is held")), "2");
    let same_minute = secrets.newer(NOW.plus(12)).await.expect("is held").expect("the same look serves");
    assert_eq!(app_id(&same_minute), "2");
    assert_eq!(current.num_calls(), 2);
}

#[tokio::test]
async fn unknown_signatures_cause_one_look_a_minute() {
    let current = always_current("one");
    let secrets = secrets(&current, &no_previous());
    secrets.current(NOW).await.expect("is readable");

    for second in [1, 2, 60] {
        assert!(secrets.newer(NOW.plus(second)).await.expect("is readable").is_none());
    }
    assert_eq!(current.num_calls(), 2);
    assert!(secrets.newer(NOW.plus(61)).await.expect("is readable").is_none());
    assert_eq!(current.num_calls(), 3);
}

#[tokio::test]
async fn a_look_that_failed_counts_as_one() {
    let current = mock!(Client::get_secret_value)
        .match_requests(|get| get.version_stage() == Some("AWSCURRENT"))
        .sequence()
        .output(|| version("one", "1"))
        .error(unavailable)
        .repeatedly()
        .build();
    let secrets = secrets(&current, &no_previous());
    secrets.current(NOW).await.expect("is readable");

    assert!(secrets.newer(NOW.plus(1)).await.is_err());
    assert!(secrets.newer(NOW.plus(2)).await.expect("no look is made").is_none());
    assert_eq!(current.num_calls(), 2);
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_look() {
    let current = always_current("one");
    let secrets = secrets(&current, &no_previous());
    let (one, other) = tokio::join!(secrets.current(NOW), secrets.current(NOW));
    assert!(Arc::ptr_eq(&one.expect("is readable"), &other.expect("is readable")));
    assert_eq!(current.num_calls(), 1);
}
