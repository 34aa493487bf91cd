//! What a notification's `object` says.

use domain::Channel;

/// Of which object a channel's notifications are.
pub(crate) const fn of(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => "instagram",
        Channel::Messenger => "page",
    }
}
