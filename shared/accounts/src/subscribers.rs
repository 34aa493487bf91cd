//! Who receives by one subscription at Meta: an account alone, or every channel of a Page.
//!
//! Meta replaces an app's list of fields for a Page, and ending it ends all channels of the Page. So whoever begins or ends asks
//! for what all live connections of the Page need, and looks again afterwards: of two who change the list at once, the one
//! who comes last sees what the other has stored.

use domain::channel::Account;
use domain::{Connection, ConnectionStatus, Login, PageId, UnixSeconds};
use edge::telemetry::Chain;
use meta::graph::{Subscriber, SubscriptionPlan, subscription_plan};
use meta::{AccountAccess, GraphClient};
use store::{Next, StoreError};
use tracing::warn;

use crate::connector::Connector;
use crate::open::{OpenAccount, OpenError};
use crate::subscription::{self, FieldList, RestoreError, Restored, SubscriptionError, in_time};

/// How often a subscription is changed anew while others change who receives by it.
const ROUNDS: usize = 4;

impl Connector {
    /// Has Meta deliver what these permissions cover of the account's webhooks, beside what the Page's other connections need,
    /// and checks that it will.
    pub(crate) async fn subscribe_to(
        &self,
        graph: &GraphClient<'_>,
        access: AccountAccess<'_>,
        scopes: &[String],
    ) -> Result<(), SubscriptionError> {
        in_time(async {
            let lists = self.lists(graph.login(), access, scopes).await?;
            subscription::begin(graph, access, &lists).await?;
            self.follow_others(graph, access, scopes, lists).await
        })
        .await
    }

    /// Asks anew as long as others change who receives by the subscription while it is asked for what was needed before.
    async fn follow_others(
        &self,
        graph: &GraphClient<'_>,
        access: AccountAccess<'_>,
        scopes: &[String],
        mut needed: Vec<FieldList>,
    ) -> Result<(), SubscriptionError> {
        for _ in 0..ROUNDS {
            let now_needed = self.lists(graph.login(), access, scopes).await?;
            if now_needed == needed {
                break;
            }
            subscription::begin(graph, access, &now_needed).await?;
            needed = now_needed;
        }
        Ok(())
    }

    /// Reads the subscription, and makes it again where Meta has dropped it.
    pub(crate) async fn restore(
        &self,
        graph: &GraphClient<'_>,
        access: AccountAccess<'_>,
        scopes: &[String],
    ) -> Result<Restored, RestoreError> {
        if let Some(fields) = subscription::delivered(graph, access).await.map_err(RestoreError::Unread)? {
            return Ok(Restored::Unneeded { fields });
        }
        self.subscribe_to(graph, access, scopes).await.map_err(RestoreError::Dropped)?;
        Ok(Restored::Again)
    }

    /// Asks for the fields that the permissions cover and the subscription lacks, as after Meta has made a new one. What is
    /// `listed` stays where Meta takes no more.
    pub(crate) async fn complete(
        &self,
        graph: &GraphClient<'_>,
        access: AccountAccess<'_>,
        scopes: &[String],
        listed: &[String],
    ) -> Result<(), SubscriptionError> {
        in_time(async {
            let lists = self.lists(graph.login(), access, scopes).await?;
            let fuller = subscription::fuller(lists.clone(), listed);
            if fuller.is_empty() {
                return Ok(());
            }
            subscription::begin(graph, access, &fuller).await?;
            self.follow_others(graph, access, scopes, lists).await
        })
        .await
    }

    /// Has Meta deliver only what is still needed, now that a connection has ended. Where it is not certain that it will, those that
    /// go on are looked at with the next round of upkeep.
    pub(crate) async fn unsubscribe(&self, ended: &Connection, now: UnixSeconds) -> Result<(), UnsubscribeError> {
        let mut done = None;
        for _ in 0..ROUNDS {
            let receivers = self.receivers(ended.login, &ended.account, ended.page_id.as_ref()).await?;
            let plan = subscription_plan(ended.login, &subscribers(&receivers));
            if done.as_ref() == Some(&plan) {
                break;
            }
            if let Err(failure) = self.carry_out(&plan, &receivers, ended, now).await {
                self.have_looked_at(&receivers, now).await?;
                return Err(failure);
            }
            done = Some(plan);
        }
        Ok(())
    }

    /// Takes back what was asked of Meta for a connection that somebody has ended meanwhile: they may have told Meta of the end first.
    /// A failure is logged, never fatal: what Meta delivers then is dropped.
    pub(crate) async fn unsubscribe_if_ended(&self, used: &Connection, now: UnixSeconds) {
        let Connection { tenant, account, .. } = used;
        let outcome = match self.connections.find(tenant, account).await {
            Ok(Some(found)) if found.status != ConnectionStatus::Revoked => Ok(()),
            Ok(_) => self.unsubscribe(used, now).await,
            Err(failure) => Err(failure.into()),
        };
        if let Err(failure) = outcome {
            warn!(%tenant, %account, error = %Chain(&failure), "Account {account} may be subscribed for nobody");
        }
    }

    /// Has Meta do so, with the first token that it takes: of a connection that goes on, else the one that the ended one had.
    async fn carry_out(
        &self,
        plan: &SubscriptionPlan,
        receivers: &[Connection],
        ended: &Connection,
        now: UnixSeconds,
    ) -> Result<(), UnsubscribeError> {
        let mut outcome = Ok(());
        for connection in receivers.iter().chain([ended]) {
            outcome = match self.open_account(connection.clone(), now).await {
                Ok(account) => told(plan, &account).await.map_err(UnsubscribeError::from),
                Err(OpenError::NoToken) => continue,
                Err(failure) => Err(failure.into()),
            };
            match &outcome {
                Err(UnsubscribeError::Open(_)) => {}
                Err(UnsubscribeError::Subscription(refusal)) if refusal.is_of_token() => {}
                Ok(()) | Err(UnsubscribeError::Subscription(_) | UnsubscribeError::Store(_)) => break,
            }
        }
        outcome
    }

    /// Makes these due for upkeep, with all that is asked after a setback.
    async fn have_looked_at(&self, connections: &[Connection], now: UnixSeconds) -> Result<(), StoreError> {
        for connection in connections.iter().filter(|connection| connection.upkeep_at(now).is_some()) {
            let next = Next { due_at: now, setbacks: 1, checked_at: None };
            // Refused: somebody changed it meanwhile, as upkeep does.
            self.connections.record_upkeep(connection, connection, next).await?;
        }
        Ok(())
    }

    /// The lists of fields to ask for, for an account with these permissions and those that share its subscription.
    async fn lists(
        &self,
        login: Login,
        access: AccountAccess<'_>,
        scopes: &[String],
    ) -> Result<Vec<FieldList>, StoreError> {
        let others = match access.account.acting_page(login, access.page_id) {
            Some(_) => self.receivers(login, access.account, access.page_id).await?,
            None => Vec::new(),
        };
        let others: Vec<Connection> = others.into_iter().filter(|other| other.account != *access.account).collect();
        let own = Subscriber { channel: access.account.channel, scopes };
        let all: Vec<_> = std::iter::once(own).chain(subscribers(&others)).collect();
        Ok(meta::graph::field_lists(login, &all))
    }

    /// The live connections that Meta delivers to by the same subscription, whoever's they are.
    async fn receivers(
        &self,
        login: Login,
        account: &Account,
        page_id: Option<&PageId>,
    ) -> Result<Vec<Connection>, StoreError> {
        let receivers = match account.acting_page(login, page_id) {
            Some(page) => self.connections.receiving_over(&page).await?,
            None => self.connections.receiving(account).await?.into_iter().collect(),
        };
        Ok(receivers.into_iter().filter(|connection| connection.login == login).collect())
    }
}

/// Tells Meta what is to be so, and reads back whether it is.
async fn told(plan: &SubscriptionPlan, account: &OpenAccount<'_>) -> Result<(), SubscriptionError> {
    let (graph, access) = (account.graph(), account.access());
    match plan {
        SubscriptionPlan::Subscribe(lists) => in_time(subscription::begin(&graph, access, lists)).await,
        SubscriptionPlan::Unsubscribe => in_time(subscription::end(&graph, access)).await,
    }
}

fn subscribers(connections: &[Connection]) -> Vec<Subscriber<'_>> {
    let each = connections.iter();
    each.map(|Connection { account, scopes, .. }| Subscriber { channel: account.channel, scopes }).collect()
}

/// Why Meta was not told that an account is disconnected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnsubscribeError {
    #[error("it is not known whom the subscription serves")]
    Store(#[from] StoreError),
    #[error("no account was opened")]
    Open(#[from] OpenError),
    #[error("the subscription did not change")]
    Subscription(#[from] SubscriptionError),
}
