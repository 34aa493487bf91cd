//! What a Send call's body says.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use serde_json::Value;

use crate::graph::OutboundMessage;

/// The body of a Send call. Our id goes along, and comes back with the message's echo.
pub(crate) fn body(outbound: OutboundMessage<'_>) -> Value {
    let mut body = outbound.json();
    body["message"]["metadata"] = outbound.id.as_str().into();
    body
}
