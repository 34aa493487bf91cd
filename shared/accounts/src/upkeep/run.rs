//! The upkeep of one connection: what is asked of Meta, and what is stored of the answers.

use domain::channel::TokenLife;
use domain::upkeep::{CHECK_UP_SECONDS, RENEWABLE_AGE_SECONDS, wait_after};
use domain::{Connection, ConnectionStatus, UnixMillis, UnixSeconds};
use edge::telemetry::Chain;
use meta::GraphError;
use meta::graph::{AccountProblem, Renewal};
use store::{Appointment, Next};
use tracing::{error, info, warn};
use vault::VaultError;

use crate::audit_events;
use crate::connector::Connector;
use crate::open::{OpenAccount, OpenError};
use crate::subscription::{RestoreError, Restored};
use crate::upkeep::{Failure, Occasion, UpkeepError, UpkeepOutcome};

/// From that refusal in a row on it is the account's own: an outage of the app would have been noticed by others.
const REFUSED_ALONE: u32 = 2;

/// A connection under upkeep.
pub(super) struct Run<'a> {
    connector: &'a Connector,
    occasion: Occasion,
    /// As it is stored.
    used: Connection,
    /// As it is to be stored.
    next: Connection,
    /// How often in a row it has failed before.
    setbacks: u32,
    /// When all was asked for that Meta can tell.
    checked_at: Option<UnixSeconds>,
    /// What became of its token.
    token: Option<UpkeepOutcome>,
    now: UnixMillis,
}

impl<'a> Run<'a> {
    pub(super) fn new(connector: &'a Connector, appointment: Appointment, occasion: Occasion, now: UnixMillis) -> Self {
        let Appointment { connection, setbacks, checked_at, .. } = appointment;
        Self { connector, occasion, used: connection.clone(), next: connection, setbacks, checked_at, token: None, now }
    }

    const fn now(&self) -> UnixSeconds {
        self.now.seconds()
    }

    /// Asks, and stores what came of it.
    pub(super) async fn finish(mut self) -> Result<UpkeepOutcome, UpkeepError> {
        let in_full = self.wants_full_check_up();
        if !in_full && !self.used.is_quiet(self.now()) {
            return self.end(UpkeepOutcome::Idle, 0, 0).await;
        }
        if let Some(until) = self.used.rests_until(self.now) {
            return self.rest(until).await;
        }
        match self.tend(in_full).await {
            Ok(()) => self.settle(in_full).await,
            Err(Failure::Account(problem)) => self.give_up(problem).await,
            Err(Failure::Transient(_)) if self.used.has_waited_in_vain(self.now()) => self.release().await,
            Err(Failure::Transient(seconds)) => self.wait(seconds).await,
            Err(Failure::App) => self.refused().await,
            Err(Failure::Overtaken) => Ok(UpkeepOutcome::Overtaken),
            Err(Failure::Ours(failure)) => Err(failure),
        }
    }

    fn wants_full_check_up(&self) -> bool {
        self.occasion != Occasion::Due
            || self.setbacks > 0
            || self.used.wants_full_check_up(self.checked_at, self.now())
    }

    async fn tend(&mut self, in_full: bool) -> Result<(), Failure> {
        if self.used.is_expired(self.now()) {
            return Err(Failure::Account(AccountProblem::TokenExpired));
        }
        let mut account = self.open().await?;
        self.renew_if_wanted(&mut account).await?;
        self.restore_subscription(&account, in_full).await?;
        if in_full { self.examine(&account).await } else { Ok(()) }
    }

    async fn open(&self) -> Result<OpenAccount<'a>, Failure> {
        let Connection { tenant, account, login, .. } = &self.used;
        let opened = self.connector.open_account(self.used.clone(), self.now()).await;
        opened.map_err(|failure| match failure {
            OpenError::NoToken => Failure::Account(AccountProblem::TokenInvalid),
            OpenError::Vault(failure @ VaultError::Kms(_)) => Failure::Ours(UpkeepError::Vault(failure)),
            OpenError::Vault(VaultError::Tampered | VaultError::UnknownVersion | VaultError::Cipher) => {
                error!(%tenant, %account, error = %Chain(&failure), "A token does not open");
                Failure::Account(AccountProblem::TokenInvalid)
            }
            OpenError::Registration(failure) => Failure::Ours(UpkeepError::Registration(failure)),
            // Without its app the account can do nothing, and somebody may still put the registration back.
            OpenError::NoApp(_) => {
                error!(login = login.as_str(), "A connection has lost its Meta app");
                Failure::Transient(0)
            }
        })
    }

    async fn renew_if_wanted(&mut self, account: &mut OpenAccount<'_>) -> Result<(), Failure> {
        let Some(renewal_at) = self.used.renewal_at() else { return Ok(()) };
        let is_asked_for = self.occasion == Occasion::Renewal;
        if renewal_at > self.now() && !is_asked_for {
            return Ok(());
        }
        if self.used.token_refreshed_at.plus(RENEWABLE_AGE_SECONDS) > self.now() {
            self.token = is_asked_for.then_some(UpkeepOutcome::TooYoung);
            return Ok(());
        }
        self.renew(account).await
    }

    /// Has Meta prolong the token, and stores the new one at once: what follows may fail without losing it.
    async fn renew(&mut self, account: &mut OpenAccount<'_>) -> Result<(), Failure> {
        let renewal = account.graph().refresh(&account.token, self.now()).await;
        let renewed = match renewal.map_err(|failure| self.report(&failure))? {
            Renewal::Renewed(renewed) => renewed,
            Renewal::TooYoung => {
                self.token = Some(UpkeepOutcome::TooYoung);
                return Ok(());
            }
            Renewal::NotNeeded => return Ok(()),
        };
        let sealed = self.connector.seal(&self.used.tenant, &self.used.account, &renewed.token, self.now()).await;
        self.next.token = Some(sealed.map_err(UpkeepError::Vault)?);
        self.next.token_expires_at = renewed.expires_at;
        self.next.token_refreshed_at = self.now();
        self.next.updated_at = self.now();
        self.next.notice = self.next.notice_due(self.now());
        // What follows is a full check-up; where it fails, the setback leads to another one.
        self.checked_at = Some(self.now());
        self.store(0, 0).await?;
        self.token = Some(UpkeepOutcome::Renewed);
        account.token = renewed.token;
        Ok(())
    }

    /// Has Meta deliver again where it does not, and `in_full` what it does not deliver yet. Where Meta will not, the
    /// connection is shown as pending, which is told once; it is tried again until Meta does.
    async fn restore_subscription(&mut self, account: &OpenAccount<'_>, in_full: bool) -> Result<(), Failure> {
        let (graph, access, id) = (account.graph(), account.access(), &account.connection.account);
        match self.connector.restore(&graph, access, &self.used.scopes).await {
            Ok(restored) => {
                self.shift(ConnectionStatus::Active);
                match restored {
                    Restored::Unneeded { fields } if in_full => {
                        let completed = self.connector.complete(&graph, access, &self.used.scopes, &fields).await;
                        if let Err(failure) = completed {
                            info!(error = %Chain(&failure), "A subscription was not completed");
                        }
                    }
                    Restored::Unneeded { .. } => {}
                    Restored::Again => {
                        warn!(account = %id, "Meta had dropped the subscription of account {id}");
                        self.connector.audit.record(audit_events::resubscribed(&self.used, self.now)).await;
                    }
                }
                Ok(())
            }
            Err(failure) => {
                let kind = failure.refusal().map_or(Failure::Transient(0), |refusal| self.report(refusal));
                if let (RestoreError::Dropped(_), Failure::Transient(_)) = (&failure, &kind) {
                    warn!(account = %id, error = %Chain(&failure), "Account {id} receives nothing");
                    self.receives_nothing().await;
                }
                Err(kind)
            }
        }
    }

    async fn receives_nothing(&mut self) {
        if self.next.status == ConnectionStatus::Active {
            self.connector.audit.record(audit_events::not_subscribed(&self.used, self.now)).await;
        }
        self.shift(ConnectionStatus::Pending);
    }

    /// A pause is the plan's: nothing that Meta says ends it.
    fn shift(&mut self, status: ConnectionStatus) {
        if self.used.status != ConnectionStatus::Paused {
            self.next.status = status;
        }
    }

    /// Asks Meta until when a token that no call renews holds, and data access. Of others the renewal tells.
    async fn examine(&mut self, account: &OpenAccount<'_>) -> Result<(), Failure> {
        match self.used.login.facts().token_life {
            TokenLife::RenewedByCall { .. } => return Ok(()),
            TokenLife::NeverRenewed => {}
        }
        let info =
            account.graph().debug_token(&account.token).await.map_err(|failure| match self.report(&failure) {
                // The call is made with the app's own token: it is not the account that Meta refuses here.
                Failure::Account(_) => Failure::App,
                kind => kind,
            })?;
        if !info.is_valid {
            return Err(Failure::Account(AccountProblem::TokenInvalid));
        }
        self.next.token_expires_at = info.expires_at();
        self.next.data_access_expires_at = info.data_access_expires_at();
        Ok(())
    }

    fn report(&self, failure: &GraphError) -> Failure {
        let kind = Failure::from(failure);
        info!(
            tenant = %self.used.tenant, account = %self.used.account, error = %Chain(failure),
            "The upkeep of account {} did not go through", self.used.account
        );
        kind
    }

    /// All is well. Costs no write when a new token was stored a moment ago and nothing has changed since.
    async fn settle(mut self, in_full: bool) -> Result<UpkeepOutcome, UpkeepError> {
        if in_full {
            self.checked_at = Some(self.now());
        }
        self.remind().await;
        if self.next.error.take().is_some() {
            self.connector.audit.record(audit_events::recovered(&self.used, self.now)).await;
        }
        let outcome = self.token.unwrap_or(UpkeepOutcome::Checked);
        if outcome == UpkeepOutcome::Renewed && self.next == self.used {
            return Ok(outcome);
        }
        self.end(outcome, 0, 0).await
    }

    /// Comes back once Meta may be called for the account: calls before that prolong the limit.
    async fn rest(self, until: UnixMillis) -> Result<UpkeepOutcome, UpkeepError> {
        if self.occasion != Occasion::Due {
            return Ok(UpkeepOutcome::Resting);
        }
        let (setbacks, at_least) = (self.setbacks, until.seconds().get() - self.now().get());
        self.end(UpkeepOutcome::Resting, setbacks, at_least).await
    }

    /// Tries again later. With each setback later, and never before Meta said, which holds for all calls for the account.
    async fn wait(mut self, at_least: i64) -> Result<UpkeepOutcome, UpkeepError> {
        self.remind().await;
        let asked = u32::try_from(at_least).ok().filter(|seconds| *seconds > 0);
        self.connector.leave_alone(&self.used, asked, self.now).await;
        let setbacks = self.setbacks.saturating_add(1);
        self.end(UpkeepOutcome::SetBack, setbacks, at_least).await
    }

    /// Meta refuses our app. By its appointments an account is found that is refused alone: an app that is refused as a
    /// whole has none.
    async fn refused(mut self) -> Result<UpkeepOutcome, UpkeepError> {
        if self.occasion != Occasion::Due {
            return Ok(UpkeepOutcome::AppRefused);
        }
        let setbacks = self.setbacks.saturating_add(1);
        if setbacks >= REFUSED_ALONE {
            let notice = self.used.refused_notice(self.now());
            if self.used.notice.as_ref() != Some(&notice) {
                self.connector.audit.record(audit_events::noticed(&self.used, &notice, self.now)).await;
            }
            self.next.notice = Some(notice);
        }
        self.end(UpkeepOutcome::AppRefused, setbacks, 0).await
    }

    async fn give_up(self, problem: AccountProblem) -> Result<UpkeepOutcome, UpkeepError> {
        let noted = self.connector.mark_broken(&self.used, problem, self.now).await?;
        Ok(if noted { UpkeepOutcome::Broken(problem) } else { UpkeepOutcome::Overtaken })
    }

    /// Gives the place in the plan to others: Meta never began to deliver. Whoever has connected the account again while
    /// Meta was asked keeps it.
    async fn release(self) -> Result<UpkeepOutcome, UpkeepError> {
        let Connection { tenant, account, version, .. } = &self.used;
        let is_meant = |found: &Connection| found.version == *version;
        if self.connector.connections.revoke_if(tenant, account, self.now(), is_meant).await?.is_none() {
            return Ok(UpkeepOutcome::Overtaken);
        }
        warn!(%tenant, %account, "Account {account} was given up: Meta never began to deliver");
        self.connector.audit.record(audit_events::released(&self.used, self.now)).await;
        self.connector.plans.make_room(tenant, self.now).await;
        Ok(UpkeepOutcome::Released)
    }

    /// Tells the tenant, once, what will end soon; and takes it back when it does not any more.
    async fn remind(&mut self) {
        let notice = self.next.notice_due(self.now());
        if let Some(notice) = notice.as_ref().filter(|notice| self.used.notice.as_ref() != Some(*notice)) {
            self.connector.audit.record(audit_events::noticed(&self.used, notice, self.now)).await;
        }
        self.next.notice = notice;
    }

    async fn end(mut self, outcome: UpkeepOutcome, setbacks: u32, at_least: i64) -> Result<UpkeepOutcome, UpkeepError> {
        match self.store(setbacks, at_least).await {
            Ok(()) => Ok(outcome),
            Err(Failure::Ours(failure)) => Err(failure),
            Err(_) => Ok(UpkeepOutcome::Overtaken),
        }
    }

    async fn store(&mut self, setbacks: u32, at_least: i64) -> Result<(), Failure> {
        let due_at = if setbacks == 0 {
            let soonest = self.now().plus(CHECK_UP_SECONDS.max(at_least));
            self.next.upkeep_at(self.now()).map_or(soonest, |at| at.max(soonest))
        } else {
            self.now().plus(wait_after(setbacks).max(at_least))
        };
        let next = Next { due_at, setbacks, checked_at: self.checked_at };
        let stored = self.connector.connections.record_upkeep(&self.used, &self.next, next).await?;
        self.used = stored.ok_or(Failure::Overtaken)?;
        self.next = self.used.clone();
        Ok(())
    }
}
