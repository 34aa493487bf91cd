//! Where a conversation happens, and what differs from one channel to the next.
//!
//! | Module | What |
//! | --- | --- |
//! | [`limits`] | what a channel takes: lengths, windows, attachments |
//! | [`account`] | whose inbox an event belongs to |
//! | [`login`] | the ways in which an account is connected, and what differs between them |

pub mod account;
pub mod limits;
pub mod login;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::account::{Account, AccountId, ContactId};
pub use self::limits::{AttachmentLimit, Limits, TextLimit, TextUnit};
pub use self::login::{Actor, Host, Login, LoginFacts, Scopes, SigningApp, TokenLife};

/// Where people write. A word that is none of these cannot be read: an item or a queue message with it is left out and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Direct messages of an Instagram professional account.
    Instagram,
    /// Messages to a Facebook Page.
    Messenger,
}

/// The text names no channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a channel")]
pub struct ParseChannelError;

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Instagram, Self::Messenger];

    /// The word of routes and of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
        }
    }

    /// The name in keys, in a token's encryption context and in the key's policy.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Instagram => "meta_instagram",
            Self::Messenger => "meta_messenger",
        }
    }

    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instagram => "Instagram",
            Self::Messenger => "Messenger",
        }
    }

    /// Whether an echo gives our id of the message back: then nothing else makes it ours. Otherwise it is known by its mid, or by
    /// its text as long as the mid is not known.
    #[must_use]
    pub const fn echoes_our_id(self) -> bool {
        match self {
            Self::Instagram => false,
            Self::Messenger => true,
        }
    }

    /// What the channel takes.
    #[must_use]
    pub const fn limits(self) -> Limits {
        limits::of(self)
    }

    /// The inverse of [`Self::provider`].
    fn from_provider(provider: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.provider() == provider)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = ParseChannelError;

    /// Reads the word of a route.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word).ok_or(ParseChannelError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_its_word_in_routes_and_in_json() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(channel));
            assert_eq!(serde_json::to_value(channel).expect("JSON"), channel.as_str());
            assert_eq!(Channel::from_provider(channel.provider()), Some(channel));
        }
    }

    #[test]
    fn a_word_of_a_newer_version_is_no_channel() {
        assert_eq!("whatsapp".parse::<Channel>(), Err(ParseChannelError));
        assert!(serde_json::from_str::<Channel>("\"whatsapp\"").is_err());
    }
}
