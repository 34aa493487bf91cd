//! Walking through the messages of a conversation.

use domain::{ConversationId, Message, MessageId, Mid, TenantId, UnixMillis};

use super::Threads;
use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, readable, text};
use crate::key::{MESSAGE, message_sort, messages_partition};

/// Messages on the first page of a walk.
const FIRST_PAGE: i32 = 10;

/// A walk through a conversation's messages, newest first.
///
/// What is looked for is nearly always among the newest, and a page is paid by its size, so the first is small and each
/// next one eight times as large.
#[derive(Debug)]
pub(crate) struct Walk {
    partition: String,
    low: String,
    high: String,
    only: Option<(&'static str, String)>,
    /// Whether all of it is read consistently, or only the first page.
    consistent: bool,
    /// Messages that are still to be looked at, at most.
    reach: usize,
    limit: i32,
    start: Option<Item>,
    done: bool,
}

impl Walk {
    /// Through all messages.
    pub(crate) fn all(tenant: &TenantId, conversation: &ConversationId) -> Self {
        // ':' is the character after '9', so it ends the range of all times.
        Self::range(tenant, conversation, MESSAGE.to_owned(), format!("{MESSAGE}:"))
    }

    /// Through those written from `first` to `last`, both included.
    pub(crate) fn between(
        tenant: &TenantId,
        conversation: &ConversationId,
        first: UnixMillis,
        last: UnixMillis,
    ) -> Self {
        let low = message_sort(&MessageId::new(first, [0; 8]));
        let high = message_sort(&MessageId::new(last, [u8::MAX; 8]));
        Self::range(tenant, conversation, low, high)
    }

    /// Through those written from `first` on.
    pub(crate) fn since(tenant: &TenantId, conversation: &ConversationId, first: UnixMillis) -> Self {
        Self { low: message_sort(&MessageId::new(first, [0; 8])), ..Self::all(tenant, conversation) }
    }

    /// Leaves out messages whose attribute has another text.
    pub(crate) fn only(mut self, name: &'static str, value: &str) -> Self {
        self.only = Some((name, value.to_owned()));
        self
    }

    fn range(tenant: &TenantId, conversation: &ConversationId, low: String, high: String) -> Self {
        let partition = messages_partition(tenant, conversation);
        let (consistent, reach, limit) = (true, usize::MAX, FIRST_PAGE);
        Self { partition, low, high, only: None, consistent, reach, limit, start: None, done: false }
    }
}

impl Threads {
    /// Finds the message that has this mid among so many, newest first (`None`: among all). Only the newest are read
    /// consistently: the others have been there for longer than any read is behind, but may have changed since.
    pub(crate) async fn find_by_mid(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        mid: &Mid,
        reach: Option<usize>,
    ) -> Result<Option<Message>, StoreError> {
        let walk = Walk::all(tenant, conversation).only("provider_message_id", mid.as_str());
        let mut walk = Walk { consistent: false, reach: reach.unwrap_or(usize::MAX), ..walk };
        while let Some(messages) = self.next(&mut walk).await? {
            if let Some(found) = messages.into_iter().next() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The next messages of a walk, without any that cannot be read; `None` at its end.
    pub(crate) async fn next(&self, walk: &mut Walk) -> Result<Option<Vec<Message>>, StoreError> {
        let items = self.next_items(walk).await?;
        Ok(items.map(|items| items.into_iter().filter_map(|item| readable("message", item)).collect()))
    }

    /// As [`Self::next`], with what stands beside the messages.
    pub(crate) async fn next_items(&self, walk: &mut Walk) -> Result<Option<Vec<Item>>, StoreError> {
        if walk.done {
            return Ok(None);
        }
        let mut query = self
            .client
            .query()
            .table_name(&self.messages)
            .key_condition_expression("pk = :pk AND sk BETWEEN :low AND :high")
            .expression_attribute_values(":pk", text(&walk.partition))
            .expression_attribute_values(":low", text(&walk.low))
            .expression_attribute_values(":high", text(&walk.high))
            .scan_index_forward(false)
            .consistent_read(walk.consistent || walk.limit == FIRST_PAGE)
            .limit(walk.limit.min(i32::try_from(walk.reach).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(walk.start.take());
        if let Some((name, value)) = &walk.only {
            query = query
                .filter_expression("#only = :only")
                .expression_attribute_names("#only", *name)
                .expression_attribute_values(":only", text(value));
        }
        let output = query.send().await?;
        walk.start = output.last_evaluated_key;
        walk.reach = walk.reach.saturating_sub(usize::try_from(output.scanned_count).unwrap_or_default());
        walk.done = walk.start.is_none() || walk.reach == 0;
        walk.limit = walk.limit.saturating_mul(8);
        let now = expiry::now(&self.client);
        let items = output.items.unwrap_or_default().into_iter();
        Ok(Some(items.filter(|item| expiry::living(item, now)).collect()))
    }
}
