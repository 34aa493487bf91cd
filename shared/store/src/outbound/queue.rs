//! An answer is accepted: message, quota and idempotency record together or not at all.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use domain::conversation::LastMessage;
use domain::outbox::LastChange;
use domain::{Conversation, Message, UnixMillis};

use super::OutboundStore;
use super::context::{Earlier, Record, SendContext};
use super::draft::Draft;
use super::sweep::shard;
use crate::error::StoreError;
use crate::expiry::{Conditional as _, KEPT_UNTIL, TTL};
use crate::item::{IndexValue, Keyed, number, text, to_item, to_value};
use crate::key::{Key, month};
use crate::retention::{OUTLIVES_SECONDS, Retention};
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{OUTBOUND_AT, OUTBOUND_SHARD};
use crate::told::{Telling as _, told};
use crate::transaction::{self, Part as _, Refused};

/// How long an `Idempotency-Key` is remembered.
const KEY_SECONDS: i64 = 24 * 60 * 60;

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
    /// The conversation has expired, or its contact was erased, since the context was read.
    #[error("the conversation has ended")]
    ConversationEnded,
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
        let mut conversation = Cow::Borrowed(&context.conversation);
        for attempt in 0..ATTEMPTS {
            let mut kinds = Vec::new();
            let mut writes = Vec::new();
            for (kind, write) in self.writes(context, &conversation, draft, &message, limit)? {
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
                // A newer message is shown already, and stays shown; or there is no conversation any more.
                let found = self.conversation_now(context).await?;
                conversation = Cow::Owned(found.ok_or(QueueError::ConversationEnded)?);
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
        conversation: &Conversation,
        draft: &Draft,
        message: &Message,
        limit: Option<u32>,
    ) -> Result<Vec<(Write, TransactWriteItem)>, StoreError> {
        let mut writes = vec![
            (Write::Message, self.put_message(context, message)?),
            (Write::Usage, self.spend(context, limit, message.created_at)?),
        ];
        if let Some(key) = &draft.idempotency_key {
            writes.push((Write::Record, self.put_record(context, draft, key, message)?));
        }
        writes.push((Write::Conversation, self.show(context, conversation, message)?));
        Ok(writes)
    }

    fn put_message(&self, context: &SendContext, message: &Message) -> Result<TransactWriteItem, StoreError> {
        let key = Key::message(&context.tenant, &message.conversation, &message.id);
        let keyed = Keyed::new(&key, message)
            .expiring_at(retention(context).end(message.created_at))
            .indexed(OUTBOUND_SHARD, IndexValue::Text(shard(&message.conversation)))
            .indexed(OUTBOUND_AT, IndexValue::Number(message.created_at.get()));
        Put::builder()
            .table_name(&self.threads.messages)
            .set_item(Some(told(keyed.item()?, LastChange::Queued)))
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
    ) -> Result<TransactWriteItem, StoreError> {
        let now = message.created_at.seconds();
        let free_at = now.plus(KEY_SECONDS);
        let record = Record { message: message.id.clone(), fingerprint: draft.fingerprint()?, free_at };
        let mut item = to_item(&record)?;
        item.extend(Key::idempotency(&context.tenant, &message.conversation, key).attributes());
        Put::builder().table_name(&self.tenants).set_item(Some(item)).if_absent(now).part()
    }

    /// Shows the message in the list, unless a newer one is shown, and notes it as the last answer. The conversation has to be
    /// there, and outlives the message.
    ///
    /// To show a message is no matter of the conversation's version, so answers that are queued at once do not get into each
    /// other's way. Where a newer one is shown, that may have prolonged the conversation: its end has to be the one that was read.
    fn show(
        &self,
        context: &SendContext,
        conversation: &Conversation,
        message: &Message,
    ) -> Result<TransactWriteItem, StoreError> {
        let at = message.created_at;
        let update: UpdateBuilder = Update::builder()
            .table_name(&self.threads.conversations)
            .set_key(Some(Key::conversation(&context.tenant, &conversation.id).attributes()))
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#kept", KEPT_UNTIL)
            .expression_attribute_values(":id", text(message.id.as_str()))
            .expression_attribute_values(":one", number(1));
        let (update, set) = match shown(conversation, message) {
            Some(shown) => {
                let is_newest = "attribute_not_exists(last_message) OR last_message.id < :id";
                let update = update
                    .if_living_conversation(is_newest, at.seconds())
                    .expression_attribute_values(":shown", to_value(&shown)?)
                    .expression_attribute_values(":at", number(at.get()));
                (update, "SET last_message = :shown, last_message_at = :at, last_answer = :id")
            }
            None => (if_ending_as(update, conversation, at), "SET last_answer = :id"),
        };
        let mut outliving = conversation.clone();
        outliving.outlive(retention(context).end(at));
        match outliving.kept_until {
            Some(end) => update
                .update_expression(format!("{set}, #kept = :kept, #ttl = :end ADD #version :one"))
                .telling(LastChange::Kept)
                .expression_attribute_values(":kept", number(end.get()))
                .expression_attribute_values(":end", number(end.plus(OUTLIVES_SECONDS).get())),
            None => update
                .update_expression(format!("{set} ADD #version :one REMOVE #kept, #ttl"))
                .telling(LastChange::Kept),
        }
        .part()
    }
}

/// Only where the conversation is there and ends when it did as it was read.
fn if_ending_as(update: UpdateBuilder, conversation: &Conversation, now: UnixMillis) -> UpdateBuilder {
    match conversation.kept_until {
        Some(end) => update
            .if_living_conversation("#kept = :was", now.seconds())
            .expression_attribute_values(":was", number(end.get())),
        None => update.if_living_conversation("attribute_not_exists(#kept)", now.seconds()),
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
