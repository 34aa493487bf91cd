//! Lists, newest first.

use domain::conversation::ConversationState;
use domain::{Channel, Conversation, ConversationId, Message, TenantId};

use super::InboxStore;
use crate::cursor::{List, Listing, Page};
use crate::error::StoreError;
use crate::expiry;
use crate::item::{number, readable, text, to_value};
use crate::key::{CONVERSATION, MESSAGE, accounts_of, all_with, messages_partition, tenant_partition};

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
    /// Only those of one channel.
    pub channel: Option<Channel>,
}

impl Filter {
    /// Empty where it leaves nothing out.
    fn words(self) -> String {
        let state = self.state.map(|state| format!("{state:?}"));
        let unread = self.unread.then(|| "unread".to_owned());
        let channel = self.channel.map(|channel| channel.to_string());
        [state, unread, channel].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl InboxStore {
    /// A tenant's conversations by their last message, newest first. The index may be behind (well under a second as a
    /// rule): nothing is decided by this list, it is shown and asked for again. What the index does not hold is at its
    /// default: read marks, what was counted, the version.
    ///
    /// A page holds `limit` conversations unless it is the last, or a filter leaves out so many that the page ends
    /// early, with a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn conversations(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: u32,
        filter: Filter,
    ) -> Result<Page<Conversation>, StoreError> {
        let partition = tenant_partition(tenant);
        let list = List {
            partition: &partition,
            bounds: all_with(CONVERSATION),
            index: Some(LAST_MESSAGE_AT),
            filters: filter.words(),
        };
        let listing = Listing::new(list, cursor, limit, expiry::now(&self.threads.client))?;
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
        if let Some(channel) = filter.channel {
            conditions.push("begins_with(account, :channel)");
            query = query.expression_attribute_values(":channel", text(accounts_of(channel)));
        }
        let query = query.set_filter_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")));
        listing.page(query, |item| readable("conversation", item)).await
    }

    /// A conversation's messages, newest first, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadCursor`], [`StoreError::Unavailable`].
    pub async fn messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Message>, StoreError> {
        let partition = messages_partition(tenant, conversation);
        let list = List { partition: &partition, bounds: all_with(MESSAGE), index: None, filters: String::new() };
        let listing = Listing::new(list, cursor, limit, expiry::now(&self.threads.client))?;
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
        listing.page(query, |item| readable("message", item)).await
    }
}
