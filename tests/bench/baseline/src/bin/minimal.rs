//! Checks a signature and sends the body to a queue, set up as the SDK's documentation shows.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::{Body, Error, Request, Response, run, service_fn, tracing};
use sha2::Sha256;
use subtle::ConstantTimeEq;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let queue = aws_sdk_sqs::Client::new(&config);
    let url = std::env::var("INBOUND_QUEUE_URL")?;
    let secret = std::env::var("APP_SECRET")?;
    run(service_fn(|request| receive(&queue, &url, &secret, request))).await
}

async fn receive(
    queue: &aws_sdk_sqs::Client,
    url: &str,
    secret: &str,
    request: Request,
) -> Result<Response<Body>, Error> {
    let body: &[u8] = request.body();
    let signature = request.headers().get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !is_signed(body, signature.unwrap_or_default(), secret) {
        return Ok(Response::builder().status(401).body(Body::Empty)?);
    }
    let entry = SendMessageBatchRequestEntry::builder()
        .id("0")
        .message_group_id("all")
        .message_deduplication_id(request.headers()["x-amzn-trace-id"].to_str()?)
        .message_body(std::str::from_utf8(body)?)
        .build()?;
    queue.send_message_batch().queue_url(url).entries(entry).send().await?;
    Ok(Response::new("EVENT_RECEIVED".into()))
}

fn is_signed(body: &[u8], signature: &str, secret: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    expected.as_bytes().ct_eq(signature.as_bytes()).into()
}
