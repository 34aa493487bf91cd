//! How long messages and conversations are kept: `DynamoDB` deletes them by itself some time after that.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Conversation, UnixMillis, UnixSeconds};

use crate::item::{Item, number};

/// The tables' TTL attribute.
pub(crate) const TTL: &str = "ttl";

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What the plan says about a thread, where that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retention {
    /// It was not read: what is there keeps its time.
    #[default]
    Unread,
    /// So many days after its last message; `None`: for good.
    Days(Option<u32>),
}

impl Retention {
    /// As for a message that is there.
    pub(crate) fn of_message(item: &Item, created_at: UnixMillis) -> Self {
        let ends_at: Option<i64> = item.get(TTL).and_then(|ttl| ttl.as_n().ok()?.parse().ok());
        let days = ends_at.map(|end| (end - created_at.seconds().get()) / SECONDS_PER_DAY);
        Self::Days(days.and_then(|days| u32::try_from(days).ok()))
    }

    /// When a message of this time is deleted.
    pub(crate) fn end(self, at: UnixMillis) -> Option<UnixSeconds> {
        match self {
            Self::Unread | Self::Days(None) => None,
            Self::Days(Some(days)) => Some(at.seconds().plus(i64::from(days) * SECONDS_PER_DAY)),
        }
    }

    /// Adds the end of a conversation to its attributes.
    pub(crate) fn stamp(self, conversation: &Conversation, item: &mut Item) {
        if let Some(end) = self.end(conversation.last_message_at).filter(|_| conversation.last_message.is_some()) {
            item.insert(TTL.to_owned(), number(end.get()));
        }
    }

    /// Adds the ends of a conversation before and after a change, so that a new last message moves the end along, or
    /// takes it away where the plan keeps everything. It is part of a write that happens anyway.
    pub(crate) fn stamp_change(self, change: (&Conversation, &Conversation), before: &mut Item, after: &mut Item) {
        if self == Self::Unread || change.0.last_message_at == change.1.last_message_at {
            return;
        }
        before.insert(TTL.to_owned(), AttributeValue::Null(true));
        self.stamp(change.1, after);
    }
}
