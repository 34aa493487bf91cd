//! What a Page is told of its messages: that they arrived, and that they were read.

use serde_json::{Value, json};

use super::event::Event;
use crate::{
    channel::Channel,
    world::{World, variants::Receipts},
};

/// Messages of a Page arrived at a contact; `None` where nothing is told of that.
pub(crate) fn delivered(world: &World, page_id: &str, psid: &str, mids: &[String], now_ms: i64) -> Option<Event> {
    let receipts = world.variants.receipts;
    let mut part = json!({ "watermark": now_ms });
    match receipts {
        Receipts::Never => return None,
        Receipts::Mids => part["mids"] = json!(mids),
        Receipts::Watermark | Receipts::Bare => {}
    }
    Some(receipt(receipts, page_id, psid, "message_deliveries", ("delivery", part), now_ms))
}

/// A contact has read everything until a time.
pub(crate) fn read(world: &World, page_id: &str, psid: &str, watermark_ms: i64, now_ms: i64) -> Event {
    let part = ("read", json!({ "watermark": watermark_ms }));
    receipt(world.variants.receipts, page_id, psid, Channel::Messenger.fields().reads, part, now_ms)
}

fn receipt(
    receipts: Receipts,
    page_id: &str,
    psid: &str,
    field: &str,
    (name, part): (&str, Value),
    now_ms: i64,
) -> Event {
    let mut element = json!({ "sender": { "id": psid }, "recipient": { "id": page_id }, name: part });
    if receipts != Receipts::Bare {
        element["timestamp"] = now_ms.into();
    }
    Event::messaging(Channel::Messenger, page_id, field, now_ms, element)
}
