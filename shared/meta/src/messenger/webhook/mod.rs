//! Webhooks of object `page`: elements of `messaging` and `standby`, and changes.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/reference/webhook-events>

mod change;
mod message;

pub(crate) use change::read as read_change;

use domain::event::Payload;
use domain::id::AccountId;
use serde_json::{Map, Value};

use crate::webhook::parties::Parties;
use crate::webhook::read::context::{Context, notice};
use crate::webhook::read::element::{Element, roles};
use crate::webhook::read::json::{fields, member, text, without};
use crate::webhook::read::kinds;

/// The Page that an event belongs to: `entry.id`, whatever the event says. Without one, as the parties say.
pub(crate) fn account(parties: Parties<'_>, entry: Option<&AccountId>) -> Option<AccountId> {
    let side = || if parties.marked_echo { parties.sender } else { parties.recipient };
    entry.or_else(side).cloned()
}

/// Reads one element. The member that it carries tells its kind.
pub(crate) fn read(context: Context<'_>, element: &Map<String, Value>) -> Payload {
    let element = &*kinds::with_underscores(element);
    let (contact, from_account) = roles(&context.queued.account.id, element);
    if let Some(payload) = kinds::without_contact(context, contact.as_ref(), element) {
        return payload;
    }
    if let Some(roles) = member(element, "app_roles") {
        return notice("app_roles", without(roles, &[]));
    }
    let Some(contact) = contact else {
        return nobody(element);
    };
    let about = Element { context, contact: &contact, from_account };
    if let Some(body) = member(element, "message") {
        message::read(about, body)
    } else if let Some(delivery) = member(element, "delivery") {
        delivered(about, delivery)
    } else if let Some(plugin) = member(element, "optin").filter(|optin| is_plugin(optin)) {
        kinds::opted_in(about, plugin, !from_account)
    } else if let Some(lead) = member(element, "lead") {
        kinds::referred(about, element, answers(lead))
    } else {
        kinds::read(about, element)
    }
}

/// What the contact filled in.
fn answers(lead: &Map<String, Value>) -> Map<String, Value> {
    lead.get("data").map(|answers| ("lead".to_owned(), answers.clone())).into_iter().collect()
}

/// A person of whom Meta tells only the reference that a web page has given them: there is no conversation with them yet, and
/// their act is seen in the account's audit trail.
fn nobody(element: &Map<String, Value>) -> Payload {
    let places = ["sender", "recipient", "optin"].map(|name| member(element, name));
    match places.into_iter().flatten().find_map(|place| text(place, "user_ref")) {
        Some(reference) => {
            let mut details = fields(element);
            details.insert("user_ref".to_owned(), reference.into());
            notice("contact_by_reference", details)
        }
        None => notice("event_without_contact", fields(element)),
    }
}

/// All that was sent until then has reached the contact's phone. The mids are those of some of it.
fn delivered(about: Element<'_>, delivery: &Map<String, Value>) -> Payload {
    match kinds::watermark(about.context, delivery) {
        Some(until) => Payload::Delivered { contact: about.contact.clone(), until },
        None => Payload::Nothing { kind: "delivered_up_to_nothing" },
    }
}

/// A box or button on a web page: an act that may be answered, where consent to notifications may not.
fn is_plugin(optin: &Map<String, Value>) -> bool {
    let is_consent = text(optin, "type").as_deref() == Some("notification_messages");
    !is_consent && !optin.contains_key("notification_messages_token")
}
