//! `cargo dev webhook FILE…`: signs payloads as Meta does and delivers them.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads>

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::{Args, ValueEnum};
use hmac::{Hmac, KeyInit, Mac};
use local::{Login, MetaApp, apps};
use rand::seq::SliceRandom;
use serde_json::Value;
use sha2::Sha256;

use super::{BoxError, NotRunning, UpOptions};

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
    let bodies = bodies(payloads, repeat, shuffle, batch);
    let http = reqwest::Client::new();
    let mut refused = 0;
    for (index, body) in bodies.iter().enumerate() {
        let body = body.to_string();
        let started = Instant::now();
        let delivery = http
            .post(&url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature(&secret, body.as_bytes()))
            .body(body);
        let answer = delivery.send().await.map_err(NotRunning::at(&url))?;
        let status = answer.status();
        println!("{:>4}/{}  {status}  {} ms", index + 1, bodies.len(), started.elapsed().as_millis());
        refused += usize::from(!status.is_success());
    }
    if refused > 0 { Err(format!("{refused} of {} deliveries were refused", bodies.len()).into()) } else { Ok(()) }
}

/// The value of `X-Hub-Signature-256`.
pub(super) fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    format!("sha256={}", hex::encode(mac.chain_update(body).finalize().into_bytes()))
}

fn payload(file: &Path) -> Result<Value, BoxError> {
    let explain = |error: BoxError| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| explain(error.into()))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| explain(error.into()))?;
    match (json.get("requestContext"), json["body"].as_str()) {
        (Some(_), Some(body)) => Ok(serde_json::from_str(body).map_err(|error| explain(error.into()))?),
        _ => Ok(json),
    }
}

/// Repeated, shuffled, then joined: `batch` payloads of one object become one body with all their entries.
fn bodies(payloads: Vec<Value>, repeat: usize, shuffle: bool, batch: usize) -> Vec<Value> {
    let mut deliveries: Vec<Value> = std::iter::repeat_n(payloads, repeat).flatten().collect();
    if shuffle {
        deliveries.shuffle(&mut rand::rng());
    }
    let mut bodies: Vec<(Value, usize)> = Vec::new();
    for delivery in deliveries {
        match bodies.last_mut() {
            Some((body, joined)) if *joined < batch && body["object"] == delivery["object"] => {
                let entries = delivery["entry"].as_array().cloned().unwrap_or_default();
                if let Some(all) = body["entry"].as_array_mut() {
                    all.extend(entries);
                }
                *joined += 1;
            }
            _ => bodies.push((delivery, 1)),
        }
    }
    bodies.into_iter().map(|(body, _)| body).collect()
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
    fn payloads_are_repeated_and_their_entries_joined() {
        let payload = |id: u8| json!({ "object": "instagram", "entry": [{ "id": id }] });
        let bodies = bodies(vec![payload(1), payload(2), payload(3)], 2, false, 4);
        let sizes: Vec<_> = bodies.iter().map(|body| body["entry"].as_array().map_or(0, Vec::len)).collect();
        assert_eq!(sizes, [4, 2]);
        assert_eq!(bodies[0]["entry"][3]["id"], 1);
    }
}
