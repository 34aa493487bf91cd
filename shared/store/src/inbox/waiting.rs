//! Changes that arrive before their message wait beside it.
//!
//! The conversation remembers (by a digest of the mid) that something waits, so that storing a message costs no look.
//! Some changes wait in vain, as a reaction to what was written before the account was connected: they expire, and
//! a conversation that has seen many of them stops remembering which and looks every time.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Change, Conversation, Message, MessageId, Mid, UnixMillis, UnixSeconds};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::expiry;
use crate::item::{Item, Keyed, readable, text};
use crate::key::{Key, messages_partition, waiting_prefix};
use crate::metrics;
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Thread, Threads};

/// How long a change waits. Meta delivers for at most 36 hours again; the rest is for a dead-letter queue's replay.
const WAITING_SECONDS: i64 = 7 * 24 * 60 * 60;

/// How many mids a conversation remembers as waited for; its item is to stay within one write unit.
const REMEMBERED_MIDS: usize = 8;

/// Stands for "any mid": too many to remember.
pub(crate) const ANY: &str = "*";

/// What waits for a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Parked {
    /// A change of the message.
    Change(Change),
    /// The contact has read up to the message.
    Read,
}

/// An item for what waits.
#[derive(Serialize, Deserialize)]
struct WaitingItem {
    mid: Mid,
    parked: Parked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    received_at: Option<UnixMillis>,
}

/// How many messages back a reaction is looked for.
const REACTIONS_REACH: usize = 1000;

/// How many messages back an edit or a read mark is looked for: Meta lets people edit for fifteen minutes, and a mark on
/// an older message than these says nothing that the next mark does not.
const RECENT_REACH: usize = 200;

impl Parked {
    /// How many messages back its message is looked for; `None`: through the whole conversation, for what has to vanish.
    pub(super) const fn reach(&self) -> Option<usize> {
        match self {
            Self::Change(Change::Unsend { .. }) => None,
            Self::Change(Change::React { .. }) => Some(REACTIONS_REACH),
            Self::Change(Change::Edit { .. }) | Self::Read => Some(RECENT_REACH),
        }
    }

    fn reduced(self) -> Self {
        match self {
            Self::Change(change) => Self::Change(change.reduced()),
            Self::Read => Self::Read,
        }
    }
}

impl From<Change> for Parked {
    fn from(change: Change) -> Self {
        Self::Change(change)
    }
}

pub(super) fn digest(mid: &Mid) -> String {
    hex::encode(mid.digest())
}

/// Whether something may wait for this mid.
pub(super) fn is_awaited(conversation: &Conversation, mid: &Mid, now: UnixSeconds) -> bool {
    let over = conversation.waiting_until.is_some_and(|until| until <= now);
    !over && (conversation.waiting.contains(ANY) || conversation.waiting.contains(&digest(mid)))
}

/// Notes that something waits until then. Once nothing waits any more the note goes with the next message; a conversation
/// that has no message goes itself.
fn remember(conversation: &mut Conversation, mid: &Mid, now: UnixSeconds, until: UnixSeconds) {
    conversation.forget_expired(now);
    if !is_awaited(conversation, mid, now) {
        conversation.waiting.insert(digest(mid));
    }
    if conversation.waiting.len() > REMEMBERED_MIDS {
        conversation.waiting = [ANY.to_owned()].into();
    }
    conversation.waiting_until = conversation.waiting_until.max(Some(until));
    conversation.outlive(Some(until));
}

impl Threads {
    /// Lets something wait: the item first, then the conversation's note, so that no note is without its item. Both
    /// are the same for every delivery. What the database cannot hold is reduced.
    pub(super) async fn park(
        &self,
        thread: &mut Thread,
        mid: &Mid,
        parked: &Parked,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let until = now.seconds().plus(WAITING_SECONDS);
        match self.put_waiting(thread, mid, parked.clone(), until).await {
            Err(StoreError::Unfit) => {
                metrics::reduced();
                self.put_waiting(thread, mid, parked.clone().reduced(), until).await?;
            }
            outcome => outcome?,
        }
        self.amend(thread, |conversation| remember(conversation, mid, now.seconds(), until)).await
    }

    async fn put_waiting(
        &self,
        thread: &Thread,
        mid: &Mid,
        parked: Parked,
        until: UnixSeconds,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_vec(&parked).map_err(|_| StoreError::Shape { entity: "change" })?;
        let key = Key::waiting(&thread.tenant, thread.id(), &digest(mid), &json);
        let waiting = WaitingItem { mid: mid.clone(), parked, received_at: thread.received_at() };
        let item = Keyed::new(&key, &waiting).expiring(until).item()?;
        self.client.put_item().table_name(&self.messages).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Applies to a stored message what waited for its mid, and forgets it. Costs nothing when nothing waited.
    ///
    /// Every step may be repeated: changes are idempotent, and the note goes last.
    pub(super) async fn apply_waiting(&self, thread: &mut Thread, mid: &Mid, id: &MessageId) -> Result<(), StoreError> {
        if !is_awaited(&thread.conversation, mid, expiry::now(&self.client)) {
            return Ok(());
        }
        let (waiting, is_complete) = self.waiting_for(thread, mid).await?;
        for (_, parked) in &waiting {
            self.apply(thread, id, parked).await?;
        }
        for (key, _) in waiting {
            self.client.delete_item().table_name(&self.messages).set_key(Some(key)).send().await?;
        }
        if !is_complete {
            return Ok(());
        }
        self.amend(thread, |conversation| {
            conversation.waiting.remove(&digest(mid));
            if conversation.waiting.is_empty() {
                conversation.waiting_until = None;
            }
        })
        .await
    }

    /// What waits for a mid, and whether that is all: what a newer version has left waiting is left to it.
    async fn waiting_for(&self, thread: &Thread, mid: &Mid) -> Result<(Vec<(Item, Parked)>, bool), StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.messages)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(messages_partition(&thread.tenant, thread.id())))
            .expression_attribute_values(":prefix", text(waiting_prefix(&digest(mid))))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let (mut waiting, mut is_complete) = (Vec::new(), true);
        while let Some(item) = pages.next().await {
            let item = item?;
            if !expiry::living(&item, expiry::now(&self.client)) {
                continue;
            }
            let key: Item = ["pk", "sk"].map(|name| (name.to_owned(), part(&item, name))).into();
            match readable("waiting change", item) {
                Some(WaitingItem { mid: whose, parked, .. }) if whose == *mid => waiting.push((key, parked)),
                Some(_) => {}
                None => is_complete = false,
            }
        }
        Ok((waiting, is_complete))
    }

    /// Applies a change to a stored message and to what the conversation shows of it. A message that is gone is done.
    pub(super) async fn apply(&self, thread: &mut Thread, id: &MessageId, parked: &Parked) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let Some(message) = self.message(&thread.tenant, thread.id(), id).await? else { return Ok(()) };
            if self.apply_to(thread, message, parked).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    /// Applies a change to a message just read; `false` when it has changed since.
    pub(super) async fn apply_to(
        &self,
        thread: &mut Thread,
        message: Message,
        parked: &Parked,
    ) -> Result<bool, StoreError> {
        let message = match parked {
            Parked::Read => {
                let until = message.at_provider();
                self.amend(thread, |conversation| {
                    conversation.read_by_contact(until);
                })
                .await?;
                return Ok(true);
            }
            Parked::Change(change) => {
                let mut changed = message.clone();
                if changed.apply(change) {
                    let Some(saved) = self.replace_message(&thread.tenant, &message, changed, &[]).await? else {
                        return Ok(false);
                    };
                    saved
                } else {
                    message
                }
            }
        };
        // Also when the message had the change already: whoever applied it may have died before this.
        self.amend(thread, |conversation| conversation.show_if_newest(&message)).await?;
        Ok(true)
    }
}

fn part(item: &Item, name: &str) -> AttributeValue {
    item.get(name).cloned().unwrap_or(AttributeValue::Null(true))
}
