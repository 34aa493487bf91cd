//! What a Send call's body says.

use serde_json::Value;

use crate::graph::OutboundMessage;

/// The body of a Send call. Nothing can go along that would come back with the echo.
pub(crate) fn body(outbound: OutboundMessage<'_>) -> Value {
    outbound.json()
}
