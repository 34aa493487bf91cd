//! How near a limit is, from the headers that Meta sends with every answer, errors too.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde::Deserialize;

/// The worst of all limits that an answer told about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The fullest limit, in percent. Slow down above 80: calls while limited prolong the block.
    pub percent: u32,
    /// How long until calls are accepted again, in seconds, while limited.
    pub regain_seconds: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Limit {
    call_count: f64,
    total_time: f64,
    total_cputime: f64,
    estimated_time_to_regain_access: f64,
}

impl Usage {
    /// Reads `X-App-Usage` and `X-Business-Use-Case-Usage`; what cannot be read counts as unused.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let app = json::<Limit>(headers, "x-app-usage").into_iter();
        let cases = json::<BTreeMap<String, Vec<Limit>>>(headers, "x-business-use-case-usage").unwrap_or_default();
        app.chain(cases.into_values().flatten()).fold(Self::default(), |worst, limit| worst.or(&limit))
    }

    fn or(self, limit: &Limit) -> Self {
        let percent = limit.call_count.max(limit.total_time).max(limit.total_cputime);
        let regain = whole(limit.estimated_time_to_regain_access * SECONDS_PER_MINUTE);
        Self {
            percent: self.percent.max(whole(percent)),
            regain_seconds: self.regain_seconds.max((regain > 0).then_some(regain)),
        }
    }
}

/// Meta gives the time to regain access in minutes.
const SECONDS_PER_MINUTE: f64 = 60.0;

fn json<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, name: &str) -> Option<T> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
fn whole(number: f64) -> u32 {
    number.ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(headers: &[(&'static str, &'static str)]) -> Usage {
        let pairs = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), reqwest::header::HeaderValue::from_static(value))
        });
        Usage::of(&pairs.collect())
    }

    #[test]
    fn the_fullest_limit_and_the_longest_wait_count() {
        let worst = usage(&[
            ("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":31}"#),
            (
                "x-business-use-case-usage",
                r#"{"1":[{"type":"instagram","call_count":100,"total_time":25,"estimated_time_to_regain_access":19},{"type":"messenger","call_count":3}]}"#,
            ),
        ]);
        assert_eq!(worst, Usage { percent: 100, regain_seconds: Some(19 * 60) });
    }

    #[test]
    fn missing_and_broken_headers_say_nothing() {
        assert_eq!(usage(&[]), Usage::default());
        assert_eq!(usage(&[("x-app-usage", "busy"), ("x-business-use-case-usage", "[1]")]), Usage::default());
    }
}
