//! What a person reads about a message that was not sent, where Meta was not even asked.

use domain::message::SendFailure;
use domain::{Channel, ConnectionStatus};

fn failure(reason: &str, title: impl Into<String>, advice: impl Into<String>) -> SendFailure {
    SendFailure { reason: reason.to_owned(), title: title.into(), advice: advice.into(), code: None, subcode: None }
}

/// Nothing could send it for a day: a late answer may be worse than none.
pub(crate) fn not_sent_in_time() -> SendFailure {
    failure("not_sent_in_time", "The message could not be sent within a day.", "Send it again if it is still of use.")
}

/// Why nothing can be sent over a connection of this status, or over one that is not there. `None`: it can.
pub(crate) fn of_connection(channel: Channel, status: Option<ConnectionStatus>) -> Option<SendFailure> {
    match status {
        Some(ConnectionStatus::Active | ConnectionStatus::Pending) => None,
        Some(ConnectionStatus::Error | ConnectionStatus::Other(_)) => Some(reconnect_needed(channel)),
        Some(ConnectionStatus::Paused) => Some(failure(
            "connection_paused",
            "The connection is paused: the plan has fewer connections.",
            "Upgrade the plan, or disconnect another account.",
        )),
        Some(ConnectionStatus::Revoked) | None => Some(failure(
            "not_connected",
            format!("{} is not connected.", channel.name()),
            "Connect the account again.",
        )),
    }
}

/// The connection's token is of no use any more.
pub(crate) fn reconnect_needed(channel: Channel) -> SendFailure {
    failure(
        "reconnect_needed",
        format!("The connection to {} does not work any more.", channel.name()),
        "Connect the account again, then send the message again.",
    )
}

/// Meta may or may not have the message.
pub(crate) fn delivery_unknown(channel: Channel) -> SendFailure {
    failure(
        "delivery_unknown",
        "It is not known whether the message arrived.",
        format!("Look at the conversation in {} before you send it again.", channel.name()),
    )
}

/// Meta cannot be asked at the moment, for a reason on our side.
pub(crate) fn unavailable() -> SendFailure {
    failure("unavailable", "The message could not be sent.", "Send it again later.")
}
