//! Shapes that Meta's answers share, tolerant where documentation and observation differ.

use domain::time::UnixSeconds;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// An object that comes as it is, or as the only element of `data`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Wrapped<T> {
    Data { data: Vec<T> },
    Flat(T),
}

impl<T> Wrapped<T> {
    /// The object; `None` for an empty `data`.
    pub(super) fn into_inner(self) -> Option<T> {
        match self {
            Self::Data { data } => data.into_iter().next(),
            Self::Flat(object) => Some(object),
        }
    }
}

/// A page of a list, read element by element: one that cannot be read hides no other.
#[derive(Deserialize)]
#[serde(from = "Sent<T>")]
pub(super) struct List<T> {
    /// What could be read.
    pub(super) data: Vec<T>,
    /// Whether that is all of the page.
    pub(super) is_readable: bool,
    pub(super) next: Next,
}

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This was its last page.
    Nowhere,
    /// After this cursor.
    After(String),
    /// It does, and the answer does not tell where.
    Unknown,
}

impl<T> List<T> {
    /// Whether there is nothing else.
    pub(super) fn is_whole(&self) -> bool {
        self.is_readable && self.next == Next::Nowhere
    }
}

#[derive(Deserialize)]
struct Sent<T> {
    data: Option<Vec<Element<T>>>,
    paging: Option<Element<Paging>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Element<T> {
    Readable(T),
    Unreadable(IgnoredAny),
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl<T> From<Sent<T>> for List<T> {
    fn from(Sent { data, paging }: Sent<T>) -> Self {
        let elements = data.as_ref().map(Vec::len);
        let data: Vec<T> = data.into_iter().flatten().filter_map(Element::readable).collect();
        let next = match paging {
            None => Next::Nowhere,
            Some(Element::Readable(paging)) => paging.next(),
            Some(Element::Unreadable(_)) => Next::Unknown,
        };
        Self { is_readable: elements == Some(data.len()), data, next }
    }
}

impl<T> Element<T> {
    fn readable(self) -> Option<T> {
        match self {
            Self::Readable(element) => Some(element),
            Self::Unreadable(_) => None,
        }
    }
}

impl Paging {
    /// The address in `next` is not followed: it would send a token wherever an answer says.
    fn next(self) -> Next {
        let Some(next) = self.next else { return Next::Nowhere };
        let cursor = self.cursors.and_then(|cursors| cursors.after).or_else(|| {
            let next = url::Url::parse(&next).ok()?;
            next.query_pairs().find(|(name, _)| name == "after").map(|(_, after)| after.into_owned())
        });
        // An empty cursor is the list's beginning.
        cursor.filter(|cursor| !cursor.is_empty()).map_or(Next::Unknown, Next::After)
    }
}

/// The elements of a list that can be read; none where there is no list.
pub(super) fn readable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let elements = Option::<Vec<Element<T>>>::deserialize(deserializer)?;
    Ok(elements.into_iter().flatten().filter_map(Element::readable).collect())
}

/// Permissions as a comma-separated text or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Permissions {
    Text(String),
    List(Vec<String>),
}

impl Permissions {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            Self::List(scopes) => scopes,
        }
    }
}

/// `{"success": true}`, which one page of Meta's prints as `"true"`.
#[derive(Deserialize)]
pub(super) struct Success {
    success: Flag,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Success {
    pub(super) fn is_true(&self) -> bool {
        match &self.success {
            Flag::Bool(success) => *success,
            Flag::Text(text) => text == "true",
        }
    }
}

/// A whole number, or text of one; anything else counts as absent.
pub(super) fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        Some(Either::Number(number)) => Some(number),
        Some(Either::Text(text)) => text.parse().ok(),
        Some(Either::Other(_)) | None => None,
    })
}

/// An instant in which Meta writes 0 for "never".
pub(super) fn instant(seconds: Option<i64>) -> Option<UnixSeconds> {
    seconds.filter(|seconds| *seconds > 0).map(UnixSeconds::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(paging: &str) -> Next {
        let list = format!(r#"{{"data":[],"paging":{paging}}}"#);
        serde_json::from_str::<List<u8>>(&list).expect("a list").next
    }

    #[test]
    fn the_next_page_is_found_by_cursor_or_in_the_address_and_the_last_page_has_none() {
        let after = |cursor: &str| Next::After(cursor.to_owned());
        assert_eq!(next(r#"{"cursors":{"after":"A"},"next":"https://x/?after=B"}"#), after("A"));
        assert_eq!(next(r#"{"next":"https://x/?access_token=t&after=B"}"#), after("B"));
        assert_eq!(next(r#"{"cursors":{"after":"A"}}"#), Next::Nowhere);
        assert_eq!(next("null"), Next::Nowhere);
        assert_eq!(next(r#"{"next":"https://x/"}"#), Next::Unknown);
        assert_eq!(next("[]"), Next::Unknown);
    }

    #[test]
    fn an_element_that_cannot_be_read_is_left_out_and_told() {
        for (list, data, is_whole) in [
            (r#"{"data":[1,"two",null,4]}"#, &[1, 4][..], false),
            (r#"{"data":[1]}"#, &[1], true),
            (r#"{"data":[]}"#, &[], true),
            ("{}", &[], false),
        ] {
            let read: List<u8> = serde_json::from_str(list).expect("a list");
            assert_eq!((read.is_whole(), &*read.data), (is_whole, data), "{list}");
        }
    }

    #[test]
    fn permissions_are_read_in_both_spellings() {
        for json in [r#""a,b""#, r#""a, b""#, r#"["a","b"]"#] {
            let permissions: Permissions = serde_json::from_str(json).expect("permissions");
            assert_eq!(permissions.into_vec(), ["a", "b"]);
        }
    }

    #[test]
    fn success_may_be_text() {
        for (json, expected) in
            [(r#"{"success":true}"#, true), (r#"{"success":"true"}"#, true), (r#"{"success":false}"#, false)]
        {
            let success: Success = serde_json::from_str(json).expect("an answer");
            assert_eq!(success.is_true(), expected);
        }
    }
}
