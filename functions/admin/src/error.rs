//! Why a request to administer was refused, and the answers.

use accounts::{ConnectError, Refusal, RegistrationError, UpkeepError, UpkeepOutcome};
use domain::Channel;
use domain::view::NamedAccount;
use edge::Problem;
use edge::page::invalid_cursor;
use erasure::RequestError;
use meta::graph::AccountProblem;
use meta::{FailureClass, GraphError};
use store::StoreError;
use vault::VaultError;

/// Ids of one list: as many as are taken within one answer's time.
pub(crate) const MOST_IDS: usize = 100;

/// Why a request to administer was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Request(Problem),
    /// No such tenant of the caller's, connection or queue.
    #[error("there is no such thing")]
    NotFound,
    /// A parameter's value is none that it knows.
    #[error("a parameter has an unknown value")]
    Parameter(&'static str),
    /// No id, or more than one list may hold.
    #[error("the list holds no id, or too many")]
    IdCount,
    /// The day of the list is no day.
    #[error("the day of the list is no day")]
    ListDay,
    /// A deletion was not taken. The whole list can be handed in again.
    #[error("a deletion was not taken")]
    Erasure(#[from] RequestError),
    /// Not in the catalogue.
    #[error("the plan is not in the catalogue")]
    UnknownPlan(Vec<String>),
    /// No account of the channel is named.
    #[error("no account of the channel is named")]
    AccountRequired(Channel),
    /// An operator has no accounts: they say whose it will be.
    #[error("the operator named no tenant")]
    TenantRequired,
    /// The token is another account's, or another Page's.
    #[error("the token belongs to another account")]
    TokenOfAnother,
    /// What was pasted is no token: those are one line of letters, digits and signs.
    #[error("the token is not one line of letters, digits and signs")]
    NoToken,
    /// Meta did not say what the token is for.
    #[error("Meta did not accept the token")]
    Token(#[source] GraphError),
    /// The connection is revoked or paused: it has no upkeep.
    #[error("the connection is not active")]
    NotActive,
    /// The upkeep of the connection ended, and it does not work.
    #[error("the connection does not work")]
    Upkeep(UpkeepOutcome),
    /// The upkeep of the connection failed on our side.
    #[error("the upkeep of the connection failed")]
    UpkeepFailed(#[from] UpkeepError),
    /// The account was not connected.
    #[error("the account was not connected")]
    Connect(#[from] ConnectError),
    /// Meta cannot be reached as the Meta app that the login needs.
    #[error("the Meta app is not available")]
    Registration(#[from] RegistrationError),
    /// A token was not sealed.
    #[error("a token was not sealed")]
    Vault(#[from] VaultError),
    /// SQS moves messages of the queue already, or cannot.
    #[error("the queue cannot be replayed now")]
    NotReplayable,
    /// SQS did not do its part.
    #[error("the queue was not replayed")]
    Queue(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database did not do its part, or the cursor is not its own.
    #[error("something was not read or written")]
    Store(#[from] StoreError),
}

impl From<Problem> for AdminError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<&AdminError> for Problem {
    fn from(error: &AdminError) -> Self {
        use AdminError as Error;
        match error {
            Error::Request(problem) => problem.clone(),
            Error::NotFound => Self::NOT_FOUND,
            Error::Parameter(name) => {
                Self::new(400, "invalid-filter", "A filter has an unknown value").with("field", *name)
            }
            Error::IdCount => Self::new(400, "invalid-list", "The list cannot be used")
                .detail(format!("Name 1 to {MOST_IDS} ids at once."))
                .with("field", "ids"),
            Error::ListDay => Self::new(400, "invalid-list", "The list cannot be used")
                .detail("Write the day as 2026-11-20.")
                .with("field", "requested_on"),
            Error::UnknownPlan(known) => {
                Self::new(422, "unknown-plan", "There is no such plan").with("plans", known.clone())
            }
            Error::AccountRequired(channel) => {
                Self::new(400, "invalid-body", "The request does not have the expected form")
                    .detail("A field is missing")
                    .with("field", NamedAccount::field(*channel))
            }
            Error::TenantRequired => {
                Self::new(400, "tenant-required", "Say whose account it will be").with("field", "tenant_id")
            }
            Error::TokenOfAnother => Self::new(422, "token-of-another-account", "The token belongs to another account"),
            Error::NoToken => Self::new(422, "token-refused", "Meta does not accept this token")
                .detail("A token is one line of letters, digits and signs.")
                .with("field", "token"),
            Error::Token(error) => of_token(error),
            Error::NotActive => Self::new(409, "not-active", "The connection is not active"),
            Error::Upkeep(outcome) => of_upkeep(*outcome),
            Error::Connect(error) => of_connect(error),
            Error::Registration(RegistrationError::NotConfigured) => not_configured(),
            Error::NotReplayable => Self::new(409, "not-replayable", "The queue cannot be replayed now")
                .detail("A replay may be running already. Try again in a few minutes."),
            Error::Store(StoreError::BadCursor) => invalid_cursor(),
            Error::Store(StoreError::Conflict) => changed_meanwhile(),
            Error::Registration(RegistrationError::Secrets(error)) => Self::failure(error.passes()),
            Error::UpkeepFailed(error) => Self::failure(error.passes()),
            Error::Vault(error) => Self::failure(error.passes()),
            Error::Erasure(error) => Self::failure(error.passes()),
            Error::Queue(_) => Self::UNAVAILABLE,
            Error::Store(error) => Self::failure(error.passes()),
        }
    }
}

fn not_configured() -> Problem {
    Problem::new(409, "login-not-configured", "This login is not set up").detail("No Meta app is registered for it")
}

fn changed_meanwhile() -> Problem {
    Problem::new(409, "changed-meanwhile", "This was changed meanwhile").detail("Read it again, and change that.")
}

fn unavailable() -> Problem {
    Problem::new(503, "meta-unavailable", "Meta does not answer at the moment")
}

/// Meta's answer to the question whose token it is.
fn of_token(error: &GraphError) -> Problem {
    match (error, error.class()) {
        (GraphError::ProfessionalAccountRequired, _) => {
            Problem::new(422, "professional-account-required", "Professional account required")
        }
        (_, FailureClass::Account(_) | FailureClass::Permanent | FailureClass::InvalidGrant) => {
            Problem::new(422, "token-refused", "Meta does not accept this token")
        }
        _ => unavailable(),
    }
}

fn of_connect(error: &ConnectError) -> Problem {
    match error {
        ConnectError::Plan(refusal) => Problem::from(refusal),
        ConnectError::Conflict => changed_meanwhile(),
        ConnectError::Registration(RegistrationError::NotConfigured) => not_configured(),
        ConnectError::TakenElsewhere | ConnectError::NotSubscribed(_) => {
            let refusal = Refusal::from(error);
            Problem::new(409, "connection-refused", refusal.title).with("reason", refusal.reason)
        }
        ConnectError::Registration(RegistrationError::Secrets(error)) => Problem::failure(error.passes()),
        ConnectError::Store(error) => Problem::failure(error.passes()),
    }
}

fn of_upkeep(outcome: UpkeepOutcome) -> Problem {
    match outcome {
        UpkeepOutcome::Broken(problem) => Problem::new(409, "connection-error", "The connection does not work")
            .detail("Connect the account again.")
            .with("reason", AccountProblem::as_str(problem)),
        UpkeepOutcome::Overtaken => changed_meanwhile(),
        UpkeepOutcome::SetBack | UpkeepOutcome::Resting | UpkeepOutcome::AppRefused => unavailable(),
        UpkeepOutcome::Released => Problem::new(409, "connection-error", "The connection does not work")
            .detail("Connect the account again.")
            .with("reason", Refusal::SUBSCRIPTION_FAILED.reason),
        UpkeepOutcome::Idle | UpkeepOutcome::Renewed | UpkeepOutcome::Checked | UpkeepOutcome::TooYoung => {
            Problem::new(409, "not-active", "The connection is not active")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meta_refuses_for_good_is_told_from_what_may_pass() {
        let refused = Problem::from(&AdminError::Upkeep(UpkeepOutcome::Broken(AccountProblem::TokenExpired)));
        assert_eq!((refused.status(), refused.kind()), (409, "connection-error"));
        let later = Problem::from(&AdminError::Upkeep(UpkeepOutcome::SetBack));
        assert_eq!((later.status(), later.kind()), (503, "meta-unavailable"));
    }

    #[test]
    fn a_connection_too_many_is_refused_in_the_plans_words() {
        let catalogue = domain::Catalogue::deployed().expect("the catalogue that is deployed");
        let refusal = catalogue.effective(None, None).no_connection_left(domain::Channel::Instagram, 1);
        let problem = Problem::from(&AdminError::Connect(ConnectError::Plan(refusal)));
        assert_eq!((problem.status(), problem.kind()), (403, "plan-limit"));
    }
}
