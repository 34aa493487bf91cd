//! Cursor pages of lists.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::call::GraphCall;
use crate::{errors::GraphError, world::variants::EmptyPages};

const DEFAULT_LIMIT: usize = 25;

/// The asked page of a list, with cursors and a `next` link when there is more, or where an empty page claims that there is.
///
/// # Errors
///
/// Error 100 for a limit that is no number or a cursor that this list never gave.
pub(crate) fn page(
    call: &GraphCall,
    base: &str,
    cap: usize,
    empty: EmptyPages,
    all: &[Value],
) -> Result<Value, GraphError> {
    let limit = match call.param("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text.parse().map_err(|_| GraphError::parameter("Param limit must be a number"))?,
    };
    let limit = limit.clamp(1, cap.max(1));
    let asked = match call.param("after") {
        None => Cursor::default(),
        Some(text) => Cursor::read(text).ok_or_else(|| GraphError::parameter("Invalid cursors values"))?,
    };
    let start = asked.index.min(all.len());
    if empty == EmptyPages::Between && !asked.was_empty && start < all.len() {
        return Ok(answer(call, base, &[], Cursor { index: start, was_empty: true }, true));
    }
    let end = (start + limit).min(all.len());
    let goes_on = end < all.len() || empty == EmptyPages::Endless;
    if start == end && !goes_on {
        return Ok(json!({ "data": [] }));
    }
    Ok(answer(call, base, &all[start..end], Cursor { index: end, was_empty: false }, goes_on))
}

fn answer(call: &GraphCall, base: &str, data: &[Value], next: Cursor, goes_on: bool) -> Value {
    let after = next.to_string();
    let before = Cursor { index: next.index - data.len(), was_empty: false }.to_string();
    let mut answer = json!({ "data": data, "paging": { "cursors": { "before": before, "after": after } } });
    if goes_on {
        answer["paging"]["next"] = next_link(call, base, &after).into();
    }
    answer
}

fn next_link(call: &GraphCall, base: &str, after: &str) -> String {
    let kept = call.query.iter().filter(|(name, _)| name != "after" && name != "before");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("after", after).finish();
    format!("{base}/{}{}?{query}", call.host.name(), call.path)
}

/// Where a page begins.
#[derive(Clone, Copy, Default)]
struct Cursor {
    index: usize,
    /// An empty page has led here.
    was_empty: bool,
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("QVFI:{}:{}", self.index, u8::from(self.was_empty));
        formatter.write_str(&BASE64_URL_SAFE_NO_PAD.encode(text))
    }
}

impl Cursor {
    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (index, was_empty) = text.strip_prefix("QVFI:")?.split_once(':')?;
        Some(Self { index: index.parse().ok()?, was_empty: was_empty == "1" })
    }
}
