//! Which conversations are asked for.

use domain::conversation::ConversationState;
use store::Filter;

use crate::error::InboxError;

/// Reads `state`, `unread` and `channel`.
pub(crate) fn filter<'q>(asked: impl Fn(&str) -> Option<&'q str>) -> Result<Filter, InboxError> {
    let state = match asked("state") {
        None => None,
        Some("open") => Some(ConversationState::Open),
        Some("closed") => Some(ConversationState::Closed),
        Some(_) => return Err(InboxError::Filter("state")),
    };
    let unread = match asked("unread") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(InboxError::Filter("unread")),
    };
    let channel = asked("channel").map(str::parse).transpose().map_err(|_| InboxError::Filter("channel"))?;
    Ok(Filter { state, unread, channel })
}

#[cfg(test)]
mod tests {
    use domain::Channel;

    use super::*;

    #[test]
    fn an_unknown_value_of_a_filter_is_refused_and_named() {
        for (name, value) in [("state", "archived"), ("unread", "1"), ("channel", "telegraph")] {
            let refused = filter(|asked| (asked == name).then_some(value));
            assert!(matches!(refused, Err(InboxError::Filter(named)) if named == name), "{name}");
        }
        let values = [("state", "open"), ("unread", "true"), ("channel", "messenger")];
        let found = filter(|asked| values.iter().find(|(name, _)| *name == asked).map(|(_, value)| *value));
        let found = found.expect("known values");
        assert_eq!(
            (found.state, found.unread, found.channel),
            (Some(ConversationState::Open), true, Some(Channel::Messenger))
        );
    }
}
