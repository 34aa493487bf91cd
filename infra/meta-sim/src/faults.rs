//! Failures on demand: which calls fail, how often, and in which way.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channel::Channel;

/// One order to fail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// An endpoint's name, or `any`.
    pub(crate) endpoint: String,
    /// Only calls with this method.
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// Only calls of this app.
    #[serde(default)]
    pub(crate) app_id: Option<String>,
    /// Only calls for this account (id or username), or for its Page.
    #[serde(default)]
    pub(crate) account: Option<String>,
    /// Only calls about messages of this channel.
    #[serde(default)]
    pub(crate) channel: Option<Channel>,
    /// So many matching calls pass before the first failure.
    #[serde(default)]
    pub(crate) skip: u64,
    /// So many calls fail; `null` means all.
    #[serde(default = "once")]
    pub(crate) count: Option<u64>,
    /// The call takes effect although it fails: a message is sent, a token issued.
    #[serde(default)]
    pub(crate) accept: bool,
    pub(crate) action: Failure,
}

/// How a call fails.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Failure {
    /// No answer for so long, then the connection is cut.
    Hang {
        #[serde(default = "half_a_minute")]
        ms: u64,
    },
    /// The connection is cut at once.
    Cut,
    /// An answer without JSON.
    Html {
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// Any error of the Graph API. `error` is the inside of the error object.
    Error {
        #[serde(default = "bad_request")]
        status: u16,
        error: Value,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// A rate limit, with the usage headers of a caller who reached it.
    RateLimit {
        #[serde(default = "request_limit")]
        code: i64,
        #[serde(default)]
        subcode: Option<u32>,
        #[serde(default = "bad_request")]
        status: u16,
        /// `estimated_time_to_regain_access`
        #[serde(default = "five")]
        minutes: u32,
    },
    /// The account is limited from now on: every call for its messages is refused until the time is over, and each call before
    /// that makes it longer by as much again.
    Rest {
        #[serde(default = "five")]
        minutes: u32,
    },
    /// Error 190.
    Token {
        #[serde(default)]
        subcode: Option<u32>,
    },
    /// Error 1/1357046: "Received invalid JSON reply", after the message was sent.
    SentButError,
    /// `Unsupported request - method type: …`
    Unsupported,
    /// The right answer, late: the call takes effect at once.
    Slow { ms: u64 },
    /// The call takes effect only after so long, whether its caller still waits or not; then the connection is cut.
    Late { ms: u64 },
}

const fn half_a_minute() -> u64 {
    30_000
}

const fn bad_gateway() -> u16 {
    502
}

const fn bad_request() -> u16 {
    400
}

const fn request_limit() -> i64 {
    4
}

const fn five() -> u32 {
    5
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
const fn once() -> Option<u64> {
    Some(1)
}

/// What the faults look at.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) method: &'a str,
    pub(crate) app_id: Option<&'a str>,
    pub(crate) channel: Channel,
    /// Everything the account of the call is known by: `IG_ID`, username, Page id.
    pub(crate) account: &'a [String],
}

impl Fault {
    fn matches(&self, target: &Target<'_>) -> bool {
        let same = |wanted: &Option<String>, actual: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| actual.is_some_and(|actual| actual.eq_ignore_ascii_case(wanted)))
        };
        (self.endpoint == "any" || self.endpoint == target.endpoint)
            && same(&self.method, Some(target.method))
            && same(&self.app_id, target.app_id)
            && self.channel.is_none_or(|channel| channel == target.channel)
            && self.account.as_ref().is_none_or(|wanted| target.account.iter().any(|name| name == wanted))
    }
}

/// The standing orders.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    orders: Mutex<Vec<Fault>>,
    rests: Mutex<BTreeMap<String, Rest>>,
    /// Calls that are still to take effect although their callers have given up, or will.
    pub(crate) late: AtomicUsize,
}

/// An account's limit: until when, and by how much a call before that prolongs it.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until_ms: i64,
    minutes: u32,
}

const MINUTE_MS: i64 = 60_000;

impl Faults {
    fn orders(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.orders().push(fault);
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.orders().clone()
    }

    pub(crate) fn clear(&self) {
        self.orders().clear();
        self.rests().clear();
    }

    fn rests(&self) -> MutexGuard<'_, BTreeMap<String, Rest>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits an account from now on.
    pub(crate) fn rest(&self, account: &str, minutes: u32, now_ms: i64) {
        let until_ms = now_ms + i64::from(minutes) * MINUTE_MS;
        self.rests().insert(account.to_owned(), Rest { until_ms, minutes });
    }

    /// The minutes that a call for a limited account has to wait from now on, which are more with each such call; `None` where
    /// the account is not limited (any more).
    pub(crate) fn minutes_to_rest(&self, account: &[String], now_ms: i64) -> Option<u32> {
        let mut rests = self.rests();
        let rest = rests.iter_mut().find(|(known, _)| account.contains(known)).map(|(_, rest)| rest)?;
        if rest.until_ms <= now_ms {
            return None;
        }
        rest.until_ms += i64::from(rest.minutes) * MINUTE_MS;
        u32::try_from((rest.until_ms - now_ms + MINUTE_MS - 1) / MINUTE_MS).ok()
    }

    /// The failure for a call, spent. Orders stand in line: the first that matches decides.
    pub(crate) fn take(&self, target: &Target<'_>) -> Option<Fault> {
        let mut orders = self.orders();
        let index = orders.iter().position(|order| order.matches(target))?;
        let order = &mut orders[index];
        if order.skip > 0 {
            order.skip -= 1;
            return None;
        }
        let taken = order.clone();
        if let Some(left) = &mut order.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                orders.remove(index);
            }
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Fault {
        serde_json::from_str(text).expect("an order")
    }

    fn target<'a>(endpoint: &'a str, account: &'a [String]) -> Target<'a> {
        Target { endpoint, method: "POST", app_id: Some("1"), channel: Channel::Instagram, account }
    }

    #[test]
    fn an_order_fails_as_many_calls_as_it_says_after_those_it_skips() {
        let faults = Faults::default();
        faults.add(order(r#"{"endpoint":"messages","skip":1,"count":2,"action":{"kind":"cut"}}"#));
        let failed: Vec<bool> = (0..5).map(|_| faults.take(&target("messages", &[])).is_some()).collect();
        assert_eq!(failed, [false, true, true, false, false]);
    }

    #[test]
    fn an_order_for_one_account_spares_the_others() {
        let faults = Faults::default();
        faults.add(order(r#"{"endpoint":"any","account":"luna.cafe","action":{"kind":"token","subcode":463}}"#));
        assert!(faults.take(&target("refresh", &["mara.paints".into()])).is_none());
        assert!(faults.take(&target("refresh", &["17841".into(), "luna.cafe".into()])).is_some());
    }
}
