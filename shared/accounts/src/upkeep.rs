//! A connection is kept working: its token renewed, its subscription read back, its end told in time.

mod run;

use domain::{ConnectionStatus, UnixMillis};
use meta::graph::AccountProblem;
use meta::{FailureClass, GraphError};
use store::{Appointment, Due, StoreError};
use vault::VaultError;

use self::run::Run;
use crate::connector::Connector;
use crate::registrations::RegistrationError;

/// Why upkeep looks at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It may be due: it is left alone if it is not (any more), so that a redelivery does nothing.
    Due,
    /// Now, whether it is due or not: a probe, or somebody asked for a new subscription.
    CheckUp,
    /// Now, with a new token if Meta gives one: somebody asked for it.
    Renewal,
}

/// What the upkeep of a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpkeepOutcome {
    /// There was nothing to do.
    Idle,
    /// It has a new token.
    Renewed,
    /// It works.
    Checked,
    /// It works, and Meta does not renew its token yet.
    TooYoung,
    /// It is to be tried again: its next appointment is after a wait.
    SetBack,
    /// Meta wants the account to be left alone: its next appointment is after that.
    Resting,
    /// It does not work until somebody connects again, who has been told.
    Broken(AccountProblem),
    /// Somebody changed it meanwhile, and theirs is what holds.
    Overtaken,
    /// Meta refused the app, not the account. That is looked at again as after a setback.
    AppRefused,
    /// Meta never began to deliver for it, and was asked for long enough: it is revoked, its place in the plan is free.
    Released,
}

impl UpkeepOutcome {
    /// A stable word, for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Renewed => "renewed",
            Self::Checked => "checked",
            Self::TooYoung => "too_young",
            Self::SetBack => "set_back",
            Self::Resting => "resting",
            Self::Broken(_) => "broken",
            Self::Overtaken => "overtaken",
            Self::AppRefused => "app_refused",
            Self::Released => "released",
        }
    }

    /// Whether Meta served the app.
    #[must_use]
    pub const fn was_served(self) -> bool {
        matches!(self, Self::Renewed | Self::Checked | Self::TooYoung)
    }
}

/// Why the upkeep of a connection failed on our side. To be done again.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The database failed.
    #[error("the connection was not read or written")]
    Store(#[from] StoreError),
    /// KMS failed.
    #[error("the token was not opened or sealed")]
    Vault(#[source] VaultError),
    /// The registrations could not be read.
    #[error("the Meta app is not available")]
    Registration(#[source] RegistrationError),
}

impl UpkeepError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Store(error) => error.passes(),
            Self::Vault(error) => error.passes(),
            Self::Registration(error) => error.passes(),
        }
    }
}

/// Why it did not go through.
#[derive(Debug)]
enum Failure {
    /// The account's own: it does not work until somebody connects again.
    Account(AccountProblem),
    /// It may pass, not before so many seconds.
    Transient(i64),
    /// The app's.
    App,
    /// A disconnect or a reconnect was faster.
    Overtaken,
    Ours(UpkeepError),
}

impl From<UpkeepError> for Failure {
    fn from(error: UpkeepError) -> Self {
        Self::Ours(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

impl From<&GraphError> for Failure {
    fn from(error: &GraphError) -> Self {
        match error.class() {
            FailureClass::Account(problem) if problem.breaks_connection() => Self::Account(problem),
            FailureClass::AppLevel => Self::App,
            FailureClass::RetryLater { .. }
            | FailureClass::Account(_)
            | FailureClass::Permanent
            | FailureClass::Retry
            | FailureClass::RetryAtMost(_)
            | FailureClass::Uncertain
            | FailureClass::InvalidGrant => Self::Transient(error.regain_seconds().unwrap_or_default().into()),
        }
    }
}

impl Connector {
    /// Renews and checks a connection by the rules of its login, and sets its next appointment.
    ///
    /// With Instagram Login the token is renewed when it is due; with Facebook Login there is nothing to renew, and Meta
    /// is asked once a day what it thinks of the token. The subscription is read where Meta has not delivered for some time,
    /// and made again where Meta has dropped it.
    ///
    /// A connection that Meta has refused is tried only where somebody asks for it, and works again if Meta takes its token
    /// after all.
    ///
    /// # Errors
    ///
    /// [`UpkeepError`]: the connection is due as before.
    pub async fn upkeep(&self, due: &Due, occasion: Occasion, now: UnixMillis) -> Result<UpkeepOutcome, UpkeepError> {
        let Some(appointment) = self.connections.appointment(due).await? else { return Ok(UpkeepOutcome::Idle) };
        let Appointment { connection, due_at, .. } = &appointment;
        let is_due = occasion != Occasion::Due || due_at.is_some_and(|at| at <= now.seconds());
        let can_work = connection.upkeep_at(now.seconds()).is_some() || connection.status == ConnectionStatus::Error;
        if !can_work || !is_due {
            return Ok(UpkeepOutcome::Idle);
        }
        let used = appointment.connection.clone();
        let outcome = Run::new(self, appointment, occasion, now).finish().await?;
        if outcome == UpkeepOutcome::Overtaken {
            self.unsubscribe_if_ended(&used, now.seconds()).await;
        }
        Ok(outcome)
    }
}
