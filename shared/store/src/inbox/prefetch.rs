//! One read for a whole batch of events: whose accounts they are, and the conversations they belong to.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use domain::{Account, ContactId, ConversationId, Route, TenantId, UnixMillis};

use super::InboxStore;
use crate::batch::{self, Found};
use crate::error::StoreError;
use crate::item::{from_item, readable, readable_as};
use crate::key::Key;
use crate::threads::{Stored, Thread};

/// Accounts that one process remembers the owner of.
const REMEMBERED_OWNERS: usize = 10_000;

/// What was read for a batch of events. Kept up to date by [`InboxStore::receive`], so that one batch needs one read.
///
/// Whoever works on several conversations at once hands each its own part: [`Prefetched::hand_out`].
#[derive(Clone, Debug, Default)]
pub struct Prefetched {
    owners: HashMap<Account, Option<Route>>,
    /// What was found where conversations were looked for.
    conversations: HashMap<(TenantId, ConversationId), Stored>,
}

impl InboxStore {
    /// Reads what a batch of events needs: their routes, and the conversations that they lead to.
    ///
    /// Costs one `BatchGetItem` when the owner of every account is remembered and still the same, else two. The route
    /// is always read, strongly consistent: what is remembered only predicts the conversation's key. What cannot be read is
    /// left out: whoever needs it reads it again and is told, and nobody else.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn prefetch(&self, events: &[(Account, Option<ContactId>)]) -> Result<Prefetched, StoreError> {
        let predicted = threads_of(events, |account| self.remembered_owner(account));
        let accounts: BTreeSet<&Account> = events.iter().map(|(account, _)| account).collect();
        let routes = accounts.iter().map(|account| (self.connections.as_str(), Key::route(account)));
        let found =
            batch::get(&self.threads.client, &routes.chain(self.wanted(&predicted)).collect::<Vec<_>>()).await?;
        let mut prefetched = Prefetched::default();
        for account in accounts {
            let owner = match found.get(&Key::route(account)) {
                None => None,
                Some(item) => match readable::<Route>("route", item.clone()) {
                    Some(route) => Some(route),
                    None => continue,
                },
            };
            self.remember_owner(account, owner.as_ref().map(|route| &route.tenant));
            prefetched.owners.insert(account.clone(), owner);
        }
        prefetched.take_over(predicted, found);
        self.prefetch_mispredicted(events, &mut prefetched).await?;
        Ok(prefetched)
    }

    /// The second round: conversations of accounts whose owner was not remembered, or is another now.
    async fn prefetch_mispredicted(
        &self,
        events: &[(Account, Option<ContactId>)],
        prefetched: &mut Prefetched,
    ) -> Result<(), StoreError> {
        let mut missing = threads_of(events, |account| prefetched.tenant(account).cloned());
        missing.retain(|thread| !prefetched.conversations.contains_key(thread));
        if missing.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = self.wanted(&missing).collect();
        let found = batch::get(&self.threads.client, &wanted).await?;
        prefetched.take_over(missing, found);
        Ok(())
    }

    fn wanted<'a>(
        &'a self,
        threads: &'a BTreeSet<(TenantId, ConversationId)>,
    ) -> impl Iterator<Item = (&'a str, Key)> + 'a {
        threads.iter().map(|(tenant, id)| (self.threads.conversations.as_str(), Key::conversation(tenant, id)))
    }

    /// Whose account it is: as prefetched, or read now.
    pub(super) async fn owner(
        &self,
        prefetched: &mut Prefetched,
        account: &Account,
    ) -> Result<Option<Route>, StoreError> {
        if let Some(known) = prefetched.owners.get(account) {
            return Ok(known.clone());
        }
        let found = self.threads.get(&self.connections, &Key::route(account)).await?;
        let owner = found.map(|item| from_item::<Route>("route", item)).transpose()?;
        prefetched.owners.insert(account.clone(), owner.clone());
        Ok(owner)
    }

    /// The thread of a contact: as prefetched, or read now. It is handed out, so that an error leaves nothing stale
    /// behind; whoever succeeds gives it back.
    pub(super) async fn take_thread(
        &self,
        prefetched: &mut Prefetched,
        tenant: TenantId,
        account: &Account,
        contact: &ContactId,
        now: UnixMillis,
    ) -> Result<Thread, StoreError> {
        let id = ConversationId::derive(&tenant, account, contact);
        match prefetched.conversations.remove(&(tenant.clone(), id)) {
            Some(stored) => Ok(Thread::found(tenant, stored, account, contact, now)),
            None => self.threads.thread(&tenant, account, contact, now).await,
        }
    }

    fn remembered_owner(&self, account: &Account) -> Option<TenantId> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }

    fn remember_owner(&self, account: &Account, owner: Option<&TenantId>) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= REMEMBERED_OWNERS {
            owners.clear();
        }
        match owner {
            Some(owner) => owners.insert(account.clone(), owner.clone()),
            None => owners.remove(account),
        };
    }
}

impl Prefetched {
    /// Whose account it is; `None` when nobody has connected it, or it was not among the events.
    #[must_use]
    pub fn tenant(&self, account: &Account) -> Option<&TenantId> {
        self.owners.get(account)?.as_ref().map(|route| &route.tenant)
    }

    /// Hands out what these events need. Of two parts about the same conversation only the first has it.
    #[must_use]
    pub fn hand_out(&mut self, events: &[(Account, Option<ContactId>)]) -> Self {
        let owner = |account| self.owners.get_key_value(account).map(|(known, owner)| (known.clone(), owner.clone()));
        let owners = events.iter().filter_map(|(account, _)| owner(account)).collect();
        let threads = threads_of(events, |account| self.tenant(account).cloned());
        let conversations = threads.iter().filter_map(|thread| self.conversations.remove_entry(thread)).collect();
        Self { owners, conversations }
    }

    pub(super) fn give_back(&mut self, thread: Thread) {
        let key = (thread.tenant.clone(), thread.id().clone());
        self.conversations.insert(key, thread.into_stored());
    }

    fn take_over(&mut self, threads: BTreeSet<(TenantId, ConversationId)>, mut found: Found) {
        for (tenant, id) in threads {
            let item = found.remove(&Key::conversation(&tenant, &id));
            let stored = match item {
                None => Some(Stored::Nothing),
                Some(item) => readable_as("conversation", item, Stored::read),
            };
            self.conversations.extend(stored.map(|stored| ((tenant, id), stored)));
        }
    }
}

/// The conversations of the events whose account has an owner.
fn threads_of(
    events: &[(Account, Option<ContactId>)],
    owner: impl Fn(&Account) -> Option<TenantId>,
) -> BTreeSet<(TenantId, ConversationId)> {
    events
        .iter()
        .filter_map(|(account, contact)| {
            let (tenant, contact) = (owner(account)?, contact.as_ref()?);
            let id = ConversationId::derive(&tenant, account, contact);
            Some((tenant, id))
        })
        .collect()
}
