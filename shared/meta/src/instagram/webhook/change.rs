//! Elements of `changes`: a `field` and its `value`.

use domain::event::{NewMessage, Payload};
use domain::id::{AccountId, ContactId, Mid};
use domain::message::Kind;
use serde_json::{Map, Value};

use crate::webhook::read::context::{Context, notice};
use crate::webhook::read::element::Element;
use crate::webhook::read::json::{details, id, member, only, stable_word, text};

/// Fields whose changes are what otherwise stands in `messaging`.
const MESSAGING: [&str; 8] = [
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "message_edit",
    "message_edits",
    "messaging_referral",
    "messaging_referrals",
];

/// Reads one change.
pub(crate) fn read(context: Context<'_>, change: &Map<String, Value>) -> Payload {
    let field = text(change, "field").unwrap_or_else(|| "unknown_field".to_owned());
    let Some(value) = member(change, "value") else {
        return notice(&stable_word(&field), Map::new());
    };
    match field.as_str() {
        "comments" | "live_comments" => commented(context, &field, value),
        name if MESSAGING.contains(&name) => super::read(context, value),
        // Others in the wrong list.
        _ if value.contains_key("sender") || value.contains_key("recipient") => super::read(context, value),
        _ => notice(&stable_word(&field), details(value)),
    }
}

/// A public comment: shown as a message that opens no window. The account's own are left out, since whoever
/// answers comments automatically would answer oneself.
fn commented(context: Context<'_>, field: &str, value: &Map<String, Value>) -> Payload {
    let author = member(value, "from");
    let own = |author: &Map<String, Value>| {
        id::<AccountId>(author, "id").as_ref() == Some(&context.queued.account.id)
            || author.contains_key("self_ig_scoped_id")
    };
    if author.is_some_and(own) {
        return Payload::Nothing { kind: "own_comment" };
    }
    let Some(contact) = author.and_then(|author| id::<ContactId>(author, "id")) else {
        return notice(field, details(value));
    };
    let about = Element { context, contact: &contact, from_account: false };
    let mid: Option<Mid> = id(value, "id").or_else(|| id(value, "comment_id"));
    let mut metadata = only(value, &["parent_id", "media"]);
    metadata.insert("field".to_owned(), Value::from(field));
    metadata.extend(mid.as_ref().map(|mid| ("comment_id".to_owned(), Value::from(mid.as_str()))));
    metadata.extend(author.map(|author| only(author, &["username"])).unwrap_or_default());
    about.payload(NewMessage {
        text: text(value, "text"),
        username: author.and_then(|author| text(author, "username")),
        metadata,
        ..about.new_message(mid, Kind::Comment)
    })
}
