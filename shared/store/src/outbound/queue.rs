//! An answer is accepted: message, quota and idempotency record together or not at all.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use domain::conversation::LastMessage;
use domain::{Conversation, Message, UnixMillis};
use sha2::{Digest, Sha256};

use super::OutboundStore;
use super::context::{Earlier, Record, SendContext};
use super::draft::Draft;
use crate::error::StoreError;
use crate::expiry::{Conditional as _, KEPT_UNTIL, TTL};
use crate::item::{IndexValue, Keyed, number, text, to_item, to_value};
use crate::key::{Key, month};
use crate::retention::{OUTLIVES_SECONDS, Retention};
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{OUTBOUND_AT, OUTBOUND_SHARD};
use crate::transaction::{self, Part as _, Refused};

/// How long an `Idempotency-Key` is remembered.
const KEY_SECONDS: i64 = 24 * 60 * 60;

/// Partitions of the index of unsettled messages: one takes a thousand writes a second, and a message is two.
pub const SHARDS: u8 = 4;

/// An accepted answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Queued {
    /// It is stored with status `Queued`; the caller hands it to the queue.
    New(Box<Message>),
    /// It was accepted before, under the same key: the message as it is now.
    Replayed(Box<Message>),
}

/// Why an answer was not accepted. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The month's messages are used up.
    #[error("the month's messages are used up")]
    QuotaExceeded,
    /// The `Idempotency-Key` belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReuse,
    /// See there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The writes of the transaction, in the order of their refusals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Write {
    Message,
    Usage,
    Record,
    Conversation,
}

impl OutboundStore {
    /// Queues an answer in one transaction. `limit` is the plan's number of messages for a month (`None`: without
    /// limit); it holds under any concurrency.
    ///
    /// The same `Idempotency-Key` with the same content is the same message, also when both requests run at once and
    /// also when the quota has been used up since.
    ///
    /// # Errors
    ///
    /// See [`QueueError`].
    pub async fn queue(
        &self,
        context: &SendContext,
        draft: &Draft,
        limit: Option<u32>,
        now: UnixMillis,
    ) -> Result<Queued, QueueError> {
        if let Some(earlier) = context.earlier(draft)? {
            return replay(earlier);
        }
        let mut message = draft.message(&context.conversation.id, context.waiting.as_ref(), now);
        let mut shown = shown(&context.conversation, &message);
        for attempt in 0..ATTEMPTS {
            let mut kinds = Vec::new();
            let mut writes = Vec::new();
            for (kind, write) in self.writes(context, draft, &message, shown.as_ref(), limit, now)? {
                kinds.push(kind);
                writes.push(write);
            }
            let Err(Refused(places)) = transaction::write(&self.threads.client, writes).await? else {
                return Ok(Queued::New(Box::new(message)));
            };
            let refused = |kind| places.iter().any(|place| kinds.get(*place) == Some(&kind));
            if refused(Write::Record) {
                if let Some(earlier) = self.earlier_now(context, draft, now).await? {
                    return replay(earlier);
                }
            } else if refused(Write::Usage) {
                return Err(QueueError::QuotaExceeded);
            }
            if refused(Write::Conversation) {
                // A newer message is shown already, and stays shown.
                shown = None;
            }
            if refused(Write::Message) {
                message = draft.message(&context.conversation.id, context.waiting.as_ref(), now);
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict.into())
    }

    async fn earlier_now(
        &self,
        context: &SendContext,
        draft: &Draft,
        now: UnixMillis,
    ) -> Result<Option<Earlier>, StoreError> {
        let Some(key) = &draft.idempotency_key else { return Ok(None) };
        let earlier = self.record(context, key, now).await?;
        SendContext { earlier, ..context.clone() }.earlier(draft)
    }

    fn writes(
        &self,
        context: &SendContext,
        draft: &Draft,
        message: &Message,
        shown: Option<&LastMessage>,
        limit: Option<u32>,
        now: UnixMillis,
    ) -> Result<Vec<(Write, TransactWriteItem)>, StoreError> {
        let mut writes = vec![
            (Write::Message, self.put_message(context, message)?),
            (Write::Usage, self.spend(context, limit, now)?),
        ];
        if let Some(key) = &draft.idempotency_key {
            writes.push((Write::Record, self.put_record(context, draft, key, message, now)?));
        }
        let conversation = match shown {
            Some(shown) => self.show(context, shown, message.created_at)?,
            None => self.note_answer(context, message)?,
        };
        writes.push((Write::Conversation, conversation));
        Ok(writes)
    }

    fn put_message(&self, context: &SendContext, message: &Message) -> Result<TransactWriteItem, StoreError> {
        let key = Key::message(&context.tenant, &message.conversation, &message.id);
        let keyed = Keyed::new(&key, message)
            .expiring_at(retention(context).end(message.created_at))
            .indexed(OUTBOUND_SHARD, IndexValue::Text(shard(message)))
            .indexed(OUTBOUND_AT, IndexValue::Number(message.created_at.get()));
        Put::builder()
            .table_name(&self.threads.messages)
            .set_item(Some(keyed.item()?))
            .condition_expression("attribute_not_exists(pk)")
            .part()
    }

    fn spend(
        &self,
        context: &SendContext,
        limit: Option<u32>,
        now: UnixMillis,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tenants)
            .set_key(Some(Key::usage(&context.tenant, &month(now)).attributes()))
            .update_expression("ADD sent :one")
            .expression_attribute_values(":one", number(1));
        match limit {
            None => update,
            // Without the first half a limit of zero would let the first message of a month through.
            Some(limit) => update
                .condition_expression("(attribute_not_exists(sent) AND :limit > :zero) OR sent < :limit")
                .expression_attribute_values(":limit", number(limit))
                .expression_attribute_values(":zero", number(0)),
        }
        .part()
    }

    fn put_record(
        &self,
        context: &SendContext,
        draft: &Draft,
        key: &str,
        message: &Message,
        now: UnixMillis,
    ) -> Result<TransactWriteItem, StoreError> {
        let free_at = now.seconds().plus(KEY_SECONDS);
        let record = Record { message: message.id.clone(), fingerprint: draft.fingerprint()?, free_at };
        let mut item = to_item(&record)?;
        item.extend(Key::idempotency(&context.tenant, &message.conversation, key).attributes());
        Put::builder().table_name(&self.tenants).set_item(Some(item)).if_absent(now.seconds()).part()
    }

    /// Notes the message as the last answer, where the list shows a newer message.
    fn note_answer(&self, context: &SendContext, message: &Message) -> Result<TransactWriteItem, StoreError> {
        Update::builder()
            .table_name(&self.threads.conversations)
            .set_key(Some(Key::conversation(&context.tenant, &context.conversation.id).attributes()))
            .update_expression("SET last_answer = :id ADD #version :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":id", text(message.id.as_str()))
            .expression_attribute_values(":one", number(1))
            .part()
    }

    /// Shows the message in the list and notes it as the last answer, unless a newer one is shown. That is no matter of the conversation's version, so
    /// answers that are queued at once do not get into each other's way.
    fn show(
        &self,
        context: &SendContext,
        shown: &LastMessage,
        at: UnixMillis,
    ) -> Result<TransactWriteItem, StoreError> {
        let update: UpdateBuilder = Update::builder()
            .table_name(&self.threads.conversations)
            .set_key(Some(Key::conversation(&context.tenant, &context.conversation.id).attributes()))
            .if_living_conversation("attribute_not_exists(last_message) OR last_message.id < :id", at.seconds())
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#kept", KEPT_UNTIL)
            .expression_attribute_values(":shown", to_value(shown)?)
            .expression_attribute_values(":at", number(at.get()))
            .expression_attribute_values(":id", text(shown.id.as_str()))
            .expression_attribute_values(":one", number(1));
        let mut conversation = context.conversation.clone();
        conversation.outlive(retention(context).end(at));
        let show = "SET last_message = :shown, last_message_at = :at, last_answer = :id";
        match conversation.kept_until {
            Some(end) => update
                .update_expression(format!("{show}, #kept = :kept, #ttl = :end ADD #version :one"))
                .expression_attribute_values(":kept", number(end.get()))
                .expression_attribute_values(":end", number(end.plus(OUTLIVES_SECONDS).get())),
            None => update.update_expression(format!("{show} ADD #version :one REMOVE #kept, #ttl")),
        }
        .part()
    }
}

/// How long the tenant's plan keeps messages: as noted in the connection, which is read anyway.
fn retention(context: &SendContext) -> Retention {
    Retention(context.connection.as_ref().and_then(|connection| connection.retention_days))
}

fn replay(earlier: Earlier) -> Result<Queued, QueueError> {
    match earlier {
        Earlier::Same(message) => Ok(Queued::Replayed(message)),
        Earlier::Other => Err(QueueError::KeyReuse),
    }
}

/// What the list would show of the message; `None` when it shows a newer one.
fn shown(conversation: &Conversation, message: &Message) -> Option<LastMessage> {
    let mut conversation = conversation.clone();
    conversation.show_if_newest(message);
    conversation.last_message.filter(|shown| shown.id == message.id)
}

/// Spreads conversations over the index's partitions.
fn shard(message: &Message) -> String {
    let digest = Sha256::digest(message.conversation.as_str());
    (digest[0] % SHARDS).to_string()
}
