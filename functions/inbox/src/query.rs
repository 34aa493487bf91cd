//! Which page of a list is asked for.

use domain::conversation::ConversationState;
use store::Filter;

use crate::error::InboxError;

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
    pub(crate) fn read(cursor: Option<&'a str>, limit: Option<&str>) -> Result<Self, InboxError> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => {
                let number = text.parse().map_err(|_| InboxError::Limit)?;
                if (1..=MAX_LIMIT).contains(&number) { number } else { return Err(InboxError::Limit) }
            }
        };
        Ok(Self { cursor, limit })
    }
}

/// Reads `state` and `unread`.
pub(crate) fn filter(state: Option<&str>, unread: Option<&str>) -> Result<Filter, InboxError> {
    let state = match state {
        None => None,
        Some("open") => Some(ConversationState::Open),
        Some("closed") => Some(ConversationState::Closed),
        Some(_) => return Err(InboxError::Filter("state")),
    };
    let unread = match unread {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(InboxError::Filter("unread")),
    };
    Ok(Filter { state, unread })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_25_entries_unless_the_caller_asks_for_1_to_100() {
        let limit = |text| PageQuery::read(None, text).map(|page| page.limit).ok();
        assert_eq!(limit(None), Some(25));
        assert_eq!((limit(Some("1")), limit(Some("100"))), (Some(1), Some(100)));
        for text in ["0", "101", "-1", "", "ten", "1.5", "99999999999"] {
            assert_eq!(limit(Some(text)), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_value_of_a_filter_is_refused_and_named() {
        assert!(matches!(filter(Some("archived"), None), Err(InboxError::Filter("state"))));
        assert!(matches!(filter(None, Some("1")), Err(InboxError::Filter("unread"))));
        let asked = filter(Some("open"), Some("true")).expect("known values");
        assert_eq!((asked.state, asked.unread), (Some(ConversationState::Open), true));
    }
}
