//! Characters that JSON carries, and a reader or the queue does not take.

use std::borrow::Cow;

/// The characters that may stand in JSON as they are, yet not in a message of SQS.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>, which allows
/// those of XML 1.0.
const REFUSED_BY_THE_QUEUE: [(char, &str); 2] = [('\u{fffe}', "\\ufffe"), ('\u{ffff}', "\\uffff")];

/// The same JSON in characters that the queue takes: the others can stand in texts only, where an escape means the same.
pub(super) fn for_the_queue(json: &str) -> Cow<'_, str> {
    let refused = |json: &str, character| json.contains::<char>(character);
    REFUSED_BY_THE_QUEUE.iter().fold(Cow::Borrowed(json), |json, &(character, escape)| {
        if refused(&json, character) { Cow::Owned(json.replace(character, escape)) } else { json }
    })
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
    fn what_the_queue_refuses_is_escaped_and_means_the_same() {
        let json = "{\"a\u{ffff}\":\"\u{fffe}é\u{fffd}😀\"}";
        let carried = for_the_queue(json);
        assert_eq!(carried, "{\"a\\uffff\":\"\\ufffeé\u{fffd}😀\"}");
        let [before, after] =
            [json, &carried].map(|json| serde_json::from_str::<serde_json::Value>(json).expect("JSON"));
        assert_eq!(before, after);
        assert!(matches!(for_the_queue("{}"), Cow::Borrowed(_)));
    }
}
