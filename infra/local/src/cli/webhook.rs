//! `cargo dev webhook FILE…`: signs payloads as Meta does and delivers them.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads>

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::{Args, ValueEnum};
use hmac::{Hmac, KeyInit, Mac};
use local::{Login, MetaApp, apps};
use rand::seq::SliceRandom;
use serde_json::Value;
use sha2::Sha256;

use super::{BoxError, NotRunning, UpOptions, say};

#[derive(Args, Debug)]
pub(super) struct WebhookOptions {
    /// Payloads as Meta posts them, or events of API Gateway that hold one (as events/webhook-receive.json)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How many times each payload is delivered
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Delivers in random order
    #[arg(long)]
    shuffle: bool,
    /// Puts the entries of so many payloads into one body
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Where to deliver; default: the running stack
    #[arg(long)]
    url: Option<String>,
    /// Whose simulated app signs
    #[arg(long, value_enum, default_value_t = Signer::Instagram)]
    login: Signer,
    /// Signs with this app secret instead
    #[arg(long)]
    secret: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Signer {
    Instagram,
    Facebook,
}

impl Signer {
    fn secret(self) -> String {
        let login = match self {
            Self::Instagram => Login::Instagram,
            Self::Facebook => Login::Facebook,
        };
        let app = apps::simulated().into_iter().find(|app| app.login == login);
        app.map(|MetaApp { app_secret, .. }| app_secret).unwrap_or_default()
    }
}

pub(super) async fn run(options: WebhookOptions, stack: &UpOptions) -> Result<(), BoxError> {
    let WebhookOptions { files, repeat, shuffle, batch, url, login, secret } = options;
    let url = url.unwrap_or_else(|| format!("http://127.0.0.1:{}/webhooks/meta/instagram", stack.api_port));
    let secret = secret.unwrap_or_else(|| login.secret());
    let payloads = files.iter().map(|file| payload(file)).collect::<Result<Vec<_>, _>>()?;
    let bodies = bodies(&payloads, repeat, shuffle, batch);
    let http = reqwest::Client::new();
    let mut refused = 0;
    for (index, body) in bodies.iter().enumerate() {
        let started = Instant::now();
        let delivery = http
            .post(&url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature(&secret, body))
            .body(body.clone());
        let answer = delivery.send().await.map_err(NotRunning::at(&url))?;
        let status = answer.status();
        say(format_args!("{:>4}/{}  {status}  {} ms", index + 1, bodies.len(), started.elapsed().as_millis()))?;
        refused += usize::from(!status.is_success());
    }
    if refused > 0 { Err(format!("{refused} of {} deliveries were refused", bodies.len()).into()) } else { Ok(()) }
}

/// The value of `X-Hub-Signature-256`.
pub(super) fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    format!("sha256={}", hex::encode(mac.chain_update(body).finalize().into_bytes()))
}

/// What a file holds: its bytes as they are, or those of the request that an event of API Gateway carries.
fn payload(file: &Path) -> Result<Vec<u8>, BoxError> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(request_of(&bytes).unwrap_or(bytes))
}

/// The body of the request in an event of API Gateway; `None` for anything else.
fn request_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let event: Value = serde_json::from_slice(bytes).ok()?;
    event.get("requestContext")?;
    let body = event.get("body")?.as_str()?;
    match event.get("isBase64Encoded") {
        Some(Value::Bool(true)) => BASE64_STANDARD.decode(body).ok(),
        _ => Some(body.as_bytes().to_vec()),
    }
}

/// Repeated, shuffled, then joined: with a `batch`, so many notifications in a row become one with all their entries. Only what
/// is joined is written anew.
fn bodies(payloads: &[Vec<u8>], repeat: usize, shuffle: bool, batch: usize) -> Vec<Vec<u8>> {
    let mut deliveries: Vec<&Vec<u8>> = std::iter::repeat_n(payloads, repeat).flatten().collect();
    if shuffle {
        deliveries.shuffle(&mut rand::rng());
    }
    let mut bodies: Vec<(Vec<u8>, usize)> = Vec::new();
    for delivery in deliveries {
        let joined = match bodies.last() {
            Some((body, count)) if *count < batch => joined(body, delivery).map(|body| (body, count + 1)),
            _ => None,
        };
        match (joined, bodies.last_mut()) {
            (Some(joined), Some(last)) => *last = joined,
            _ => bodies.push((delivery.clone(), 1)),
        }
    }
    bodies.into_iter().map(|(body, _)| body).collect()
}

/// Two notifications of one object as one. `None` where either is something else.
fn joined(body: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let other: Value = serde_json::from_slice(other).ok()?;
    if body.get("object")? != other.get("object")? {
        return None;
    }
    let more = other.get("entry")?.as_array()?;
    body.get_mut("entry")?.as_array_mut()?.extend(more.iter().cloned());
    Some(body.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_in_hexadecimal() {
        // RFC 4231, test case 2.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn a_files_bytes_are_sent_as_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("body.json");
        for text in ["{ \"a\" : \"\\/\\u00e9\" }\n", "[]", "{}", "no JSON", "\u{feff}{}"] {
            std::fs::write(&file, text).expect("written");
            let payload = payload(&file).expect("read");
            assert_eq!(bodies(&[payload], 1, false, 1), [text.as_bytes()]);
        }
    }

    #[test]
    fn an_event_of_api_gateway_is_opened() {
        let event = |body: &str, encoded: bool| json!({"requestContext": {}, "body": body, "isBase64Encoded": encoded});
        let read = |event: Value| request_of(event.to_string().as_bytes());
        assert_eq!(read(event("{ }", false)).as_deref(), Some(&b"{ }"[..]));
        assert_eq!(read(event("eyB9", true)).as_deref(), Some(&b"{ }"[..]));
        assert_eq!(read(json!([])), None);
    }

    #[test]
    fn notifications_are_repeated_and_their_entries_joined() {
        let payload = |id: u8| json!({ "object": "instagram", "entry": [{ "id": id }] }).to_string().into_bytes();
        let bodies = bodies(&[payload(1), payload(2), payload(3)], 2, false, 4);
        let read: Vec<Value> = bodies.iter().map(|body| serde_json::from_slice(body).expect("JSON")).collect();
        let sizes: Vec<_> = read.iter().map(|body| body["entry"].as_array().map_or(0, Vec::len)).collect();
        assert_eq!((sizes, &read[0]["entry"][3]["id"]), (vec![4, 2], &json!(1)));
    }

    #[test]
    fn what_is_no_notification_is_joined_with_nothing() {
        let odd = ["[]", "{}", "{\"object\":\"instagram\"}", "null", "x"].map(|text| text.as_bytes().to_vec());
        assert_eq!(bodies(&odd, 1, false, 10), odd);
    }
}
