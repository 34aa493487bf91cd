//! Reading members that may be absent, of another type, or of another spelling than documented.

use serde_json::{Map, Value};

/// A member that is an object.
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name)?.as_object()
}

/// A member that is text or a number, as text: Meta writes ids both ways. Empty text counts as absent.
pub(crate) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A member that is text or a number, as an identifier with a rule.
pub(crate) fn id<T: TryFrom<String>>(object: &Map<String, Value>, name: &str) -> Option<T> {
    T::try_from(text(object, name)?).ok()
}

/// A whole number, or text of one.
pub(crate) fn number(object: &Map<String, Value>, name: &str) -> Option<i64> {
    match object.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether a member is `true`, also as the text that one of Meta's own samples shows.
pub(crate) fn flag(object: &Map<String, Value>, name: &str) -> bool {
    object.get(name).is_some_and(is_true)
}

/// Whether a flag is set: `true` or `"true"`.
pub(crate) fn is_true(flag: &Value) -> bool {
    flag.as_bool().unwrap_or_else(|| flag.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

/// A copy of the object without some members and without `null`s.
pub(crate) fn without(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let kept = object.iter().filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Those of the named members that are there.
pub(crate) fn only(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let found = names.iter().filter_map(|name| object.get_key_value(*name));
    found.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What an unknown object consists of, without its content: `{"fields": [names]}`.
pub(crate) fn fields(object: &Map<String, Value>) -> Map<String, Value> {
    let mut names: Vec<String> = object.keys().take(MAX_FIELDS).map(|name| stable_word(name)).collect();
    names.sort_unstable();
    Map::from_iter([("fields".to_owned(), names.into())])
}

/// What a notice keeps of its value: ids and names of members, no text that a person wrote.
pub(crate) fn details(value: &Map<String, Value>) -> Map<String, Value> {
    let mut details = fields(value);
    details.extend(only(value, &IDS).into_iter().filter(|(_, id)| id.is_string() || id.is_number()));
    details
}

/// Ids that a notice may keep: they say where to look, and nothing about a person.
const IDS: [&str; 5] = ["id", "comment_id", "media_id", "parent_id", "mid"];

/// How many names of an unknown object are kept.
const MAX_FIELDS: usize = 20;

/// A name of Meta's as a word that may stand in logs, metrics and keys.
pub(crate) fn stable_word(name: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    name.chars().map(|char| if is_plain(char) { char } else { '_' }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_name_becomes_a_word_that_may_stand_in_a_log() {
        assert_eq!(stable_word("story insights\n#"), "story_insights__");
        assert_eq!(stable_word(&"a".repeat(100)).len(), 64);
    }
}
