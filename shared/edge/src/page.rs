//! Which page of a list is asked for.

use lambda_http::Request;

use crate::http;
use crate::problem::Problem;

/// Entries of a page, unless the caller says.
const DEFAULT_LIMIT: u32 = 25;

/// Most entries of a page.
const MAX_LIMIT: u32 = 100;

/// The caller's place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageQuery<'a> {
    /// Where the page begins; opaque.
    pub cursor: Option<&'a str>,
    /// How many entries it has at most.
    pub limit: u32,
}

impl<'a> PageQuery<'a> {
    /// Reads `cursor` and `limit`.
    ///
    /// # Errors
    ///
    /// 400 `invalid-limit`: the limit is no number from 1 to 100.
    pub fn of(request: &'a Request) -> Result<Self, Problem> {
        Ok(Self { cursor: http::query(request, "cursor"), limit: limit(http::query(request, "limit"))? })
    }
}

fn limit(text: Option<&str>) -> Result<u32, Problem> {
    let number = text.map_or(Ok(DEFAULT_LIMIT), str::parse).map_err(|_| invalid_limit())?;
    if (1..=MAX_LIMIT).contains(&number) { Ok(number) } else { Err(invalid_limit()) }
}

fn invalid_limit() -> Problem {
    Problem::new(400, "invalid-limit", "The limit cannot be used")
        .detail(format!("Use a number from 1 to {MAX_LIMIT}."))
}

/// The refusal of a cursor that is not the list's own.
#[must_use]
pub fn invalid_cursor() -> Problem {
    Problem::new(400, "invalid-cursor", "The cursor cannot be used")
        .detail("Use next_cursor of the page before, in the same list, or start without a cursor.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_25_entries_unless_the_caller_asks_for_1_to_100() {
        assert_eq!(limit(None).ok(), Some(25));
        assert_eq!((limit(Some("1")).ok(), limit(Some("100")).ok()), (Some(1), Some(100)));
        for text in ["0", "101", "-1", "", "ten", "1.5", "99999999999"] {
            assert!(limit(Some(text)).is_err(), "{text}");
        }
    }
}
