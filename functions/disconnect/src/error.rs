//! Why nothing was disconnected.

use accounts::DisconnectError;
use domain::Channel;
use domain::view::NamedAccount;
use edge::Problem;
use store::StoreError;

/// Why a request to disconnect revoked nothing.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Refused(Problem),
    /// No account was named and none is connected.
    #[error("no account is connected")]
    NothingConnected,
    /// No account was named and more than one of the channel is connected.
    #[error("several accounts are connected and none was named")]
    WhichOne(Channel),
    /// The connections could not be read.
    #[error("the connections could not be read")]
    Store(#[from] StoreError),
    /// The one that was named was not revoked.
    #[error("the connection was not revoked")]
    Disconnect(#[from] DisconnectError),
}

impl From<Problem> for RevokeError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<&RevokeError> for Problem {
    fn from(error: &RevokeError) -> Self {
        use RevokeError::{Disconnect, NothingConnected, Refused, Store, WhichOne};
        match error {
            Refused(problem) => problem.clone(),
            NothingConnected | Disconnect(DisconnectError::NotConnected) => {
                Self::new(404, "not-connected", "This account is not connected")
            }
            WhichOne(channel) => Self::new(400, "account-required", "Several accounts are connected").detail(format!(
                "Name the one to disconnect as {}; the status lists them",
                NamedAccount::field(*channel)
            )),
            Store(error) | Disconnect(DisconnectError::Store(error)) => Self::failure(error.passes()),
        }
    }
}
