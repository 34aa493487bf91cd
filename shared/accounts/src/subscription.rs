//! Whether Meta delivers an account's webhooks: asked for, and read back, because an accepted request has been seen to
//! leave no subscription.

use std::time::Duration;

use meta::graph::{AccountProblem, MESSAGES, Subscription};
use meta::{AccountAccess, FailureClass, GraphClient, GraphError};
use store::StoreError;
use tokio::time::timeout;
use tracing::{info, warn};

/// How long Meta may take: a person waits, and API Gateway waits no longer than 30 s.
const PATIENCE: Duration = Duration::from_secs(6);

/// How often Meta is told the same before it is believed that it does not do it.
const TRIES: usize = 2;

/// Webhook fields that Meta takes or refuses together.
pub(crate) type FieldList = Vec<&'static str>;

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
    /// The end was accepted, and the subscription is still there.
    #[error("Meta accepted the end of the subscription and still lists it")]
    StillListed,
    /// Meta refused, or did not answer.
    #[error("a call to Meta failed")]
    Graph(#[from] GraphError),
    /// The Page's other connections were not read.
    #[error("it is not known whom else the subscription serves")]
    Store(#[from] StoreError),
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

/// Asks for one of these lists, and compares what Meta lists then: an accepted field has been seen to be missing, and to be there
/// after it was asked for once more.
pub(crate) async fn begin(
    graph: &GraphClient<'_>,
    access: AccountAccess<'_>,
    lists: &[FieldList],
) -> Result<(), SubscriptionError> {
    let mut outcome = Ok(());
    for _ in 0..TRIES {
        let taken = subscribe(graph, access, lists).await?;
        let subscription = graph.subscription(access).await?;
        outcome = check(&subscription);
        let lacks = subscription.lacks(taken);
        if outcome.is_ok() && lacks.is_empty() {
            break;
        }
        warn!(account = %access.account, fields = lacks.join(","), "Meta took webhook fields and does not list them");
    }
    outcome
}

/// Switches webhooks off, and looks whether they are. Where Meta refuses the token there is nobody to ask.
pub(crate) async fn end(graph: &GraphClient<'_>, access: AccountAccess<'_>) -> Result<(), SubscriptionError> {
    for _ in 0..TRIES {
        graph.unsubscribe(access).await?;
        match graph.subscription(access).await {
            Ok(subscription) if subscription.active => {}
            Ok(_) => return Ok(()),
            Err(refusal) if refusal.is_of_token() => return Ok(()),
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(SubscriptionError::StillListed)
}

/// Asks for one list after the other, in the place of whatever there is, until Meta takes one; answers that.
async fn subscribe<'l>(
    graph: &GraphClient<'_>,
    access: AccountAccess<'_>,
    lists: &'l [FieldList],
) -> Result<&'l [&'static str], GraphError> {
    let mut outcome = Ok([].as_slice());
    for fields in lists {
        outcome = graph.subscribe(access, fields).await.map(|()| fields.as_slice());
        match &outcome {
            Err(refusal) if is_about_fields(refusal) => {
                info!(fields = fields.join(","), error = %refusal, "Meta did not take a list of webhook fields");
            }
            Ok(_) | Err(_) => break,
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

    /// Whether Meta refuses the token, so that another one may do.
    pub(crate) fn is_of_token(&self) -> bool {
        matches!(self, Self::Graph(refusal) if refusal.is_of_token())
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
#[derive(Debug)]
pub(crate) enum Restored {
    /// Nothing was amiss.
    Unneeded {
        /// What Meta delivers; empty where it does not tell.
        fields: Vec<String>,
    },
    /// Meta had dropped the subscription; it is there again.
    Again,
}

/// The fields that Meta delivers, none where it does not tell; `None` where it delivers no messages.
pub(crate) async fn delivered(
    graph: &GraphClient<'_>,
    access: AccountAccess<'_>,
) -> Result<Option<Vec<String>>, SubscriptionError> {
    let read = in_time(graph.subscription(access)).await?;
    Ok(check(&read).is_ok().then_some(read.fields))
}

/// The lists that add something to what is listed, and leave nothing of it out. None where Meta does not tell.
pub(crate) fn fuller(lists: Vec<FieldList>, listed: &[String]) -> Vec<FieldList> {
    let is_listed = |field: &str| listed.iter().any(|known| known == field);
    let whole = lists.first().cloned().unwrap_or_default();
    let keeps = |list: &FieldList| whole.iter().all(|field| list.contains(field) || !is_listed(field));
    let adds = |list: &FieldList| !listed.is_empty() && !list.iter().all(|field| is_listed(field));
    lists.into_iter().filter(|list| keeps(list) && adds(list)).collect()
}

/// Gives Meta as long as a person can wait.
pub(crate) async fn in_time<T, E: Into<SubscriptionError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, SubscriptionError> {
    timeout(PATIENCE, work).await.map_err(|_| SubscriptionError::Timeout)?.map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_delivered_is_only_added_to() {
        let lists = || vec![vec!["messages", "comments", "echoes"], vec!["messages", "comments"], vec!["messages"]];
        let asked = |listed: &[&str]| fuller(lists(), &listed.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(asked(&["messages"]), lists()[..2]);
        assert_eq!(asked(&["messages", "comments"]), lists()[..1], "the others would add nothing");
        assert_eq!(asked(&["messages", "echoes"]), lists()[..1], "the others would end the echoes");
        assert_eq!(asked(&["messages", "comments", "echoes", "standby"]), Vec::<FieldList>::new());
        assert_eq!(asked(&[]), Vec::<FieldList>::new(), "Meta does not tell");
    }
}
