//! Webhooks of object `instagram`: elements of `messaging` and `standby`, and changes.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/webhooks/examples> and
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram>.

mod change;
mod message;

pub(crate) use change::read as read_change;

use domain::event::Payload;
use domain::id::AccountId;
use serde_json::{Map, Value};

use crate::webhook::parties::Parties;
use crate::webhook::read::context::{Context, notice};
use crate::webhook::read::element::{Element, roles};
use crate::webhook::read::json::{fields, member};
use crate::webhook::read::kinds;

/// The account that an event belongs to.
///
/// An echo's sender, else the recipient. `entry.id` decides only what is left open: Meta's own samples show the contact's id
/// there for postbacks and referrals. An unmarked event whose sender is the entry's account is the account's own act, as a
/// reaction set in the phone app.
pub(crate) fn account(parties: Parties<'_>, entry: Option<&AccountId>) -> Option<AccountId> {
    let own_act = !parties.tapped && parties.sender.is_some() && parties.sender == entry;
    let side = if parties.marked_echo || own_act { parties.sender } else { parties.recipient };
    side.or(entry).cloned()
}

/// Reads one element. The member that it carries tells its kind.
pub(crate) fn read(context: Context<'_>, element: &Map<String, Value>) -> Payload {
    let element = &*kinds::with_underscores(element);
    let (contact, from_account) = roles(&context.queued.account.id, element);
    if let Some(payload) = kinds::without_contact(context, contact.as_ref(), element) {
        return payload;
    }
    if element.contains_key("delivery") {
        return Payload::Nothing { kind: "delivery" };
    }
    let Some(contact) = contact else {
        return notice("event_without_contact", fields(element));
    };
    let about = Element { context, contact: &contact, from_account };
    match member(element, "message") {
        Some(body) => message::read(about, body),
        None => kinds::read(about, element),
    }
}
