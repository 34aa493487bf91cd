//! Elements of `changes`: a `field` and its `value`.

use domain::event::Payload;
use domain::id::AccountId;
use serde_json::{Map, Value};

use crate::webhook::read::context::{Context, notice};
use crate::webhook::read::json::{details, id, member, stable_word, text};

/// Reads one change.
pub(crate) fn read(context: Context<'_>, change: &Map<String, Value>) -> Payload {
    let field = text(change, "field").unwrap_or_else(|| "unknown_field".to_owned());
    let Some(value) = member(change, "value") else {
        return notice(&stable_word(&field), Map::new());
    };
    match field.as_str() {
        "feed" => Payload::Nothing { kind: on_the_page(context, value) },
        // What otherwise stands in `messaging`.
        _ if value.contains_key("sender") || value.contains_key("recipient") => super::read(context, value),
        _ => notice(&stable_word(&field), details(value)),
    }
}

/// What happened on the Page itself, where everybody reads it. There may be thousands in an hour, and none is a message: each is
/// counted.
fn on_the_page(context: Context<'_>, value: &Map<String, Value>) -> &'static str {
    let author = member(value, "from").and_then(|author| id::<AccountId>(author, "id"));
    let word = |name| text(value, name).unwrap_or_default();
    match (word("item").as_str(), word("verb").as_str()) {
        _ if author.as_ref() == Some(&context.queued.account.id) => "feed_own",
        ("comment", "add") => "feed_comment",
        ("comment", _) => "feed_comment_changed",
        _ => "feed",
    }
}
