//! Webhooks of object `instagram`: elements of `messaging` and `standby`, and changes.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/webhooks/examples> and
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram>.

mod change;
mod message;

pub(crate) use change::read as read_change;

use domain::event::{Happening, NewMessage};
use domain::id::{AccountId, ContactId};
use domain::message::Kind;
use serde_json::{Map, Value};

use crate::webhook::parties::Parties;
use crate::webhook::read::context::{Context, notice};
use crate::webhook::read::element::Element;
use crate::webhook::read::json::{fields, flag, id, member, only};
use crate::webhook::read::kinds::{
    self, edited, opted_in, postback_tapped, reacted, seen, thread_control, unknown, with_underscores,
};

/// What says nothing that an inbox could show: that a message reached a phone, that a person linked an account.
const SILENT: [&str; 2] = ["delivery", "account_linking"];

/// Reads one element. The member that it carries tells its kind.
pub(crate) fn read(context: Context<'_>, element: &Map<String, Value>) -> Happening {
    let element = &*with_underscores(element);
    let (contact, from_account) = roles(&context.queued.account.id, element);
    if let Some(edit) = member(element, "message_edit") {
        return edited(context, contact, edit);
    }
    if let Some(enforcement) = member(element, "policy_enforcement") {
        return notice("policy_enforcement", only(enforcement, &["action", "reason"]));
    }
    if let Some(feedback) = member(element, "response_feedback") {
        return notice("response_feedback", only(feedback, &["feedback", "mid"]));
    }
    if let Some(kind) = SILENT.into_iter().find(|name| element.contains_key(*name)) {
        return Happening::Nothing { kind };
    }
    let Some(contact) = contact else {
        return notice("event_without_contact", fields(element));
    };
    let about = Element { context, contact: &contact, from_account };
    if let Some(body) = member(element, "message") {
        message::read(about, body)
    } else if let Some(postback) = member(element, "postback") {
        postback_tapped(about, postback)
    } else if let Some(reaction) = member(element, "reaction") {
        reacted(about, reaction)
    } else if let Some(read) = member(element, "read") {
        seen(about, read)
    } else if let Some(referral) = member(element, "referral") {
        about.happening(NewMessage { referral: Some(kinds::referral(referral)), ..about.act(Kind::Referral) })
    } else if let Some(optin) = member(element, "optin") {
        opted_in(about, optin)
    } else {
        thread_control(about, element).unwrap_or_else(|| unknown(about, element))
    }
}

/// The other side, and whether the account acted.
fn roles(account: &AccountId, element: &Map<String, Value>) -> (Option<ContactId>, bool) {
    let side = |name| member(element, name).and_then(|party| id::<AccountId>(party, "id"));
    let marked = |name| member(element, name).is_some_and(|body| flag(body, "is_echo") || flag(body, "is_self"));
    let (sender, recipient) = (side("sender"), side("recipient"));
    let parties = Parties {
        sender: sender.as_ref(),
        recipient: recipient.as_ref(),
        marked_echo: marked("message"),
        tapped: element.contains_key("postback") || element.contains_key("referral"),
    };
    (parties.contact(account), parties.by_account(account))
}
