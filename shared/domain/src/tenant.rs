//! What is kept about a tenant: its plan, what was agreed beyond it, and the connections that count against it.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use crate::channel::Channel;
use crate::id::TenantId;
use crate::time::{UnixMillis, UnixSeconds};

/// The plan that a caller's token names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanClaim {
    /// The plan's key in the catalogue.
    pub key: String,
    /// The token's `iat`: of two tokens that differ the later one is right. Zero where the token does not say.
    #[serde(default)]
    pub issued_at: UnixSeconds,
}

impl PlanClaim {
    /// The one that is to be believed: the later, and the first of two that are of the same second.
    #[must_use]
    pub fn newest<'a>(told: Option<&'a Self>, kept: Option<&'a Self>) -> Option<&'a Self> {
        match (told, kept) {
            (Some(told), Some(kept)) if told.issued_at < kept.issued_at => Some(kept),
            (told, kept) => told.or(kept),
        }
    }
}

/// A number that may be without bounds; `null` in JSON is [`Limit::Unlimited`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<u32>", into = "Option<u32>")]
pub enum Limit {
    /// No bound.
    Unlimited,
    /// At most so many.
    AtMost(u32),
}

impl Limit {
    /// Reads a field that may be absent: `null` is a value of it, not its absence. Goes with `#[serde(default)]`.
    ///
    /// # Errors
    /// The field holds neither a number nor `null`.
    pub fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

impl From<Option<u32>> for Limit {
    fn from(limit: Option<u32>) -> Self {
        limit.map_or(Self::Unlimited, Self::AtMost)
    }
}

impl From<Limit> for Option<u32> {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Unlimited => None,
            Limit::AtMost(number) => Some(number),
        }
    }
}

/// What was agreed with one tenant in place of what its plan says. What is absent is as in the plan, and so is what only a newer
/// version knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// The channels that can be connected.
    #[serde(default, deserialize_with = "known_channels", skip_serializing_if = "Option::is_none")]
    pub channels: Option<BTreeSet<Channel>>,
    /// Accounts of all channels connected at once.
    #[serde(default, deserialize_with = "Limit::stated", skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<Limit>,
    /// Messages in a calendar month (UTC).
    #[serde(default, deserialize_with = "Limit::stated", skip_serializing_if = "Option::is_none")]
    pub monthly_messages: Option<Limit>,
    /// Days that messages are kept.
    #[serde(default, deserialize_with = "Limit::stated", skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<Limit>,
    /// Whether programs may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_reply: Option<bool>,
    /// Endpoints that are told of what happens.
    #[serde(default, deserialize_with = "Limit::stated", skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Limit>,
}

/// The channels among the words that this version knows.
fn known_channels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeSet<Channel>>, D::Error> {
    let words: Option<Vec<String>> = Option::deserialize(deserializer)?;
    Ok(words.map(|words| words.iter().filter_map(|word| word.parse().ok()).collect()))
}

/// Switches of one tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// Whether everybody of the tenant may connect an account by hand, with its id and token.
    #[serde(default)]
    pub integration_debug: bool,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantProfile {
    /// Whose.
    pub tenant: TenantId,
    /// The key of the plan that the operator has set; `None`: the default of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What was agreed beyond the plan.
    #[serde(default)]
    pub overrides: Overrides,
    /// Switches.
    #[serde(default)]
    pub settings: TenantSettings,
    /// The plan that a token named last, for what happens without a token. Counts only where plans come by claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<PlanClaim>,
    /// Connections that count: neither revoked nor paused. Changed in the transactions that change those.
    #[serde(default)]
    pub connections: i64,
    /// Raised with each change of plan, overrides, settings or claim, for optimistic locking.
    #[serde(default)]
    pub version: u64,
    /// Last change of the same.
    #[serde(default)]
    pub updated_at: UnixMillis,
}

impl TenantProfile {
    /// A tenant that nobody has set up and that has connected nothing.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            plan: None,
            overrides: Overrides::default(),
            settings: TenantSettings::default(),
            claimed: None,
            connections: 0,
            version: 0,
            updated_at: UnixMillis::default(),
        }
    }

    /// How many connections count against the plan.
    #[must_use]
    pub fn connected(&self) -> u32 {
        u32::try_from(self.connections.max(0)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(key: &str, issued_at: i64) -> PlanClaim {
        PlanClaim { key: key.to_owned(), issued_at: UnixSeconds::new(issued_at) }
    }

    #[test]
    fn a_token_from_before_a_change_does_not_take_the_change_back() {
        let (old, new) = (claim("starter", 100), claim("pro", 200));
        assert_eq!(PlanClaim::newest(Some(&old), Some(&new)), Some(&new));
        assert_eq!(PlanClaim::newest(Some(&new), Some(&old)), Some(&new));
        assert_eq!(PlanClaim::newest(None, Some(&old)), Some(&old));
        assert_eq!(PlanClaim::newest(Some(&old), None), Some(&old));
    }

    #[test]
    fn an_override_tells_no_limit_from_no_override() {
        let overrides: Overrides =
            serde_json::from_str(r#"{"max_connections": null, "monthly_messages": 5}"#).expect("overrides");
        assert_eq!(overrides.max_connections, Some(Limit::Unlimited));
        assert_eq!(overrides.monthly_messages, Some(Limit::AtMost(5)));
        assert_eq!(overrides.retention_days, None);
        let text = serde_json::to_string(&overrides).expect("JSON");
        assert_eq!(text, r#"{"max_connections":null,"monthly_messages":5}"#);
    }

    #[test]
    fn what_a_newer_version_has_agreed_with_a_tenant_does_not_hide_the_tenant() {
        let profile: TenantProfile = serde_json::from_str(
            r#"{"tenant": "acme", "overrides": {"channels": ["messenger", "whatsapp"], "max_seats": 5}, "settings": {"beta": true}}"#,
        )
        .expect("a tenant");
        assert_eq!(profile.overrides.channels, Some(BTreeSet::from([Channel::Messenger])));
        assert_eq!(profile.settings, TenantSettings::default());
    }

    #[test]
    fn a_count_that_went_below_nothing_is_nothing() {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        assert_eq!(TenantProfile { connections: -1, ..TenantProfile::new(tenant) }.connected(), 0);
    }
}
