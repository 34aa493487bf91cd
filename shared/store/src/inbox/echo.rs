//! What the account itself sent comes back as an echo: from here, from the phone, from another tool.

use domain::conversation::{SAME_MESSAGE_MS, WasCounted};
use domain::event::NewMessage;
use domain::{Author, Change, Direction, Message, MessageId, Mid, Status, UnixMillis};

use super::Outcome;
use super::identity::DELIVERED_AGAIN_MS;
use super::waiting::Parked;
use crate::error::StoreError;
use crate::item::{number, readable, time};
use crate::key::Key;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{ECHOED_AT, OUTBOUND_AT, OUTBOUND_SHARD, TRIED_AT, Thread, Threads, Walk};

/// A message may wait for so long between being written here and reaching Meta.
const LONGEST_WAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How far Meta's clock may be from ours.
const CLOCK_SKEW_MS: i64 = 10 * 60 * 1000;

/// Whose echo it is.
enum Original {
    /// The message has the mid already.
    Known(Message),
    /// Meta has not told us yet whether it took this one, or by another mid.
    Unanswered(Message),
    /// Nothing of ours.
    Foreign,
}

impl Threads {
    /// Finds the message that an echo is of, or stores it as written elsewhere.
    pub(crate) async fn place_echo(&self, thread: &mut Thread, echo: &NewMessage) -> Result<Outcome, StoreError> {
        if thread.conversation.counted.contains(&echo.id) == WasCounted::Yes && !self.was_absorbed(thread, echo).await?
        {
            return self.store(thread, echo).await;
        }
        match self.merge_echo(thread, echo).await? {
            Some(outcome) => Ok(outcome),
            None => self.store(thread, echo).await,
        }
    }

    /// Makes an echo and the message that it is of one; `None` for an echo of nothing that is stored.
    pub(super) async fn merge_echo(
        &self,
        thread: &mut Thread,
        echo: &NewMessage,
    ) -> Result<Option<Outcome>, StoreError> {
        for attempt in 0..ATTEMPTS {
            match self.original(thread, echo).await? {
                Original::Foreign => return Ok(None),
                Original::Known(message) => {
                    let foreign = message.id.is_same(&echo.id);
                    if let Some(mid) = &echo.mid {
                        self.apply_waiting(thread, mid, &message.id).await?;
                    }
                    return Ok(Some(if foreign { Outcome::Duplicate } else { Outcome::Merged }));
                }
                Original::Unanswered(message) => {
                    // Once it has the mid the next round finds it by that, and applies what waited.
                    if !self.merge(thread, message, echo).await? {
                        pause(attempt).await;
                    }
                }
            }
        }
        Err(StoreError::Conflict)
    }

    /// Looks among the outbound messages that may be on their way, unless the echo gives our id back. The one begun last comes
    /// first: what is being sent now, then the oldest of those that nobody is sure of, since they were sent in order.
    async fn original(&self, thread: &Thread, echo: &NewMessage) -> Result<Original, StoreError> {
        if !thread.is_stored() {
            return Ok(Original::Foreign);
        }
        let at = echo.id.at();
        let mut walk = Walk::between(&thread.tenant, thread.id(), earliest(echo), at.plus(CLOCK_SKEW_MS))
            .only("direction", "outbound");
        let by_content = echo.sent_as.is_none() && !thread.conversation.account.channel.echoes_our_id();
        let (mut sending, mut uncertain) = (None, None);
        while let Some(items) = self.next_items(&mut walk).await? {
            for item in items {
                let tried_at = time(&item, TRIED_AT);
                let Some(message) = readable::<Message>("message", item) else { continue };
                if message.provider_message_id.is_some() && message.provider_message_id == echo.mid {
                    return Ok(Original::Known(message));
                }
                if is_named_by(&message, echo) {
                    return Ok(Original::Unanswered(message));
                }
                if by_content
                    && may_be_of(&message, echo)
                    && tried_at.is_none_or(|at| is_of_that_time(&message, at, echo))
                {
                    let place = if message.status == Status::Sending { &mut sending } else { &mut uncertain };
                    *place = Some(message);
                }
            }
        }
        Ok(sending.or(uncertain).map_or(Original::Foreign, Original::Unanswered))
    }

    /// Whether the echo, stored as written elsewhere once, has turned out to be of a message of ours.
    async fn was_absorbed(&self, thread: &Thread, echo: &NewMessage) -> Result<bool, StoreError> {
        Ok(matches!(self.original(thread, echo).await?, Original::Known(message) if !message.id.is_same(&echo.id)))
    }

    /// Removes the message that was stored for an echo of `ours` before Meta told that it was ours. What happened to
    /// that message happened to ours.
    pub(crate) async fn absorb_twin(&self, thread: &mut Thread, ours: &MessageId, mid: &Mid) -> Result<(), StoreError> {
        let Some(twin) = self.twin(thread, ours, mid).await? else { return Ok(()) };
        for change in changes(&twin) {
            self.apply(thread, ours, &Parked::Change(change)).await?;
        }
        if let Some(ours) = self.message(&thread.tenant, thread.id(), ours).await? {
            self.amend(thread, |conversation| {
                if conversation.last_message.as_ref().is_some_and(|shown| shown.id == twin.id) {
                    conversation.last_message = None;
                    conversation.show_if_newest(&ours);
                }
            })
            .await?;
        }
        let key = Key::message(&thread.tenant, thread.id(), &twin.id).attributes();
        self.client.delete_item().table_name(&self.messages).set_key(Some(key)).send().await?;
        Ok(())
    }

    async fn twin(&self, thread: &Thread, ours: &MessageId, mid: &Mid) -> Result<Option<Message>, StoreError> {
        let first = ours.at().plus(-CLOCK_SKEW_MS);
        let mut walk = Walk::since(&thread.tenant, thread.id(), first).only("provider_message_id", mid.as_str());
        while let Some(messages) = self.next(&mut walk).await? {
            let twin = messages.into_iter().find(|message| message.id != *ours && message.author == Author::App);
            if twin.is_some() {
                return Ok(twin);
            }
        }
        Ok(None)
    }

    /// Gives our message the mid of its echo: it was sent. `false` when it has changed meanwhile.
    async fn merge(&self, thread: &Thread, message: Message, echo: &NewMessage) -> Result<bool, StoreError> {
        let at = echo.id.at();
        let sent = Message {
            status: Status::Sent,
            provider_message_id: echo.mid.clone(),
            sent_at: Some(at),
            error: None,
            ..message.clone()
        };
        let beside = [(ECHOED_AT, Some(number(at.get()))), (OUTBOUND_SHARD, None), (OUTBOUND_AT, None)];
        Ok(self.replace_message(&thread.tenant, &message, sent, &beside).await?.is_some())
    }
}

/// Everything that has happened to a message.
fn changes(message: &Message) -> Vec<Change> {
    let reactions = message.reactions.iter();
    let reactions = reactions.map(|(by, reaction)| Change::React { by: *by, reaction: reaction.clone() });
    let edit = message.edit.clone().map(|edit| Change::Edit { edit });
    reactions.chain(edit).chain(message.deleted_at.map(|at| Change::Unsend { at })).collect()
}

/// When a message that comes back as this echo was written at the earliest.
fn earliest(echo: &NewMessage) -> UnixMillis {
    echo.id.at().plus(-LONGEST_WAY_MS - CLOCK_SKEW_MS - delay(echo))
}

/// How much later than the message an echo may be dated: one without a time of its own is dated by its delivery.
const fn delay(echo: &NewMessage) -> i64 {
    if echo.untimed { DELIVERED_AGAIN_MS } else { 0 }
}

/// Whether Meta may have made the echo of what was tried at that time. The same words at another time were written elsewhere.
fn is_of_that_time(message: &Message, tried_at: UnixMillis, echo: &NewMessage) -> bool {
    let first = tried_at.plus(-CLOCK_SKEW_MS);
    let last = tried_at.plus(message.longest_processing() + CLOCK_SKEW_MS + delay(echo));
    (first..=last).contains(&echo.id.at())
}

fn is_ours(message: &Message) -> bool {
    message.direction == Direction::Outbound && message.author != Author::App
}

/// Whether the echo gives the message's id back: it was sent, whatever was believed of it. Where it was found in the provider's list
/// before, it may have another mid there. What was sent twice, since it seemed not to have gone out, are two messages.
fn is_named_by(message: &Message, echo: &NewMessage) -> bool {
    let is_it = echo.sent_as.as_ref() == Some(&message.id) && echo.mid.is_some();
    let is_same_call = || {
        let apart = message.at_provider().get().abs_diff(echo.id.at().get());
        message.attempts <= 1 || i64::try_from(apart).is_ok_and(|apart| apart <= SAME_MESSAGE_MS)
    };
    let has_no_other = message.provider_message_id.is_none() || is_same_call();
    is_it && is_ours(message) && message.status != Status::Deleted && has_no_other
}

/// Whether the echo may be of this message of ours by its content.
fn may_be_of(message: &Message, echo: &NewMessage) -> bool {
    let unanswered = matches!(message.status, Status::Sending | Status::Uncertain);
    let is_open = unanswered && message.provider_message_id.is_none() && echo.mid.is_some();
    is_open && is_ours(message) && same_content(message, echo)
}

/// The same text, but for white space, which Meta may trim; without text as many attachments.
fn same_content(message: &Message, echo: &NewMessage) -> bool {
    let words = |text: &Option<String>| -> Vec<String> {
        text.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let (ours, theirs) = (words(&message.text), words(&echo.text));
    ours == theirs && (!ours.is_empty() || message.attachments.len() == echo.attachments.len())
}
