//! Whether Meta delivers an account's webhooks: asked for, and read back, because an accepted request has been seen to
//! leave no subscription.

use std::time::Duration;

use edge::telemetry::Chain;
use meta::graph::{AccountProblem, MESSAGES, Subscription, field_lists};
use meta::{AccountAccess, FailureClass, GraphClient, GraphError};
use tokio::time::timeout;
use tracing::info;

/// How long Meta may take: a person waits, and API Gateway waits no longer than 30 s.
const PATIENCE: Duration = Duration::from_secs(6);

/// Why it is not certain that Meta does as it was told.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// No answer in time.
    #[error("Meta did not answer in time")]
    Timeout,
    /// The subscription was accepted, and is not there.
    #[error("Meta accepted the subscription but does not list it")]
    NotListed,
    /// The subscription is there, and brings no messages.
    #[error("Meta lists the subscription without messages")]
    WithoutMessages,
    /// Meta refused, or did not answer.
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

/// Has Meta deliver what these permissions cover of the account's webhooks, and checks that it will.
pub(crate) async fn begin(
    graph: &GraphClient<'_>,
    access: AccountAccess<'_>,
    scopes: &[String],
) -> Result<(), SubscriptionError> {
    in_time(async {
        subscribe(graph, access, scopes).await?;
        check(&graph.subscription(access).await?)
    })
    .await
}

/// Asks for shorter and shorter lists until Meta takes one.
async fn subscribe(graph: &GraphClient<'_>, access: AccountAccess<'_>, scopes: &[String]) -> Result<(), GraphError> {
    let mut outcome = Ok(());
    for fields in field_lists(graph.login(), scopes) {
        outcome = graph.subscribe(access, &fields).await;
        match &outcome {
            Err(refusal) if is_about_fields(refusal) => {
                info!(fields = fields.join(","), error = %refusal, "Meta did not take a list of webhook fields");
            }
            Ok(()) | Err(_) => break,
        }
    }
    outcome
}

/// Whether a list of fields was refused for what is in it, and not the account, the app or the moment.
fn is_about_fields(refusal: &GraphError) -> bool {
    use AccountProblem::{NotReviewed, PermissionMissing};
    let class = refusal.class();
    refusal.refusal().is_some()
        && matches!(class, FailureClass::Permanent | FailureClass::Account(PermissionMissing | NotReviewed))
}

impl SubscriptionError {
    /// Whether Meta will not deliver, however often it is asked: not even the shortest list was taken.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Graph(refusal) if is_about_fields(refusal))
    }
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
pub(crate) async fn restore(
    graph: &GraphClient<'_>,
    access: AccountAccess<'_>,
    scopes: &[String],
) -> Result<Restored, RestoreError> {
    let read = read(graph, access).await.map_err(RestoreError::Unread)?;
    if check(&read).is_ok() {
        return Ok(Restored::Unneeded);
    }
    begin(graph, access, scopes).await.map_err(RestoreError::Dropped)?;
    Ok(Restored::Again)
}

/// Asks for the fields that the permissions cover and the subscription lacks, as after Meta has made a new one. What there is
/// stays where Meta takes no more.
pub(crate) async fn complete(graph: &GraphClient<'_>, access: AccountAccess<'_>, scopes: &[String]) {
    let outcome = in_time(async {
        let listed = graph.subscription(access).await?.fields;
        let wanted = field_lists(graph.login(), scopes).swap_remove(0);
        let is_whole = wanted.iter().all(|field| listed.iter().any(|known| known == field));
        if is_whole || listed.is_empty() {
            return Ok(());
        }
        Ok(subscribe(graph, access, scopes).await?)
    });
    if let Err(failure) = outcome.await {
        info!(error = %Chain(&failure), "A subscription was not completed");
    }
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
