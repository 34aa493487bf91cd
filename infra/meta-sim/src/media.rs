//! The simulated `lookaside.fbsbx.com`: pictures and voice messages behind signed addresses that
//! expire, made when asked for.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    clock::DAY_MS,
    sim::{Moment, Sim},
};

/// Addresses of media work for so long.
const LIFE_MS: i64 = 3 * DAY_MS;

/// Subjects that begin so are heard, not seen.
pub(crate) const VOICE: &str = "voice";

/// A new address of a picture; the same subject looks the same.
pub(crate) fn url(moment: Moment<'_>, subject: &str) -> String {
    let subject: String = subject.chars().filter(char::is_ascii_alphanumeric).collect();
    let expires = moment.now_ms + LIFE_MS;
    let signature = sign(&subject, expires);
    format!(
        "{}/lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={subject}&expires={expires}&signature={signature}",
        moment.base
    )
}

/// A fresh address of what another address of ours shows; one from elsewhere stays.
pub(crate) fn renewed(moment: Moment<'_>, address: &str) -> String {
    let ours = address.starts_with(&format!("{}/lookaside.fbsbx.com/", moment.base));
    let subject = address.split_once("asset_id=").and_then(|(_, rest)| rest.split('&').next());
    match subject {
        Some(subject) if ours => url(moment, subject),
        _ => address.to_owned(),
    }
}

/// The query of a media address.
#[derive(Debug, Deserialize)]
pub(crate) struct Asset {
    #[serde(rename = "asset_id")]
    subject: String,
    expires: i64,
    signature: String,
}

/// `GET /lookaside.fbsbx.com/ig_messaging_cdn/`
pub(crate) async fn serve(State(sim): State<Arc<Sim>>, Query(asset): Query<Asset>) -> Response {
    if sign(&asset.subject, asset.expires) != asset.signature {
        return (StatusCode::FORBIDDEN, "URL signature mismatch").into_response();
    }
    if asset.expires < sim.clock.now_ms() {
        return (StatusCode::FORBIDDEN, "URL signature expired").into_response();
    }
    let (kind, bytes) = match asset.subject.strip_prefix(VOICE) {
        Some(_) => ("audio/wav", tone()),
        None => ("image/svg+xml", draw(&asset.subject).into_bytes()),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
}

/// A voice message: a second of a soft 440 Hz triangle, 8000 mono samples of 8 bits in a WAV file.
fn tone() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let mut wav = Vec::with_capacity(44 + RATE as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + RATE).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&[1, 0, 1, 0]);
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    // One byte for each sample, of eight bits.
    wav.extend_from_slice(&[1, 0, 8, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend((0..RATE).map(|sample| {
        let phase = sample * 440 % RATE * 80 / RATE;
        u8::try_from(108 + phase.min(80 - phase)).unwrap_or(128)
    }));
    wav
}

/// Not a secret: it keeps people from editing `expires`, as at Meta.
fn sign(subject: &str, expires: i64) -> String {
    hex::encode(&Sha256::digest(format!("{subject}/{expires}"))[..12])
}

/// A hue for a subject.
pub(crate) fn hue(subject: &str) -> u16 {
    let digest = Sha256::digest(subject.as_bytes());
    u16::from_be_bytes([digest[0], digest[1]]) % 360
}

fn draw(subject: &str) -> String {
    let (one, other) = (hue(subject), (hue(subject) + 50) % 360);
    let figure = if subject == "heart" {
        r##"<path d="M160 268 62 170a62 62 0 0 1 98-76 62 62 0 0 1 98 76z" fill="#fff"/>"##
    } else {
        r##"<circle cx="232" cy="88" r="34" fill="#fff" opacity=".9"/><path d="M0 320V230l80-70 70 64 60-48 110 96v48z" fill="#fff" opacity=".55"/>"##
    };
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" role="img"><title>sample picture</title><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl({one} 65% 58%)"/><stop offset="1" stop-color="hsl({other} 70% 42%)"/></linearGradient></defs><rect width="320" height="320" fill="url(#g)"/>{figure}</svg>"#
    )
}
