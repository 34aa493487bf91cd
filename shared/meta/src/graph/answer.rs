//! Shapes that Meta's answers share, tolerant where documentation and observation differ.

use domain::time::UnixSeconds;
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

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct List<T> {
    #[serde(default = "Vec::new")]
    pub(super) data: Vec<T>,
    pub(super) paging: Option<Paging>,
}

/// Where the next page is.
#[derive(Deserialize)]
pub(super) struct Paging {
    cursors: Option<Cursors>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Paging {
    /// The cursor of the next page, if there is one.
    ///
    /// The address in `next` is not followed: it would send a token wherever an answer says.
    pub(super) fn after(self) -> Option<String> {
        let next = self.next?;
        self.cursors.and_then(|cursors| cursors.after).or_else(|| {
            let next = url::Url::parse(&next).ok()?;
            next.query_pairs().find(|(name, _)| name == "after").map(|(_, after)| after.into_owned())
        })
    }
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
        Other(serde::de::IgnoredAny),
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

    fn after(json: &str) -> Option<String> {
        serde_json::from_str::<Paging>(json).expect("a paging object").after()
    }

    #[test]
    fn the_next_page_is_found_by_cursor_or_in_the_address_and_the_last_page_has_none() {
        assert_eq!(after(r#"{"cursors":{"after":"A"},"next":"https://x/?after=B"}"#).as_deref(), Some("A"));
        assert_eq!(after(r#"{"next":"https://x/?access_token=t&after=B"}"#).as_deref(), Some("B"));
        assert_eq!(after(r#"{"cursors":{"after":"A"}}"#), None);
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
