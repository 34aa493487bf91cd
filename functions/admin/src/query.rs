//! Which page of a list is asked for.

use edge::http;
use lambda_http::Request;

use crate::error::AdminError;

/// Entries of a page, unless the caller says.
const DEFAULT_LIMIT: u32 = 25;

/// Most entries of a page.
pub(crate) const MAX_LIMIT: u32 = 100;

/// The caller's place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageQuery<'a> {
    /// Where the page begins; opaque.
    pub(crate) cursor: Option<&'a str>,
    /// How many entries it has at most.
    pub(crate) limit: u32,
}

impl<'a> PageQuery<'a> {
    /// Reads `cursor` and `limit`.
    pub(crate) fn of(request: &'a Request) -> Result<Self, AdminError> {
        Ok(Self { cursor: http::query(request, "cursor"), limit: limit(http::query(request, "limit"))? })
    }
}

fn limit(text: Option<&str>) -> Result<u32, AdminError> {
    let number = text.map_or(Ok(DEFAULT_LIMIT), str::parse).map_err(|_| AdminError::Limit)?;
    if (1..=MAX_LIMIT).contains(&number) { Ok(number) } else { Err(AdminError::Limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_25_entries_unless_the_caller_asks_for_1_to_100() {
        assert_eq!(limit(None).ok(), Some(25));
        assert_eq!((limit(Some("1")).ok(), limit(Some("100")).ok()), (Some(1), Some(100)));
        for text in ["0", "101", "-1", "", "ten", "1.5"] {
            assert!(limit(Some(text)).is_err(), "{text}");
        }
    }
}
