//! How near a limit is, from the headers that Meta sends with every answer, errors too.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The worst of all limits that an answer told about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The fullest limit, in percent. Slow down above 80: calls while limited prolong the block.
    pub percent: u32,
    /// How long until calls are accepted again, in seconds, while limited.
    pub regain_seconds: Option<u32>,
}

/// Meta gives the time to regain access in minutes.
const SECONDS_PER_MINUTE: f64 = 60.0;

/// Meta counts calls over 24 hours at most: no limit lasts longer.
const LONGEST_WAIT_SECONDS: u32 = 24 * 60 * 60;

impl Usage {
    /// Reads `X-App-Usage` and `X-Business-Use-Case-Usage`; a number that cannot be read counts as unused.
    pub(in crate::graph) fn of(headers: &HeaderMap) -> Self {
        let (app, cases) = (json(headers, "x-app-usage"), json(headers, "x-business-use-case-usage"));
        let cases = cases.as_object().into_iter().flat_map(serde_json::Map::values).filter_map(Value::as_array);
        std::iter::once(&app).chain(cases.flatten()).fold(Self::default(), Self::or)
    }

    fn or(self, limit: &Value) -> Self {
        let percent = ["call_count", "total_time", "total_cputime"].map(|name| number(&limit[name]));
        let percent = percent.into_iter().fold(0.0, f64::max);
        let regain = whole(number(&limit["estimated_time_to_regain_access"]) * SECONDS_PER_MINUTE);
        let is_wait = (1..=LONGEST_WAIT_SECONDS).contains(&regain);
        Self {
            percent: self.percent.max(whole(percent)),
            regain_seconds: self.regain_seconds.max(is_wait.then_some(regain)),
        }
    }
}

fn json(headers: &HeaderMap, name: &str) -> Value {
    headers.get(name).and_then(|text| serde_json::from_slice(text.as_bytes()).ok()).unwrap_or_default()
}

/// A number, or text of one; anything else is none.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
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
    fn what_cannot_be_read_hides_no_other_limit() {
        let worst = usage(&[
            ("x-app-usage", r#"{"call_count":null,"total_time":"25","total_cputime":{}}"#),
            (
                "x-business-use-case-usage",
                r#"{"1":null,"2":[null,{"call_count":null,"estimated_time_to_regain_access":19}],"3":[{"call_count":100}]}"#,
            ),
        ]);
        assert_eq!(worst, Usage { percent: 100, regain_seconds: Some(19 * 60) });
        assert_eq!(usage(&[("x-app-usage", r#"{"call_count":null,"total_time":"25"}"#)]).percent, 25);
    }

    #[test]
    fn a_wait_that_is_longer_than_any_limit_lasts_is_none() {
        for (minutes, seconds) in [("1440", Some(86_400)), ("1441", None), ("1e300", None), ("-5", None)] {
            let header = format!(r#"{{"1":[{{"estimated_time_to_regain_access":{minutes}}}]}}"#);
            let headers = [("x-business-use-case-usage", &*header.leak())];
            assert_eq!(usage(&headers).regain_seconds, seconds, "{minutes}");
        }
    }

    #[test]
    fn missing_and_broken_headers_say_nothing() {
        assert_eq!(usage(&[]), Usage::default());
        assert_eq!(usage(&[("x-app-usage", "busy"), ("x-business-use-case-usage", "[1]")]), Usage::default());
    }
}
