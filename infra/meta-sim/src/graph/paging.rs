//! Cursor pages of lists.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::call::GraphCall;
use crate::errors::GraphError;

const DEFAULT_LIMIT: usize = 25;

/// The asked page of a list, with cursors and a `next` link when there is more.
///
/// # Errors
///
/// Error 100 for a limit that is no number or a cursor that this list never gave.
pub(crate) fn page(call: &GraphCall, base: &str, cap: usize, all: &[Value]) -> Result<Value, GraphError> {
    let limit = match call.param("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text.parse().map_err(|_| GraphError::parameter("Param limit must be a number"))?,
    };
    let limit = limit.clamp(1, cap.max(1));
    let start = match call.param("after") {
        None => 0,
        Some(cursor) => position(cursor).ok_or_else(|| GraphError::parameter("Invalid cursors values"))?,
    };
    let start = start.min(all.len());
    let end = (start + limit).min(all.len());
    let mut answer = json!({ "data": all[start..end] });
    if start < end {
        answer["paging"] = json!({ "cursors": { "before": cursor(start), "after": cursor(end) } });
        if end < all.len() {
            answer["paging"]["next"] = next_link(call, base, &cursor(end)).into();
        }
    }
    Ok(answer)
}

fn next_link(call: &GraphCall, base: &str, after: &str) -> String {
    let kept = call.query.iter().filter(|(name, _)| name != "after" && name != "before");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("after", after).finish();
    format!("{base}/{}{}?{query}", call.host.name(), call.path)
}

fn cursor(index: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("QVFI:{index}"))
}

fn position(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("QVFI:")?.parse().ok()
}
