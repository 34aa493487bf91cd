//! Everything that decides whether an answer may go out, in two reads.

use domain::{
    Connection, Conversation, ConversationId, Message, MessageId, TenantId, TenantProfile, UnixMillis, UnixSeconds,
};
use serde::{Deserialize, Serialize};

use super::OutboundStore;
use super::draft::Draft;
use super::order::is_waiting;
use crate::batch;
use crate::error::StoreError;
use crate::item::{Item, from_item};
use crate::key::{Key, month};
use crate::tenants::Usage;
use crate::threads::Stored;

/// What the policy needs to know before an answer is queued.
#[derive(Clone, Debug)]
pub struct SendContext {
    /// Whose conversation it is.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: Conversation,
    /// The connection of the conversation's account, in whatever status; `None` when it was never connected.
    pub connection: Option<Connection>,
    /// The tenant's settings, where somebody has made any.
    pub profile: Option<TenantProfile>,
    /// What the tenant has used this month. Only [`OutboundStore::queue`] decides: others may be spending as well.
    pub usage: Usage,
    /// The answer that still waits in the conversation, and with it perhaps others before it.
    pub(super) waiting: Option<MessageId>,
    pub(super) earlier: Option<(Record, Option<Message>)>,
}

/// What an `Idempotency-Key` was used for before.
#[derive(Clone, Debug, PartialEq)]
pub enum Earlier {
    /// The same request: this is its message, as it is now.
    Same(Box<Message>),
    /// Another request.
    Other,
}

/// What is read beside a conversation.
struct Beside {
    connection: Option<Connection>,
    /// That of the `Idempotency-Key`.
    message: Option<Message>,
    waiting: Option<MessageId>,
}

/// The note of an `Idempotency-Key`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) message: MessageId,
    pub(super) fingerprint: String,
    /// From then on the key is free again; the table's own deletion may come days later.
    #[serde(rename = "ttl")]
    pub(super) free_at: UnixSeconds,
}

impl SendContext {
    /// What the draft's key was used for before. A replay is answered before any rule is asked: the message was
    /// accepted then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Shape`] when the draft cannot be serialised.
    pub fn earlier(&self, draft: &Draft) -> Result<Option<Earlier>, StoreError> {
        let Some((record, message)) = &self.earlier else { return Ok(None) };
        let same = record.fingerprint == draft.fingerprint()?;
        Ok(Some(match message {
            Some(message) if same => Earlier::Same(Box::new(message.clone())),
            _ => Earlier::Other,
        }))
    }
}

impl OutboundStore {
    /// Reads what decides about an answer; `None` when the tenant has no such conversation. Two `BatchGetItem`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn context(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        idempotency_key: Option<&str>,
        now: UnixMillis,
    ) -> Result<Option<SendContext>, StoreError> {
        let thread = Key::conversation(tenant, conversation);
        let profile = Key::profile(tenant);
        let usage = Key::usage(tenant, &month(now));
        let record = idempotency_key.map(|key| Key::idempotency(tenant, conversation, key));
        let mut wanted = vec![
            (self.threads.conversations.as_str(), thread.clone()),
            (self.tenants.as_str(), profile.clone()),
            (self.tenants.as_str(), usage.clone()),
        ];
        wanted.extend(record.iter().map(|key| (self.tenants.as_str(), key.clone())));
        let mut found = batch::get(&self.threads.client, &wanted).await?;
        let stored = found.remove(&thread).map(Stored::read).transpose()?;
        let Some(conversation) = stored.and_then(Stored::conversation) else { return Ok(None) };
        let record = record.and_then(|key| found.remove(&key)).map(read_record).transpose()?;
        let record = record.filter(|record| now.seconds() < record.free_at);
        let Beside { connection, message, waiting } = self.beside(tenant, &conversation, record.as_ref()).await?;
        Ok(Some(SendContext {
            tenant: tenant.clone(),
            conversation,
            connection,
            profile: found.remove(&profile).map(|item| from_item("tenant", item)).transpose()?,
            usage: found.remove(&usage).map(|item| from_item("usage", item)).transpose()?.unwrap_or_default(),
            waiting,
            earlier: record.map(|record| (record, message)),
        }))
    }

    async fn beside(
        &self,
        tenant: &TenantId,
        conversation: &Conversation,
        record: Option<&Record>,
    ) -> Result<Beside, StoreError> {
        let connection = Key::connection(tenant, &conversation.account);
        let message = record.map(|record| Key::message(tenant, &conversation.id, &record.message));
        let mut wanted = vec![(self.connections.as_str(), connection.clone())];
        let last = conversation.last_answer.as_ref().map(|id| (id, Key::message(tenant, &conversation.id, id)));
        let messages = message.iter().chain(last.iter().map(|(_, key)| key));
        wanted.extend(messages.map(|key| (self.threads.messages.as_str(), key.clone())));
        let mut found = batch::get(&self.threads.client, &wanted).await?;
        let connection = found.remove(&connection).map(|item| from_item("connection", item)).transpose()?;
        let waiting = last.filter(|(_, key)| found.get(key).is_some_and(is_waiting)).map(|(id, _)| id.clone());
        let message = message.and_then(|key| found.remove(&key));
        let message = message.map(|item| from_item("message", item)).transpose()?;
        Ok(Beside { connection, message, waiting })
    }

    /// The conversation, read anew; by the call that whoever accepts answers may make.
    pub(super) async fn conversation_now(&self, context: &SendContext) -> Result<Option<Conversation>, StoreError> {
        let key = Key::conversation(&context.tenant, &context.conversation.id);
        let wanted = [(self.threads.conversations.as_str(), key.clone())];
        let found = batch::get(&self.threads.client, &wanted).await?.remove(&key);
        Ok(found.map(Stored::read).transpose()?.and_then(Stored::conversation))
    }

    /// What a key was used for, read anew.
    pub(super) async fn record(
        &self,
        context: &SendContext,
        key: &str,
        now: UnixMillis,
    ) -> Result<Option<(Record, Option<Message>)>, StoreError> {
        let key = Key::idempotency(&context.tenant, &context.conversation.id, key);
        let found = self.threads.get(&self.tenants, &key).await?.map(read_record).transpose()?;
        let Some(record) = found.filter(|record| now.seconds() < record.free_at) else { return Ok(None) };
        let message = self.threads.message(&context.tenant, &context.conversation.id, &record.message).await?;
        Ok(Some((record, message)))
    }
}

fn read_record(item: Item) -> Result<Record, StoreError> {
    from_item("idempotency record", item)
}
