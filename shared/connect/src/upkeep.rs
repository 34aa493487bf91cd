//! A connection is kept working: its token renewed, its subscription read back, its end told in time.

use domain::upkeep::{RENEWABLE_AGE_SECONDS, wait_after};
use domain::{AccessToken, Connection, ConnectionStatus, UnixMillis, UnixSeconds};
use edge::telemetry::Chain;
use meta::graph::AccountProblem;
use meta::{AccountAccess, FailureClass, GraphClient, GraphError};
use store::{Appointment, Due, StoreError};
use tracing::{error, info, warn};
use vault::VaultError;

use crate::connector::Connector;
use crate::notes;
use crate::registrations::RegistrationError;
use crate::subscription::{self, RestoreError, Restored};

/// Why a connection is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It may be due: it is left alone if it is not (any more), so that a redelivery does nothing.
    Due,
    /// Now, whether it is due or not: a probe, or somebody asked for a new subscription.
    CheckUp,
    /// Now, with a new token if Meta gives one: somebody asked for it.
    Renewal,
}

/// What looking after a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There was nothing to do.
    Idle,
    /// It has a new token.
    Renewed,
    /// It works.
    Checked,
    /// It is to be tried again: its next appointment is after a wait.
    SetBack,
    /// It does not work until somebody connects again, who has been told.
    Broken(AccountProblem),
    /// Somebody changed it meanwhile, and theirs is what holds.
    Overtaken,
    /// Meta refused the app, not the account. Nothing was changed.
    AppRefused,
}

impl Kept {
    /// A stable word, for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Renewed => "renewed",
            Self::Checked => "checked",
            Self::SetBack => "set_back",
            Self::Broken(_) => "broken",
            Self::Overtaken => "overtaken",
            Self::AppRefused => "app_refused",
        }
    }

    /// Whether Meta served the app.
    #[must_use]
    pub const fn was_served(self) -> bool {
        matches!(self, Self::Renewed | Self::Checked)
    }
}

/// Why a connection was not looked after, on our side. To be done again.
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

/// Why it did not go through.
#[derive(Debug)]
enum Trouble {
    /// The account's own: it does not work until somebody connects again.
    Account(AccountProblem),
    /// It may pass, not before so many seconds.
    Passing(i64),
    /// The app's.
    App,
    /// A disconnect or a reconnect was faster.
    Overtaken,
    Ours(UpkeepError),
}

impl From<UpkeepError> for Trouble {
    fn from(error: UpkeepError) -> Self {
        Self::Ours(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

impl From<&GraphError> for Trouble {
    fn from(error: &GraphError) -> Self {
        match error.class() {
            FailureClass::Account(problem) if problem.breaks_connection() => Self::Account(problem),
            FailureClass::AppLevel => Self::App,
            FailureClass::RetryLater { after } => Self::Passing(after.unwrap_or_default().into()),
            FailureClass::Account(_)
            | FailureClass::Permanent
            | FailureClass::Retry
            | FailureClass::RetryAtMost(_)
            | FailureClass::Uncertain
            | FailureClass::InvalidGrant => Self::Passing(0),
        }
    }
}

impl Connector {
    /// Looks after a connection by the rules of its login, and sets its next appointment.
    ///
    /// With Instagram Login the token is renewed when it is due; with Facebook Login there is nothing to renew, and Meta
    /// is asked what it thinks of the token. Then the subscription is read, and made again where Meta has dropped it.
    ///
    /// A connection that Meta has refused is tried only where somebody asks for it, and works again if Meta takes its token
    /// after all.
    ///
    /// # Errors
    ///
    /// [`UpkeepError`]: the connection is due as before.
    pub async fn look_after(&self, due: &Due, occasion: Occasion, now: UnixMillis) -> Result<Kept, UpkeepError> {
        let Some(appointment) = self.connections.appointment(due).await? else { return Ok(Kept::Idle) };
        let Appointment { connection, due_at, setbacks } = appointment;
        let is_due = occasion != Occasion::Due || due_at.is_some_and(|at| at <= now.seconds());
        let can_work = connection.upkeep_at(now.seconds()).is_some() || connection.status == ConnectionStatus::Error;
        if !can_work || !is_due {
            return Ok(Kept::Idle);
        }
        let mut keeper = Keeper { connector: self, used: connection.clone(), next: connection, renewed: false, now };
        match keeper.tend(occasion).await {
            Ok(()) => keeper.settle().await,
            Err(Trouble::Account(problem)) => keeper.give_up(problem).await,
            Err(Trouble::Passing(seconds)) => keeper.wait(setbacks.saturating_add(1), seconds).await,
            Err(Trouble::App) => Ok(Kept::AppRefused),
            Err(Trouble::Overtaken) => Ok(Kept::Overtaken),
            Err(Trouble::Ours(failure)) => Err(failure),
        }
    }
}

/// A connection while it is looked after.
struct Keeper<'a> {
    connector: &'a Connector,
    /// As it is stored.
    used: Connection,
    /// As it is to be stored.
    next: Connection,
    /// Whether it was stored with a new token.
    renewed: bool,
    now: UnixMillis,
}

impl Keeper<'_> {
    const fn now(&self) -> UnixSeconds {
        self.now.seconds()
    }

    async fn tend(&mut self, occasion: Occasion) -> Result<(), Trouble> {
        if self.used.is_expired(self.now()) {
            return Err(Trouble::Account(AccountProblem::TokenExpired));
        }
        let token = self.open().await?;
        let registered = self.connector.registrations.current(self.now()).await.map_err(UpkeepError::Registration)?;
        // Without its app the account can do nothing, and somebody may still put the registration back.
        let graph = registered.graph(self.used.login).map_err(|failure| {
            error!(login = self.used.login.as_str(), error = %Chain(&failure), "A connection has lost its Meta app");
            Trouble::Passing(0)
        })?;
        let token = if self.wants_new_token(occasion) { self.renew(&graph, token).await? } else { token };
        self.restore_subscription(&graph, &token).await?;
        self.examine(&graph, &token).await
    }

    async fn open(&self) -> Result<AccessToken, Trouble> {
        let Connection { tenant, ig_user_id, token, .. } = &self.used;
        let sealed = token.as_ref().ok_or(Trouble::Account(AccountProblem::TokenInvalid))?;
        self.connector.open(tenant, ig_user_id, sealed, self.now()).await.map_err(|failure| match failure {
            VaultError::Kms(_) => Trouble::Ours(UpkeepError::Vault(failure)),
            VaultError::Tampered | VaultError::UnknownVersion | VaultError::Cipher => {
                error!(%tenant, ig.id = %ig_user_id, error = %Chain(&failure), "A token does not open");
                Trouble::Account(AccountProblem::TokenInvalid)
            }
        })
    }

    fn wants_new_token(&self, occasion: Occasion) -> bool {
        let Some(renewal_at) = self.used.renewal_at() else { return false };
        let renewable_at = self.used.token_refreshed_at.plus(RENEWABLE_AGE_SECONDS);
        renewal_at <= self.now() || (occasion == Occasion::Renewal && renewable_at <= self.now())
    }

    /// Has Meta prolong the token, and stores the new one at once: what follows may fail without losing it.
    async fn renew(&mut self, graph: &GraphClient<'_>, token: AccessToken) -> Result<AccessToken, Trouble> {
        let renewed = graph.refresh(&token, self.now()).await.map_err(|failure| self.report(&failure))?;
        let Some(renewed) = renewed else { return Ok(token) };
        let Connection { tenant, ig_user_id, .. } = &self.used;
        let sealed = self.connector.seal(tenant, ig_user_id, &renewed.token, self.now()).await;
        self.next.token = Some(sealed.map_err(UpkeepError::Vault)?);
        self.next.token_expires_at = renewed.expires_at;
        self.next.token_refreshed_at = self.now();
        self.next.updated_at = self.now();
        self.next.notice = self.next.notice_due(self.now());
        self.store(0, 0).await?;
        self.renewed = true;
        Ok(renewed.token)
    }

    /// Has Meta deliver again where it does not. Where Meta will not, the connection is shown as pending, which is told once;
    /// it is tried again until Meta does.
    async fn restore_subscription(&mut self, graph: &GraphClient<'_>, token: &AccessToken) -> Result<(), Trouble> {
        let (account, page) = (self.used.ig_user_id.clone(), self.used.page_id.clone());
        let access = AccountAccess { ig_user_id: &account, page_id: page.as_ref(), token };
        match subscription::restore(graph, access).await {
            Ok(restored) => {
                self.shift(ConnectionStatus::Active);
                if restored == Restored::Again {
                    warn!(ig.id = %account, "Meta had dropped the subscription of account {account}");
                    self.connector.trail.note(notes::resubscribed(&self.used, self.now)).await;
                }
                Ok(())
            }
            Err(failure) => {
                let trouble = failure.refusal().map_or(Trouble::Passing(0), |refusal| self.report(refusal));
                if let (RestoreError::Dropped(_), Trouble::Passing(_)) = (&failure, &trouble) {
                    warn!(ig.id = %account, error = %Chain(&failure), "Account {account} receives nothing");
                    self.receives_nothing().await;
                }
                Err(trouble)
            }
        }
    }

    async fn receives_nothing(&mut self) {
        if self.next.status == ConnectionStatus::Active {
            self.connector.trail.note(notes::not_subscribed(&self.used, self.now)).await;
        }
        self.shift(ConnectionStatus::Pending);
    }

    /// A pause is the plan's: nothing that Meta says ends it.
    fn shift(&mut self, status: ConnectionStatus) {
        if self.used.status != ConnectionStatus::Paused {
            self.next.status = status;
        }
    }

    /// Facebook Login: asks Meta until when token and data access hold. Instagram Login has no such call.
    async fn examine(&mut self, graph: &GraphClient<'_>, token: &AccessToken) -> Result<(), Trouble> {
        if self.used.login == domain::Login::Instagram {
            return Ok(());
        }
        let info = graph.debug_token(token).await.map_err(|failure| match self.report(&failure) {
            // The call is made with the app's own token: it is not the account that Meta refuses here.
            Trouble::Account(_) => Trouble::App,
            trouble => trouble,
        })?;
        if !info.is_valid {
            return Err(Trouble::Account(AccountProblem::TokenInvalid));
        }
        self.next.token_expires_at = info.expires_at();
        self.next.data_access_expires_at = info.data_access_expires_at();
        Ok(())
    }

    fn report(&self, failure: &GraphError) -> Trouble {
        let trouble = Trouble::from(failure);
        info!(
            tenant = %self.used.tenant, ig.id = %self.used.ig_user_id, error = %Chain(failure),
            "Looking after account {} did not go through", self.used.ig_user_id
        );
        trouble
    }

    /// All is well. Costs no write when a new token was stored a moment ago and nothing has changed since.
    async fn settle(mut self) -> Result<Kept, UpkeepError> {
        self.remind().await;
        if self.next.error.take().is_some() {
            self.connector.trail.note(notes::recovered(&self.used, self.now)).await;
        }
        if self.renewed && self.next == self.used {
            return Ok(Kept::Renewed);
        }
        let kept = if self.renewed { Kept::Renewed } else { Kept::Checked };
        self.end(kept, 0, 0).await
    }

    /// Tries again later. With each setback later, and never before Meta said.
    async fn wait(mut self, setbacks: u32, at_least: i64) -> Result<Kept, UpkeepError> {
        self.remind().await;
        self.end(Kept::SetBack, setbacks, at_least).await
    }

    async fn give_up(self, problem: AccountProblem) -> Result<Kept, UpkeepError> {
        let noted = self.connector.mark_broken(&self.used, problem, self.now).await?;
        Ok(if noted { Kept::Broken(problem) } else { Kept::Overtaken })
    }

    /// Tells the tenant, once, what will end soon; and takes it back when it does not any more.
    async fn remind(&mut self) {
        let notice = self.next.notice_due(self.now());
        if let Some(notice) = notice.as_ref().filter(|notice| self.used.notice.as_ref() != Some(*notice)) {
            self.connector.trail.note(notes::noticed(&self.used, notice, self.now)).await;
        }
        self.next.notice = notice;
    }

    async fn end(mut self, kept: Kept, setbacks: u32, at_least: i64) -> Result<Kept, UpkeepError> {
        match self.store(setbacks, at_least).await {
            Ok(()) => Ok(kept),
            Err(Trouble::Ours(failure)) => Err(failure),
            Err(_) => Ok(Kept::Overtaken),
        }
    }

    async fn store(&mut self, setbacks: u32, at_least: i64) -> Result<(), Trouble> {
        let due_at = if setbacks == 0 {
            self.next.upkeep_at(self.now()).unwrap_or(self.now())
        } else {
            self.now().plus(wait_after(setbacks).max(at_least))
        };
        let stored = self.connector.connections.keep(&self.used, &self.next, due_at, setbacks).await?;
        self.used = stored.ok_or(Trouble::Overtaken)?;
        self.next = self.used.clone();
        Ok(())
    }
}
