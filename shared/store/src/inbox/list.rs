//! Lists, newest first.

use domain::conversation::ConversationState;
use domain::{Conversation, ConversationId, Message, TenantId};

use super::InboxStore;
use crate::cursor::{Listing, Page, Position};
use crate::error::StoreError;
use crate::expiry;
use crate::item::{from_item, number, text, to_value};
use crate::key::{MESSAGE, messages_partition, tenant_partition};

/// The index of conversations by their last message.
const BY_LAST_MESSAGE: &str = "by-last-message";
/// What it sorts by.
const LAST_MESSAGE_AT: &str = "last_message_at";

/// Which conversations a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only open or only closed ones.
    pub state: Option<ConversationState>,
    /// Only those with unread messages.
    pub unread: bool,
}

impl InboxStore {
    /// A tenant's conversations by their last message, newest first. Eventually consistent (well under a second). What
    /// the index does not hold is at its default: read marks, what was counted, the version.
    ///
    /// A page holds `limit` conversations unless it is the last, or a filter leaves out so many that the page ends
    /// early, with a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn conversations(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: u32,
        filter: Filter,
    ) -> Result<Page<Conversation>, StoreError> {
        let partition = tenant_partition(tenant);
        let start = cursor.map(|cursor| Position::decode(&partition, cursor)).transpose()?;
        let mut conditions = Vec::new();
        let mut query = self
            .threads
            .client
            .query()
            .table_name(&self.threads.conversations)
            .index_name(BY_LAST_MESSAGE)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(&partition))
            .scan_index_forward(false);
        if let Some(state) = filter.state {
            conditions.push("#state = :state");
            query = query
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":state", to_value(&state)?);
        }
        if filter.unread {
            conditions.push("unread > :zero");
            query = query.expression_attribute_values(":zero", number(0));
        }
        let filtered = !conditions.is_empty();
        let query = query.set_filter_expression(filtered.then(|| conditions.join(" AND ")));
        let now = expiry::now(&self.threads.client);
        let listing = Listing { partition: &partition, index: Some(LAST_MESSAGE_AT), filtered, limit, start, now };
        listing.page(query, |item| from_item("conversation", item)).await
    }

    /// A conversation's messages, newest first, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Message>, StoreError> {
        let partition = messages_partition(tenant, conversation);
        let start = cursor.map(|cursor| Position::decode(&partition, cursor)).transpose()?;
        let query = self
            .threads
            .client
            .query()
            .table_name(&self.threads.messages)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(&partition))
            .expression_attribute_values(":prefix", text(MESSAGE))
            .scan_index_forward(false)
            .consistent_read(true);
        let now = expiry::now(&self.threads.client);
        let listing = Listing { partition: &partition, index: None, filtered: false, limit, start, now };
        listing.page(query, |item| from_item("message", item)).await
    }
}
