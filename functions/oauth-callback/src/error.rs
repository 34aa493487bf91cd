//! Why a login led to no connection, and what the page says about it.

use accounts::{ConnectError, Refusal, RegistrationError};
use domain::Channel;
use meta::graph::AccountProblem;
use meta::{FailureClass, GraphError};
use plans::PlanError;
use store::StoreError;
use vault::VaultError;

/// Why an authorization response led to no connection.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Never issued, or expired long ago.
    #[error("the state is unknown")]
    StateUnknown,
    /// Somebody was here with it before.
    #[error("the state was used before")]
    StateUsed,
    /// The person took longer than it lives.
    #[error("the state is expired")]
    StateExpired,
    /// The browser does not hold the cookie that the authorization was started with.
    #[error("another browser started the authorization")]
    OtherBrowser,
    /// The person pressed cancel.
    #[error("the person cancelled at Meta")]
    Cancelled,
    /// Meta's redirect carried an error, or nothing usable.
    #[error("Meta's redirect carried no code")]
    Refused,
    /// Meta's redirect said that Meta has a problem.
    #[error("Meta's redirect named a problem at Meta")]
    MetaUnavailable,
    /// Meta did not answer the questions for token and accounts in the time that a browser waits.
    #[error("the login was not finished in time")]
    OutOfTime,
    /// A call to Meta failed.
    #[error("Meta did not bring the login to its end")]
    Graph(#[from] GraphError),
    /// The person has no account of the channel that could be connected.
    #[error("the login came with no account")]
    NoAccounts(Channel),
    /// Accounts there are, but the person may answer messages for none of them.
    #[error("the login came with no account that the person may answer for")]
    NoUsableAccount,
    /// The request came past API Gateway and no redirect URI is configured.
    #[error("the address of the callback is not known")]
    NoRedirectUri,
    /// Meta cannot be reached as the Meta app that the login needs.
    #[error("the Meta app is not available")]
    Registration(#[from] RegistrationError),
    /// The plan has no room for any of the accounts, or is not known.
    #[error("the plan was not asked or does not allow it")]
    Plan(#[from] PlanError),
    /// A token was not sealed.
    #[error("a token was not sealed")]
    Vault(#[from] VaultError),
    /// The authorization request was not read or written.
    #[error("the authorization request was not read or written")]
    Store(#[from] StoreError),
    /// The account was not connected.
    #[error("the account was not connected")]
    Connect(#[from] ConnectError),
}

impl CallbackError {
    /// Whether it is for the operator to look into.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        [Refusal::INTERNAL, Refusal::UNAVAILABLE, Refusal::NOT_CONFIGURED, APP_UNAVAILABLE]
            .contains(&Refusal::from(self))
    }
}

impl From<&CallbackError> for Refusal {
    /// Has no `_` arm: a new variant does not compile until someone chose its words.
    fn from(error: &CallbackError) -> Self {
        use CallbackError as Error;
        let (reason, title) = match error {
            Error::StateUnknown => ("state_unknown", "This login is not known. Please connect again"),
            Error::StateUsed => ("state_used", "This login was already used. Please connect again"),
            Error::StateExpired => ("state_expired", "The login took too long. Please connect again"),
            Error::OtherBrowser => ("other_browser", "Please finish the login in the browser that you started it in"),
            Error::Cancelled => ("cancelled", "Connection cancelled"),
            Error::Refused => return CODE_REFUSED,
            Error::MetaUnavailable | Error::OutOfTime => return META_UNAVAILABLE,
            Error::Graph(error) => return of_graph(error),
            Error::NoAccounts(channel) => ("no_accounts", no_accounts(*channel)),
            Error::NoUsableAccount => (
                "no_usable_account",
                "You may not answer messages for these accounts. Ask for the task \"Messages\" on their Pages",
            ),
            Error::Registration(error) => return Self::from(error),
            Error::Connect(error) => return Self::from(error),
            Error::Plan(PlanError::Refused(refusal)) => return Self::from(refusal),
            Error::NoRedirectUri => return Self::INTERNAL,
            Error::Vault(error) => return Self::failure(error.passes()),
            Error::Plan(PlanError::Store(error)) | Error::Store(error) => return Self::failure(error.passes()),
        };
        Self::new(reason, title)
    }
}

const fn no_accounts(channel: Channel) -> &'static str {
    match channel {
        Channel::Instagram => {
            "No Instagram account found. Link a professional account to a Facebook Page that you manage"
        }
        Channel::Messenger => "No Facebook Page found. Log in as somebody who manages one, and choose it at Facebook",
    }
}

const CODE_REFUSED: Refusal = Refusal::new("code_refused", "Meta did not accept the login. Please connect again");
const META_UNAVAILABLE: Refusal =
    Refusal::new("meta_unavailable", "Meta does not answer at the moment. Please try again in a few minutes");
const APP_UNAVAILABLE: Refusal = Refusal::new(
    "app_unavailable",
    "The connection between this app and Meta is interrupted. Support has to look into it",
);
const ACCOUNT_REFUSED: Refusal = Refusal::new(
    "account_refused",
    "Meta does not allow access to this account. Look at its notices there, then connect again",
);
const PERMISSIONS_MISSING: Refusal = Refusal::new(
    "permissions_missing",
    "A permission is missing. Please connect again and leave all of them switched on",
);
const PROFESSIONAL_ACCOUNT_REQUIRED: Refusal =
    Refusal::new("professional_account_required", "Professional account required");

/// Meta's answers by what the person can do about them.
fn of_graph(error: &GraphError) -> Refusal {
    use FailureClass::{Account, AppLevel, InvalidGrant, Permanent, Retry, RetryAtMost, RetryLater, Uncertain};
    match (error, error.class()) {
        (GraphError::ProfessionalAccountRequired, _) => PROFESSIONAL_ACCOUNT_REQUIRED,
        (GraphError::MissingScopes(_), _) | (_, Account(AccountProblem::PermissionMissing)) => PERMISSIONS_MISSING,
        (_, Account(_)) => ACCOUNT_REFUSED,
        (_, InvalidGrant | Permanent) => CODE_REFUSED,
        (_, AppLevel) => APP_UNAVAILABLE,
        (_, Retry | RetryAtMost(_) | RetryLater { .. } | Uncertain) => META_UNAVAILABLE,
    }
}
