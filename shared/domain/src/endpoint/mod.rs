//! An address of the integrator's that is told of events, how it fares, and what it was told.

mod delivered;
mod health;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::delivered::{Delivered, DeliveryState, GIVEN_UP_AFTER_MS, LOG_DAYS, Try, TryError, next_try};
pub use self::health::{FAILURES, Health, OFF_AFTER_MS};
use crate::id::UserId;
use crate::outbox::{EndpointKey, EventType, OutboxEvent};
use crate::secret::SealedToken;
use crate::time::UnixMillis;

/// For how long both secrets sign after a rotation.
pub const ROTATION_MS: i64 = 24 * 60 * 60 * 1000;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Which, and whose.
    pub key: EndpointKey,
    /// Where it is.
    pub url: String,
    /// What it is for, in its owner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of what it is told; of everything where this is empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "known_types")]
    pub types: BTreeSet<EventType>,
    /// Whether it gets what people wrote and are called.
    #[serde(default)]
    pub with_content: bool,
    /// Since when it is told nothing: it was switched off, or failed for too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<UnixMillis>,
    /// Why it is told nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<OffReason>,
    /// Signs what it is told.
    pub secret: SealedToken,
    /// The secret before that, while it still signs as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<FormerSecret>,
    /// Since when it is known.
    pub created_at: UnixMillis,
    /// Who made it known.
    pub created_by: UserId,
    /// How it fares.
    #[serde(flatten)]
    pub health: Health,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// The secret.
    pub secret: SealedToken,
    /// Until when it signs as well.
    pub until: UnixMillis,
}

/// Why an endpoint is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffReason {
    /// Somebody switched it off.
    Asked,
    /// It took nothing for three days.
    Failing,
    /// It answered that it is gone (410).
    Gone,
    /// A newer version wrote this word.
    #[serde(untagged)]
    Other(crate::word::Word),
}

impl OffReason {
    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Asked => "asked",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for OffReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Endpoint {
    /// Whether it is to be told of an event.
    #[must_use]
    pub fn wants(&self, event: &OutboxEvent) -> bool {
        let is_its = self.key.tenant.as_ref().is_none_or(|tenant| *tenant == event.tenant);
        is_its && self.disabled_at.is_none() && (self.types.is_empty() || self.types.contains(&event.kind))
    }

    /// The secrets that sign now, the newest first.
    pub fn secrets(&self, now: UnixMillis) -> impl Iterator<Item = &SealedToken> {
        let former = self.former.as_ref().filter(|former| now < former.until);
        std::iter::once(&self.secret).chain(former.map(|former| &former.secret))
    }
}

impl EndpointKey {
    /// The id of a new endpoint: sorts by time, and is told by nobody beforehand.
    #[must_use]
    pub fn new_id(at: UnixMillis, random: [u8; 10]) -> String {
        format!("ep_{:012x}{}", at.get().clamp(0, 0xffff_ffff_ffff), hex::encode(random))
    }

    /// Whether a text could be an endpoint's id.
    #[must_use]
    pub fn is_id(text: &str) -> bool {
        text.strip_prefix("ep_").is_some_and(|digits| {
            digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

/// The types among the words that this version knows. Where it knows none of them, the endpoint cannot be read: it did not ask for
/// everything.
fn known_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<EventType>, D::Error> {
    let words: Vec<String> = Vec::deserialize(deserializer)?;
    let known: BTreeSet<EventType> = words.iter().filter_map(|word| EventType::from_word(word)).collect();
    if known.is_empty() && !words.is_empty() {
        return Err(serde::de::Error::custom("no known type of event"));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn endpoint(types: &serde_json::Value) -> serde_json::Result<Endpoint> {
        serde_json::from_value(json!({
            "key": {"tenant": "acme", "id": "ep_1"}, "url": "https://example.com/", "types": types, "secret": "v1.a",
            "former": {"secret": "v1.b", "until": 100}, "created_at": 1, "created_by": "ana",
        }))
    }

    #[test]
    fn a_type_of_a_newer_version_is_left_out_and_never_makes_it_everything() {
        let known = endpoint(&json!(["message.received", "message.translated"])).expect("an endpoint");
        assert_eq!(known.types, BTreeSet::from([EventType::MessageReceived]));
        assert!(endpoint(&json!(["message.translated"])).is_err());
        assert!(endpoint(&json!([])).expect("an endpoint").types.is_empty());
    }

    #[test]
    fn a_former_secret_signs_until_its_time_is_over() {
        let endpoint = endpoint(&json!([])).expect("an endpoint");
        let signing = |at| endpoint.secrets(UnixMillis::new(at)).map(SealedToken::as_str).collect::<Vec<_>>();
        assert_eq!(signing(99), ["v1.a", "v1.b"]);
        assert_eq!(signing(100), ["v1.a"]);
    }

    #[test]
    fn an_id_is_told_from_what_is_none() {
        let id = EndpointKey::new_id(UnixMillis::new(1_795_000_000_000), [0xab; 10]);
        assert_eq!(id.len(), 35);
        assert!(EndpointKey::is_id(&id));
        assert!(!["", "ep_", "ep_1", "ep_ZZ", &id[..34], &format!("{id}0")].into_iter().any(EndpointKey::is_id));
    }
}
