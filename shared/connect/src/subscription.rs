//! Whether Meta delivers an account's webhooks: asked for, and read back, because an accepted request has been seen to
//! leave no subscription.

use std::time::Duration;

use meta::graph::{Subscription, subscribed_fields};
use meta::{AccountAccess, GraphClient, GraphError};
use tokio::time::timeout;

/// How long Meta may take: a person waits, and API Gateway waits no longer than 30 s.
const PATIENCE: Duration = Duration::from_secs(6);
/// The field without which there is no inbox.
const MESSAGES: &str = "messages";

/// Why it is not certain that Meta does as it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscriptionError {
    #[error("Meta did not answer in time")]
    Timeout,
    #[error("Meta accepted the subscription but does not list it")]
    NotListed,
    #[error("Meta lists the subscription without messages")]
    WithoutMessages,
    #[error("a call to Meta failed")]
    Graph(#[from] GraphError),
}

/// Why nothing is certain to be delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("Meta did not say whether it delivers")]
    Unread(#[source] SubscriptionError),
    #[error("Meta delivers nothing, and does not begin to")]
    Dropped(#[source] SubscriptionError),
}

impl RestoreError {
    /// What Meta answered, where it did.
    pub(crate) const fn refusal(&self) -> Option<&GraphError> {
        match self {
            Self::Unread(SubscriptionError::Graph(failure)) | Self::Dropped(SubscriptionError::Graph(failure)) => {
                Some(failure)
            }
            Self::Unread(_) | Self::Dropped(_) => None,
        }
    }
}

/// Has Meta deliver the account's webhooks, and checks that it will.
pub(crate) async fn begin(graph: &GraphClient<'_>, access: AccountAccess<'_>) -> Result<(), SubscriptionError> {
    in_time(async {
        graph.subscribe(access, subscribed_fields(graph.login())).await?;
        check(&graph.subscription(access).await?)
    })
    .await
}

/// Whether what Meta lists will bring messages.
fn check(subscription: &Subscription) -> Result<(), SubscriptionError> {
    if !subscription.active {
        return Err(SubscriptionError::NotListed);
    }
    // Where Meta does not tell the fields, the subscription itself has to do.
    let messages = subscription.fields.is_empty() || subscription.fields.iter().any(|field| field == MESSAGES);
    if messages { Ok(()) } else { Err(SubscriptionError::WithoutMessages) }
}

/// Whether Meta delivered already, or does so from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// Nothing was amiss.
    Unneeded,
    /// Meta had dropped the subscription; it is there again.
    Again,
}

/// Reads the subscription, and makes it again where Meta has dropped it.
pub(crate) async fn restore(graph: &GraphClient<'_>, access: AccountAccess<'_>) -> Result<Restored, RestoreError> {
    let read = read(graph, access).await.map_err(RestoreError::Unread)?;
    if check(&read).is_ok() {
        return Ok(Restored::Unneeded);
    }
    begin(graph, access).await.map_err(RestoreError::Dropped)?;
    Ok(Restored::Again)
}

async fn read(graph: &GraphClient<'_>, access: AccountAccess<'_>) -> Result<Subscription, SubscriptionError> {
    Ok(timeout(PATIENCE, graph.subscription(access)).await.map_err(|_| SubscriptionError::Timeout)??)
}

/// Has Meta deliver nothing more.
pub(crate) async fn end(graph: &GraphClient<'_>, access: AccountAccess<'_>) -> Result<(), SubscriptionError> {
    in_time(async { Ok(graph.unsubscribe(access).await?) }).await
}

async fn in_time(work: impl Future<Output = Result<(), SubscriptionError>>) -> Result<(), SubscriptionError> {
    timeout(PATIENCE, work).await.unwrap_or(Err(SubscriptionError::Timeout))
}
