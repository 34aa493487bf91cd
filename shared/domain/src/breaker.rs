//! Tells an app that Meta refuses as a whole from accounts that have a problem of their own.
//!
//! The same refusal for accounts of several tenants is the app's: then no account is asked for any more, none is blamed,
//! and a few at a time probe whether it is over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::connection::Login;
use crate::id::TenantId;
use crate::time::UnixSeconds;

/// So many tenants with the same refusal are no coincidence.
const TENANTS: usize = 3;

/// So many refusals in a row are no coincidence either, where there are not that many tenants.
const REFUSALS: u32 = 5;

/// Refusals that lie further apart have nothing to do with each other.
const WINDOW_SECONDS: i64 = 24 * 60 * 60;

/// How long after probes the next ones are made: a little less than the schedule's 15 minutes, which come a moment early or
/// late.
pub const PROBE_SECONDS: i64 = 14 * 60;

/// In which call Meta refused the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// In the upkeep of a connection. Successes there are noted as well, so each refusal counts.
    InUpkeep,
    /// While a message was sent. Nobody notes each message that goes out, so a refusal only counts as one more tenant's:
    /// however much a single tenant sends in vain, others work.
    InSending,
}

/// What is known of Meta's refusals of one app, by its login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Which of the two apps.
    pub login: Login,
    /// Tenants with a refusal since the last success; not all, once there are enough.
    #[serde(default)]
    pub tenants: BTreeSet<TenantId>,
    /// Refusals since the last success.
    #[serde(default)]
    pub refusals: u32,
    /// The first of them.
    #[serde(default)]
    pub since: UnixSeconds,
    /// Open: nothing but probes goes to Meta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<UnixSeconds>,
    /// Not before that time.
    #[serde(default)]
    pub probe_at: UnixSeconds,
    /// Raised by each change, for optimistic locking.
    #[serde(default)]
    pub version: u64,
}

impl Breaker {
    /// No refusals yet.
    #[must_use]
    pub const fn new(login: Login) -> Self {
        let never = UnixSeconds::new(0);
        Self {
            login,
            tenants: BTreeSet::new(),
            refusals: 0,
            since: never,
            opened_at: None,
            probe_at: never,
            version: 0,
        }
    }

    /// Whether nothing but probes goes to Meta.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.opened_at.is_some()
    }

    /// Meta refused the app; tells whether that opened the breaker.
    pub fn refused(&mut self, tenant: &TenantId, seen: Seen, now: UnixSeconds) -> bool {
        if self.is_open() {
            return false;
        }
        if self.since.plus(WINDOW_SECONDS) < now {
            *self = Self { version: self.version, ..Self::new(self.login) };
        }
        if self.refusals == 0 {
            self.since = now;
        }
        let is_news = self.tenants.insert(tenant.clone());
        if is_news || seen == Seen::InUpkeep {
            self.refusals = self.refusals.saturating_add(1);
        }
        let opens = self.tenants.len() >= TENANTS || self.refusals >= REFUSALS;
        if opens {
            self.opened_at = Some(now);
            self.probe_at = now.plus(PROBE_SECONDS);
        }
        opens
    }

    /// Takes the right to make a probe, if it is time for one.
    pub fn take_probe(&mut self, now: UnixSeconds) -> bool {
        let due = self.is_open() && self.probe_at <= now;
        if due {
            self.probe_at = now.plus(PROBE_SECONDS);
        }
        due
    }

    /// Meta served the app: all refusals are forgotten. Tells since when the breaker was open, if it was.
    pub fn served(&mut self) -> Option<UnixSeconds> {
        let opened_at = self.opened_at;
        *self = Self { version: self.version, ..Self::new(self.login) };
        opened_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);

    fn tenant(name: &str) -> TenantId {
        name.try_into().expect("a tenant")
    }

    fn opened_by(tenants: &[&str]) -> Option<usize> {
        let mut breaker = Breaker::new(Login::Instagram);
        tenants.iter().position(|name| breaker.refused(&tenant(name), Seen::InUpkeep, NOW))
    }

    #[test]
    fn refusals_of_three_tenants_or_five_in_a_row_open_it_once() {
        assert_eq!(opened_by(&["a", "b", "a", "c", "d"]), Some(3));
        assert_eq!(opened_by(&["a", "a", "a", "a", "a", "a"]), Some(4));
        assert_eq!(opened_by(&["a", "b", "a", "b"]), None);
    }

    #[test]
    fn refusals_of_messages_open_it_by_the_third_tenant_and_not_by_their_number() {
        let mut breaker = Breaker::new(Login::Instagram);
        let mut refused = |name| breaker.refused(&tenant(name), Seen::InSending, NOW);
        assert!((0..50).all(|_| !refused("a")));
        assert!(!refused("b") && refused("c"));
    }

    #[test]
    fn a_success_in_between_and_a_day_in_between_start_the_count_anew() {
        let mut breaker = Breaker::new(Login::Instagram);
        breaker.refused(&tenant("a"), Seen::InUpkeep, NOW);
        breaker.refused(&tenant("b"), Seen::InUpkeep, NOW);
        assert_eq!(breaker.served(), None);
        assert!(!breaker.refused(&tenant("c"), Seen::InUpkeep, NOW));
        assert!(!breaker.refused(&tenant("d"), Seen::InUpkeep, NOW));
        assert!(!breaker.refused(&tenant("e"), Seen::InUpkeep, NOW.plus(WINDOW_SECONDS + 1)));
        assert_eq!(breaker.refusals, 1);
    }

    #[test]
    fn an_open_breaker_lets_one_probe_through_at_a_time_until_one_succeeds() {
        let mut breaker = Breaker::new(Login::Facebook);
        for name in ["a", "b", "c"] {
            breaker.refused(&tenant(name), Seen::InUpkeep, NOW);
        }
        assert!(!breaker.take_probe(NOW));
        let later = NOW.plus(PROBE_SECONDS);
        assert!(breaker.take_probe(later) && !breaker.take_probe(later));
        assert_eq!(breaker.served(), Some(NOW));
        assert!(!breaker.is_open());
    }
}
