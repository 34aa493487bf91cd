//! Reading members that may be absent, of another type, or of another spelling than documented.

use std::borrow::Cow;

use domain::time::UnixMillis;
use serde_json::{Map, Value};

/// A member that is an object.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name)?.as_object()
}

/// A member that is text or a number, as text: Meta writes ids both ways. Empty text counts as absent.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A member that is text or a number, as an identifier with a rule.
pub(super) fn id<T: TryFrom<String>>(object: &Map<String, Value>, name: &str) -> Option<T> {
    T::try_from(text(object, name)?).ok()
}

/// A whole number, or text of one.
pub(super) fn number(object: &Map<String, Value>, name: &str) -> Option<i64> {
    match object.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether a member is `true`.
pub(super) fn flag(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name) == Some(&Value::Bool(true))
}

/// `timestamp`: milliseconds, seconds, or text of either. Zero and less are no times.
pub(super) fn time(object: &Map<String, Value>) -> Option<UnixMillis> {
    number(object, "timestamp").filter(|number| *number > 0).map(UnixMillis::of_either_unit)
}

/// A copy of the object without some members and without `null`s.
pub(super) fn without(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let kept = object.iter().filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Those of the named members that are there.
pub(super) fn only(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let found = names.iter().filter_map(|name| object.get_key_value(*name));
    found.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What an unknown object consists of, without its content: `{"fields": [names]}`.
pub(super) fn fields(object: &Map<String, Value>) -> Map<String, Value> {
    let mut names: Vec<String> = object.keys().take(MAX_FIELDS).map(|name| stable_word(name)).collect();
    names.sort_unstable();
    Map::from_iter([("fields".to_owned(), names.into())])
}

/// How many names of an unknown object are kept.
const MAX_FIELDS: usize = 20;

/// A name of Meta's as a word that may stand in logs, metrics and keys.
pub(super) fn stable_word(name: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    name.chars().map(|char| if is_plain(char) { char } else { '_' }).take(64).collect()
}

/// Half of a surrogate pair, as a text that was cut within an emoji holds it, is no character: `U+FFFD` instead.
///
/// Without that, one message cut in an unlucky place could never be read.
pub(super) fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        at += match (surrogate(json, at), surrogate(json, at + ESCAPE)) {
            (None, _) => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
            (Some(Half::High), Some(Half::Low)) => 2 * ESCAPE,
            (Some(_), _) => {
                mended.push_str(&json[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + ESCAPE;
                ESCAPE
            }
        };
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[copied..]);
    Cow::Owned(mended)
}

/// Length of `\uXXXX`.
const ESCAPE: usize = 6;

enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair is escaped at this place.
fn surrogate(json: &str, at: usize) -> Option<Half> {
    let digits = json.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_replaced_and_a_whole_one_kept() {
        let cases = [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\ude00\ud83d\ud83d\ude00""#, r#""\ufffd\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            ("\"\\é\"", "\"\\é\""),
        ];
        for (broken, mended) in cases {
            assert_eq!(without_lone_surrogates(broken), mended);
        }
    }

    #[test]
    fn a_strange_name_becomes_a_word_that_may_stand_in_a_log() {
        assert_eq!(stable_word("story insights\n#"), "story_insights__");
        assert_eq!(stable_word(&"a".repeat(100)).len(), 64);
    }
}
