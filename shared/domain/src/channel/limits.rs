//! What a channel takes, in numbers.

use super::Channel;

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MEGABYTE: u64 = 1_000_000;

/// What one channel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The text of one message.
    pub text: TextLimit,
    /// For so long after the contact's last act a plain answer is allowed.
    pub window_ms: i64,
    /// For so long a person may answer with the `HUMAN_AGENT` tag. An advertisement keeps a thread open no longer.
    pub human_agent_ms: i64,
    /// A contact's reaction is an act as well, after which they may be answered.
    pub reaction_opens_window: bool,
    /// The kinds of attachment that can be sent by address.
    pub attachments: &'static [AttachmentLimit],
}

/// The longest text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimit {
    /// So many of them.
    pub most: usize,
    /// What is counted.
    pub unit: TextUnit,
}

/// What a text's length is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextUnit {
    /// Bytes of UTF-8: emoji and accents count for more than one.
    Bytes,
    /// Code units of UTF-16: an emoji counts for two. Meta says "characters"; no unit that it may mean counts more.
    Utf16,
}

/// A kind of attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentLimit {
    /// The channel's word: `image`, `video`, `audio`, `file`.
    pub kind: &'static str,
    /// The largest that the provider fetches.
    pub max_bytes: u64,
}

impl TextLimit {
    /// How long a text is, in this limit's unit.
    #[must_use]
    pub fn length(&self, text: &str) -> usize {
        match self.unit {
            TextUnit::Bytes => text.len(),
            TextUnit::Utf16 => text.encode_utf16().count(),
        }
    }
}

impl Limits {
    /// Whether this kind of attachment can be sent.
    #[must_use]
    pub fn takes(&self, kind: &str) -> bool {
        self.attachments.iter().any(|limit| limit.kind == kind)
    }
}

/// Images 8 MB, all else 25 MB, on both channels.
const MEDIA: &[AttachmentLimit] = &[
    AttachmentLimit { kind: "image", max_bytes: 8 * MEGABYTE },
    AttachmentLimit { kind: "video", max_bytes: 25 * MEGABYTE },
    AttachmentLimit { kind: "audio", max_bytes: 25 * MEGABYTE },
    AttachmentLimit { kind: "file", max_bytes: 25 * MEGABYTE },
];

/// Sources: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api>,
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api> and
/// <https://developers.facebook.com/docs/messenger-platform/policy/policy-overview>.
pub(super) const fn of(channel: Channel) -> Limits {
    let (text, reaction_opens_window) = match channel {
        // Of reactions Meta does not say it.
        Channel::Instagram => (TextLimit { most: 1000, unit: TextUnit::Bytes }, false),
        Channel::Messenger => (TextLimit { most: 2000, unit: TextUnit::Utf16 }, true),
    };
    Limits { text, window_ms: DAY_MS, human_agent_ms: 7 * DAY_MS, reaction_opens_window, attachments: MEDIA }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instagram_counts_bytes_and_messenger_utf16_units() {
        let lengths = |text| Channel::ALL.map(|channel| channel.limits().text.length(text));
        assert_eq!(lengths("abc"), [3, 3]);
        assert_eq!(lengths("é"), [2, 1]);
        assert_eq!(lengths("🙂"), [4, 2]);
    }

    #[test]
    fn an_attachment_that_no_channel_knows_is_not_taken() {
        for channel in Channel::ALL {
            assert!(channel.limits().takes("image") && !channel.limits().takes("template"), "{channel}");
        }
    }
}
