//! From `Queued` over `Sending` to where it ends: each step is one conditional write.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::message::SendFailure;
use domain::outbox::LastChange;
use domain::{ConversationId, Message, MessageId, Mid, Status, TenantId, UnixMillis, UnixSeconds};

use super::OutboundStore;
use super::doubt::Doubt;
use super::sweep::shard;
use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Written, from_item, number, text, to_value, written};
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};
use crate::told::Telling as _;

/// What beginning to send a message came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It is the caller's to send: `Sending`, one attempt more.
    Started(Box<Message>),
    /// An attempt was begun and not ended. A caller who knows that it died (the queue delivered again, in a FIFO group)
    /// settles the message as uncertain; the call may have gone out.
    Running(Box<Message>),
    /// Nobody knows whether it went out.
    Uncertain(Box<Message>, Doubt),
    /// There is nothing to send: sent, failed or unsent.
    Settled(Box<Message>),
    /// There is no such message.
    Gone,
}

impl OutboundStore {
    /// Takes a queued message to be sent; of several callers at once only one may.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn begin(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        now: UnixMillis,
    ) -> Result<Begun, StoreError> {
        let update = self
            .step(tenant, conversation, id)
            .update_expression(
                "SET #status = :next, tried_at = :tried ADD attempts :one, #version :one REMOVE absent_at",
            )
            .telling(LastChange::Kept)
            .if_living("#status = :queued", self.now())
            .expression_attribute_values(":tried", number(now.get()))
            .expression_attribute_values(":queued", to_value(&Status::Queued)?)
            .expression_attribute_values(":next", to_value(&Status::Sending)?);
        let item = match self.stepped(update).await? {
            Written::Done(Some(item)) => return Ok(Begun::Started(Box::new(from_item("message", item)?))),
            Written::Refused(Some(item)) => item,
            Written::Done(None) | Written::Refused(None) => return Ok(Begun::Gone),
        };
        self.place_displaced(tenant, &item).await?;
        let message: Message = from_item("message", item.clone())?;
        Ok(match message.status {
            Status::Sending => Begun::Running(Box::new(message)),
            Status::Uncertain => {
                let doubt = Doubt::read(&item, &message);
                Begun::Uncertain(Box::new(message), doubt)
            }
            _ => Begun::Settled(Box::new(message)),
        })
    }

    /// The provider took the message and named it. Whatever was believed before, this is the truth: a failed or
    /// uncertain message is sent. Answers the message as it is then, `None` when there is none.
    ///
    /// Where an echo with another mid was taken for this message (somebody wrote the same text elsewhere at the same
    /// time), that echo gets a message of its own, and the message that its own echo may have got meanwhile goes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn settle_sent(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        mid: &Mid,
        at: UnixMillis,
    ) -> Result<Option<Message>, StoreError> {
        for attempt in 0..ATTEMPTS {
            let update = self
                .step(tenant, conversation, id)
                .update_expression(
                    "SET #status = :sent, provider_message_id = :mid, sent_at = if_not_exists(sent_at, :at) \
                     ADD #version :one REMOVE #error, outbound_shard, outbound_at",
                )
                .telling(LastChange::Sent)
                .if_living(
                    "#status <> :deleted \
                     AND (attribute_not_exists(provider_message_id) OR provider_message_id = :mid)",
                    self.now(),
                )
                .expression_attribute_names("#error", "error")
                .expression_attribute_values(":sent", to_value(&Status::Sent)?)
                .expression_attribute_values(":deleted", to_value(&Status::Deleted)?)
                .expression_attribute_values(":mid", text(mid.as_str()))
                .expression_attribute_values(":at", number(at.get()));
            let item = match self.stepped(update).await? {
                Written::Done(item) => return item.map(|item| from_item("message", item)).transpose(),
                Written::Refused(None) => return Ok(None),
                Written::Refused(Some(item)) => item,
            };
            if let Some(corrected) = Box::pin(self.correct(tenant, item, mid)).await? {
                return Ok(Some(corrected));
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    /// The provider's list of messages shows one that was in doubt, by an id that webhooks may not know it by. An echo that came
    /// meanwhile knows better. Answers the message as it is then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn settle_listed(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        listed: &Mid,
        at: UnixMillis,
    ) -> Result<Option<Message>, StoreError> {
        let update = self
            .step(tenant, conversation, id)
            .update_expression(
                "SET #status = :next, provider_message_id = :mid, sent_at = :at \
                 ADD #version :one REMOVE #error, outbound_shard, outbound_at",
            )
            .telling(LastChange::Sent)
            .if_living("#status = :uncertain AND attribute_not_exists(provider_message_id)", self.now())
            .expression_attribute_names("#error", "error")
            .expression_attribute_values(":uncertain", to_value(&Status::Uncertain)?)
            .expression_attribute_values(":next", to_value(&Status::Sent)?)
            .expression_attribute_values(":mid", text(listed.as_str()))
            .expression_attribute_values(":at", number(at.get()));
        self.settled(update).await
    }

    /// The provider refused the message for good. Answers the message as it is then: not failed when an echo has shown
    /// meanwhile that it was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn settle_failed(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        failure: &SendFailure,
    ) -> Result<Option<Message>, StoreError> {
        let update = self
            .step(tenant, conversation, id)
            .update_expression(
                "SET #status = :next, #error = :error ADD #version :one REMOVE outbound_shard, outbound_at",
            )
            .telling(LastChange::Failed)
            .if_living("#status IN (:queued, :sending, :uncertain)", self.now())
            .expression_attribute_names("#error", "error")
            .expression_attribute_values(":error", to_value(failure)?)
            .expression_attribute_values(":queued", to_value(&Status::Queued)?)
            .expression_attribute_values(":sending", to_value(&Status::Sending)?)
            .expression_attribute_values(":uncertain", to_value(&Status::Uncertain)?)
            .expression_attribute_values(":next", to_value(&Status::Failed)?);
        self.settled(update).await
    }

    /// The message certainly did not go out and is to be tried again, not before `due_at`: until then the sweep leaves
    /// it alone. Answers the message as it is then: not queued when it was settled meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn requeue(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        due_at: UnixMillis,
    ) -> Result<Option<Message>, StoreError> {
        let update = self
            .step(tenant, conversation, id)
            .update_expression(
                "SET #status = :next, outbound_shard = :shard, outbound_at = :due ADD #version :one REMOVE #error",
            )
            .telling(LastChange::Kept)
            .if_living("#status IN (:sending, :uncertain)", self.now())
            .expression_attribute_names("#error", "error")
            .expression_attribute_values(":shard", text(shard(conversation)))
            .expression_attribute_values(":due", number(due_at.get()))
            .expression_attribute_values(":sending", to_value(&Status::Sending)?)
            .expression_attribute_values(":uncertain", to_value(&Status::Uncertain)?)
            .expression_attribute_values(":next", to_value(&Status::Queued)?);
        self.settled(update).await
    }

    /// Nobody knows whether the message went out. Answers the message as it is then: not uncertain when an echo has
    /// shown meanwhile that it was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn settle_uncertain(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
        failure: &SendFailure,
    ) -> Result<Option<Message>, StoreError> {
        let update = self
            .step(tenant, conversation, id)
            .update_expression("SET #status = :next, #error = :error ADD #version :one")
            .telling(LastChange::Uncertain)
            .if_living("#status = :sending", self.now())
            .expression_attribute_names("#error", "error")
            .expression_attribute_values(":error", to_value(failure)?)
            .expression_attribute_values(":sending", to_value(&Status::Sending)?)
            .expression_attribute_values(":next", to_value(&Status::Uncertain)?);
        self.settled(update).await
    }

    pub(super) fn update(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> UpdateItemFluentBuilder {
        self.threads
            .client
            .update_item()
            .table_name(&self.threads.messages)
            .set_key(Some(Key::message(tenant, conversation, id).attributes()))
    }

    /// An update of a message that answers it as it is then, whether or not the condition held.
    pub(super) fn step(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> UpdateItemFluentBuilder {
        self.update(tenant, conversation, id)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Takes a step. Where it is refused, the answer is what is there and has not expired.
    async fn stepped(&self, update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
        Ok(match written(update.send().await, |output| output.attributes)? {
            Written::Refused(found) => Written::Refused(found.filter(|item| expiry::living(item, self.now()))),
            done @ Written::Done(_) => done,
        })
    }

    /// The message as it is after the step, or as others have left it.
    async fn settled(&self, update: UpdateItemFluentBuilder) -> Result<Option<Message>, StoreError> {
        let (Written::Done(found) | Written::Refused(found)) = self.stepped(update).await?;
        found.map(|item| from_item("message", item)).transpose()
    }

    fn now(&self) -> UnixSeconds {
        expiry::now(&self.threads.client)
    }
}
