//! A conversation with nothing in it that was received before a time; where nothing is left, a tombstone.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::outbox::LastChange;
use domain::{Conversation, ConversationId, Message, TenantId, UnixMillis, UnixSeconds};

use super::{EraseStore, was_received_until};
use crate::error::StoreError;
use crate::expiry;
use crate::inbox::ANY;
use crate::item::{Item, Keyed, Written, number, readable, readable_as, text, written};
use crate::key::{Key, MESSAGE, messages_partition, waiting_digest};
use crate::retry::{ATTEMPTS, pause};
use crate::threads::{Stored, Thread, Tombstone};
use crate::told::told;

/// How long a tombstone stays: longer than Meta delivers an event again (36 hours) and any queue keeps one (14 days).
pub(crate) const TOMBSTONE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Which of the two looks at what is to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A function that was under way may still write.
    First,
    /// Whoever was under way has ended.
    Second,
}

/// What stands under a conversation's key, expired or not.
#[derive(Debug)]
enum Standing {
    /// Nothing, or a tombstone.
    Nothing,
    Conversation(Box<Conversation>),
    /// Nobody can say what of it came after the cut-off: all of it goes.
    Unreadable(Item),
}

/// What came after the cut-off.
#[derive(Debug, Default)]
struct Kept {
    /// Oldest first.
    messages: Vec<Message>,
    /// Digests of the mids that changes wait for.
    waiting: BTreeSet<String>,
}

impl EraseStore {
    /// Whether there is such a conversation for anybody to see, or one that cannot be read; strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn has_conversation(&self, tenant: &TenantId, id: &ConversationId) -> Result<bool, StoreError> {
        match self.threads.conversation(tenant, id).await {
            Ok(found) => Ok(found.is_some_and(|found| found.last_message.is_some())),
            Err(StoreError::Shape { .. }) => Ok(true), // what cannot be read can be deleted
            Err(error) => Err(error),
        }
    }

    /// Whether something of the conversation is from before `cutoff`, expired or not, and no look has emptied it yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn is_from_before(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        cutoff: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(match self.whatever_stands(tenant, id).await? {
            Standing::Nothing => false,
            Standing::Conversation(conversation) => {
                let was_emptied = conversation.erased_before.is_some() && conversation.last_message.is_none();
                conversation.erased_before < Some(cutoff) && !was_emptied
            }
            Standing::Unreadable(item) => is_from_before(&item, cutoff),
        })
    }

    /// Empties a conversation whose messages until `cutoff` are deleted. What came later is shown and counted as before;
    /// the contact is a stranger again. From now on nothing that was received before is stored.
    ///
    /// The second look leaves a tombstone where nothing came later, which nobody reads and which says nothing of whose
    /// conversation it was. Repeating either look changes nothing more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`], [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn erase_conversation(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        cutoff: UnixMillis,
        look: Look,
    ) -> Result<(), StoreError> {
        for attempt in 0..ATTEMPTS {
            let conversation = match self.whatever_stands(tenant, id).await? {
                Standing::Nothing => return Ok(()),
                Standing::Unreadable(item) if !is_from_before(&item, cutoff) => return Ok(()),
                Standing::Unreadable(item) => {
                    if self.bury(tenant, id, cutoff, item.get("version")).await? {
                        return Ok(());
                    }
                    pause(attempt).await;
                    continue;
                }
                Standing::Conversation(conversation) => *conversation,
            };
            // After the conversation, which names what waits only when that is there.
            let kept = self.kept(tenant, id, cutoff).await?;
            let next = emptied(&conversation, &kept, cutoff);
            let nothing_left = next.last_message.is_none() && next.waiting.is_empty();
            let done = if look == Look::Second && nothing_left {
                self.bury(tenant, id, next.erased_before.unwrap_or_default(), Some(&number(next.version))).await?
            } else if next == conversation {
                true
            } else {
                let mut thread = Thread::stored(tenant.clone(), conversation);
                self.threads.save(&mut thread, next).await?
            };
            if done {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Conflict)
    }

    async fn whatever_stands(&self, tenant: &TenantId, id: &ConversationId) -> Result<Standing, StoreError> {
        let key = Key::conversation(tenant, id).attributes();
        let read = self.client.get_item().table_name(&self.tables.conversations).set_key(Some(key));
        let Some(item) = read.consistent_read(true).send().await?.item else { return Ok(Standing::Nothing) };
        Ok(match readable_as("conversation", item.clone(), Stored::read) {
            Some(Stored::Conversation(conversation)) => Standing::Conversation(conversation),
            Some(Stored::Tombstone(_) | Stored::Nothing) => Standing::Nothing,
            None => Standing::Unreadable(item),
        })
    }

    async fn kept(&self, tenant: &TenantId, id: &ConversationId, cutoff: UnixMillis) -> Result<Kept, StoreError> {
        let now = expiry::now(&self.client);
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(messages_partition(tenant, id)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut kept = Kept::default();
        while let Some(item) = pages.next().await {
            let item = item?;
            if expiry::living(&item, now) && !was_received_until(&item, cutoff) {
                kept.add(item);
            }
        }
        Ok(kept)
    }

    /// Puts a tombstone in the place of a conversation of this version; `false` when that has changed meanwhile.
    async fn bury(
        &self,
        tenant: &TenantId,
        id: &ConversationId,
        erased_before: UnixMillis,
        version: Option<&AttributeValue>,
    ) -> Result<bool, StoreError> {
        let next = version.and_then(|version| version.as_n().ok()?.parse::<u64>().ok()).unwrap_or_default() + 1;
        let tombstone = Tombstone { erased_before, version: next };
        let key = Key::conversation(tenant, id);
        let item = Keyed::new(&key, &tombstone).expiring(tombstone_end(erased_before)).item()?;
        let unchanged = if version.is_some() { "#version = :version" } else { "attribute_not_exists(#version)" };
        let outcome = self
            .client
            .put_item()
            .table_name(&self.tables.conversations)
            .set_item(Some(told(item, LastChange::Erased)))
            .condition_expression(unchanged)
            .expression_attribute_names("#version", "version")
            .set_expression_attribute_values(
                version.map(|version| HashMap::from([(":version".to_owned(), version.clone())])),
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }
}

impl Kept {
    /// What cannot be read stays where it is, and is not counted.
    fn add(&mut self, item: Item) {
        let Some(key) = Key::of(&item) else { return };
        if key.sk.starts_with(MESSAGE) {
            self.messages.extend(readable("message", item));
        } else if let Some(digest) = waiting_digest(&key) {
            self.waiting.insert(digest.to_owned());
        }
    }
}

/// Whether what stands there, of which only this can be read, was not emptied by a later deletion.
fn is_from_before(item: &Item, cutoff: UnixMillis) -> bool {
    let erased_before = item.get("erased_before").and_then(|at| at.as_n().ok()?.parse().ok());
    erased_before.is_none_or(|at| UnixMillis::new(at) < cutoff)
}

/// When nobody can deliver any more what was received by then.
pub(crate) const fn tombstone_end(erased_before: UnixMillis) -> UnixSeconds {
    erased_before.seconds().plus(TOMBSTONE_SECONDS)
}

/// The conversation without what is from before, and with everything that came later. What was counted after an earlier
/// look stays counted; what was stored after it and not counted, since the look came in between, is counted now.
fn emptied(conversation: &Conversation, kept: &Kept, cutoff: UnixMillis) -> Conversation {
    let before = conversation.erased_before < Some(cutoff);
    let mut next = if before { conversation.erased(cutoff) } else { conversation.clone() };
    next.waiting.clone_from(&conversation.waiting);
    next.waiting.retain(|digest| kept.waiting.contains(digest) || (digest == ANY && !kept.waiting.is_empty()));
    next.waiting_until = conversation.waiting_until.filter(|_| !next.waiting.is_empty());
    for message in &kept.messages {
        if next.counted.contains(&message.id) == domain::conversation::WasCounted::No {
            next.count(message, false);
        }
    }
    next
}
