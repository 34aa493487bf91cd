//! The id under which a message can be followed: from the webhook that brought it to the answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// AWS X-Ray's id of a trace, as `1-6a9f0a4c-0123456789abcdef01234567`.
///
/// Source: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-traces>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(String);

impl TraceId {
    /// The id in a trace header, as `Root=1-6a9f0a4c-0123456789abcdef01234567;Parent=…;Sampled=1`.
    #[must_use]
    pub fn from_header(header: &str) -> Option<Self> {
        let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
        is_trace_id(root).then(|| Self(root.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A version, the time in seconds, 96 bits; the last two in hexadecimal.
fn is_trace_id(text: &str) -> bool {
    let is_hex = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|seconds| is_hex(seconds, 8))
        && parts.next().is_some_and(|random| is_hex(random, 24))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_wherever_it_stands_in_the_header() {
        let id = "1-6a9f0a4c-0123456789abcdef01234567";
        for header in
            [format!("Root={id}"), format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1"), format!("Self=x; Root={id}")]
        {
            assert_eq!(TraceId::from_header(&header).as_ref().map(TraceId::as_str), Some(id), "{header}");
        }
    }

    #[test]
    fn what_is_no_trace_is_not_kept() {
        let others = [
            "",
            "Root=",
            "1-6a9f0a4c-0123456789abcdef01234567",
            "Root=1-6a9f0a4c",
            "Root=2-6a9f0a4c-0123456789abcdef01234567",
        ];
        for header in others
            .into_iter()
            .chain(["Root=1-6a9f0a4c-0123456789abcdef0123456g", "Root=1-6a9f0a4c-0123456789abcdef01234567-1"])
        {
            assert_eq!(TraceId::from_header(header), None, "{header}");
        }
    }
}
