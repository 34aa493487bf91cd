//! Which conversations are asked for.

use domain::conversation::ConversationState;
use store::Filter;

use crate::error::InboxError;

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
    fn an_unknown_value_of_a_filter_is_refused_and_named() {
        assert!(matches!(filter(Some("archived"), None), Err(InboxError::Filter("state"))));
        assert!(matches!(filter(None, Some("1")), Err(InboxError::Filter("unread"))));
        let asked = filter(Some("open"), Some("true")).expect("known values");
        assert_eq!((asked.state, asked.unread), (Some(ConversationState::Open), true));
    }
}
