//! Trusts the signature or nothing, and lets go of the events as soon as the queue has them.

use std::convert::Infallible;

use domain::{Login, UnixMillis};
use edge::telemetry::{Chain, metric};
use edge::{Problem, http};
use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, Response};
use meta::signature::SIGNATURE_HEADER;
use meta::{Notification, QueuedEvent, SignatureError, SignedPayload};
use tracing::{error, info, warn};
use vault::Secrets;

use crate::app::App;
use crate::batch::{self, Entry, MAX_BYTES};
use crate::error::ReceiveError;

/// Answers 200 once every event is queued, else a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = receive(app, &request).await;
    let outcome = outcome.map(|()| received()).map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), outcome))
}

/// Checks, splits, queues. Knows nothing of HTTP status codes. A body may be as large as API Gateway and Lambda allow.
async fn receive(app: &App, request: &Request) -> Result<(), ReceiveError> {
    let now = app.clock.now_ms();
    let body: &[u8] = request.body();
    let (payload, login) = authenticate(app, body, http::header(request, SIGNATURE_HEADER), now).await?;
    let notification = payload.split()?;
    count(&notification, login);
    let entries = entries(&notification, login, now)?;
    app.queue.enqueue(batch::pack(entries), http::trace_header(request)).await?;
    Ok(())
}

/// Finds the app whose secret signed the body, and answers its login.
async fn authenticate<'b>(
    app: &App,
    body: &'b [u8],
    signature: Option<&str>,
    now: UnixMillis,
) -> Result<(SignedPayload<'b>, Login), ReceiveError> {
    let now = now.seconds();
    let verify = |secrets: &Secrets| {
        let signers = secrets.signers(now).into_iter().map(|app| (&app.app_secret, app.login));
        match SignedPayload::verify(body, signature, signers) {
            Err(SignatureError::Wrong) => None,
            outcome => Some(outcome),
        }
    };
    Ok(app.secrets.find(now, verify).await?.ok_or(SignatureError::Wrong)??)
}

/// What is queued: everything, since who has connected an account is the processor's question.
fn entries(notification: &Notification<'_>, login: Login, now: UnixMillis) -> Result<Vec<Entry>, ReceiveError> {
    notification.events.iter().map(|event| entry(event.queued(login, now))).collect()
}

/// An event that no message of the queue can hold goes without what nobody reads of it: a refusal would only make Meta
/// deliver it, and its neighbours, again and again.
fn entry(event: QueuedEvent) -> Result<Entry, ReceiveError> {
    let entry = Entry::try_from(&event)?;
    if entry.body.len() <= MAX_BYTES {
        return Ok(entry);
    }
    warn!(account = %event.account, bytes = entry.body.len(), "An event is larger than a message of the queue");
    metric("webhook_events_reduced", 1, &[]);
    Ok(Entry::try_from(&event.reduced())?)
}

/// Makes visible what came, and what had a form that nobody documented.
fn count(notification: &Notification<'_>, login: Login) {
    let events = u64::try_from(notification.events.len()).unwrap_or(u64::MAX);
    metric("webhook_events", events, &[("login", login.as_str())]);
    for (kind, &times) in &notification.oddities {
        info!(kind, times, "A notification had a part that nobody documented");
        metric("webhook_oddities", u64::from(times), &[("kind", kind)]);
    }
}

fn received() -> Response<Body> {
    let mut response = Response::new(Body::from("EVENT_RECEIVED"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn refuse(failure: &ReceiveError) -> Problem {
    match failure {
        // Anybody can send these, and we pay for each line: the metric's is the only one.
        ReceiveError::Signature(reason) => metric("webhook_signature_refused", 1, &[("reason", reason.as_str())]),
        failure if failure.is_ours() => error!(error = %Chain(failure), "A notification was not accepted"),
        failure => info!(reason = %Chain(failure), "Refused a notification"),
    }
    Problem::from(failure)
}

#[cfg(test)]
mod tests {
    use domain::AppSecret;
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::Value;
    use sha2::Sha256;

    use super::*;

    /// A notification, the processor's batch that it becomes, and the login and secret of the app that signed it.
    const SAMPLES: [(&str, &str, Login, &str); 2] = [
        (
            include_str!("../../../events/webhook-receive.json"),
            include_str!("../../../events/processor.json"),
            Login::Instagram,
            "0123456789abcdef0123456789abcdef",
        ),
        (
            include_str!("../../../events/webhook-receive-messenger.json"),
            include_str!("../../../events/processor-messenger.json"),
            Login::Facebook,
            "10ca1000000000000000000000000002",
        ),
    ];

    #[test]
    fn a_sample_notification_becomes_the_processors_sample_batch() {
        for (sample, batch, login, secret) in SAMPLES {
            becomes(sample, batch, login, secret);
        }
    }

    fn becomes(sample: &str, batch: &str, login: Login, secret: &str) {
        let request = lambda_http::request::from_str(sample).expect("the sample is an event of API Gateway");
        let secret = AppSecret::new(secret.to_owned());
        let signature = http::header(&request, SIGNATURE_HEADER);
        let (payload, ()) =
            SignedPayload::verify(request.body(), signature, std::iter::once((&secret, ()))).expect("signed");
        let notification = payload.split().expect("JSON");

        let received_at = UnixMillis::new(1_795_164_301_539);
        let entries = entries(&notification, login, received_at).expect("small events");

        let batch: Value = serde_json::from_str(batch).expect("a batch");
        let records = batch["Records"].as_array().expect("records");
        assert_eq!(entries.len(), records.len());
        for (entry, record) in entries.iter().zip(records) {
            assert_eq!(entry.body, record["body"]);
            assert_eq!(entry.group, record["attributes"]["MessageGroupId"]);
            assert_eq!(entry.deduplication, record["attributes"]["MessageDeduplicationId"]);
        }
    }

    #[test]
    fn an_event_that_no_queue_message_can_hold_is_reduced_and_its_neighbour_is_not() {
        let event = |mid: &str, text: &str| {
            format!(
                r#"{{"sender":{{"id":"1"}},"recipient":{{"id":"17841"}},"message":{{"mid":"{mid}","text":"{text}"}}}}"#
            )
        };
        let (large, small) = (event("large", &"x".repeat(2 * MAX_BYTES)), event("small", "hi"));
        let body = format!(r#"{{"object":"instagram","entry":[{{"id":"17841","messaging":[{large},{small}]}}]}}"#);
        let notification: Notification<'_> = split(body.as_bytes());

        let entries = entries(&notification, Login::Instagram, UnixMillis::new(0)).expect("everything is taken");

        let queued: Vec<QueuedEvent> =
            entries.iter().map(|entry| serde_json::from_str(&entry.body).expect("an event")).collect();
        assert!(entries[0].body.len() < MAX_BYTES / 2, "{}", entries[0].body.len());
        assert!(queued[0].reduced && queued[0].event.get().contains(r#""mid":"large""#));
        assert_eq!((queued[1].reduced, queued[1].event.get()), (false, small.as_str()));
    }

    /// A notification without its envelope of trust: signed here and now.
    fn split(body: &[u8]) -> Notification<'_> {
        let secret = AppSecret::new("secret".to_owned());
        let signature = format!("sha256={}", hex::encode(sign(secret.expose().as_bytes(), body)));
        let (payload, ()) =
            SignedPayload::verify(body, Some(&signature), std::iter::once((&secret, ()))).expect("signed");
        payload.split().expect("JSON")
    }

    fn sign(secret: &[u8], body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
        mac.update(body);
        mac.finalize().into_bytes().into()
    }
}
