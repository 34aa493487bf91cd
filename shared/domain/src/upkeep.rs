//! When a connection is due for upkeep, so that it never dies without a word.
//!
//! Every hour a connection has an appointment. Where Meta has delivered within the hour, nobody is asked; otherwise the
//! subscription is read back. Once a day all is asked for that Meta can tell. A token is renewed at half of its life, so that
//! a month remains for trying again; what cannot be renewed is told to the tenant before it ends.

use crate::channel::TokenLife;
use crate::connection::{Connection, ConnectionStatus, Notice};
use crate::time::UnixSeconds;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// A connection that works is looked at again after that time: after an hour without deliveries Meta ends subscriptions.
pub const CHECK_UP_SECONDS: i64 = HOUR;

/// All that Meta can tell of a connection is asked for again after that time, however much it receives.
const FULL_CHECK_UP_SECONDS: i64 = DAY;

/// An account for which Meta has delivered nothing for that long may have lost its subscription.
const QUIET_SECONDS: i64 = HOUR;

/// How long an account waits for Meta to begin delivering before its place in the plan is given to others.
const SUBSCRIPTION_SECONDS: i64 = 2 * DAY;

/// [`Notice::reason`]: Meta has not begun to deliver. Without it until then, the account is given up.
const NOT_SUBSCRIBED: &str = "not_subscribed";

/// Until when that is told of a token whose end is not known.
const REFUSED_NOTICE_SECONDS: i64 = 60 * DAY;

/// [`Notice::reason`]: Meta refuses our app for this account, and serves others.
const REFUSED_BY_META: &str = "refused_by_meta";

/// Meta renews no younger token.
///
/// Source: Meta's page on business login, section on long-lived tokens.
pub const RENEWABLE_AGE_SECONDS: i64 = DAY;

/// How long before its end a token that was not renewed becomes the tenant's business.
const EXPIRY_NOTICE_SECONDS: i64 = 10 * DAY;

/// How long before the end of data access the tenant is told: only a person's login prolongs it.
const DATA_ACCESS_NOTICE_SECONDS: i64 = 14 * DAY;

/// The first wait after a setback, doubled by each further one.
const FIRST_WAIT_SECONDS: i64 = HOUR;

impl Notice {
    /// Meta has not begun to deliver for an account that was connected at this time.
    #[must_use]
    pub fn not_subscribed(now: UnixSeconds) -> Self {
        Self { reason: NOT_SUBSCRIBED.to_owned(), until: now.plus(SUBSCRIPTION_SECONDS) }
    }
}

impl Connection {
    /// Whether the account may have lost its subscription: Meta has delivered nothing for some time.
    #[must_use]
    pub fn is_quiet(&self, now: UnixSeconds) -> bool {
        self.last_webhook_at.is_none_or(|at| at.plus(QUIET_SECONDS) <= now)
    }

    /// Whether it is time to ask for all that Meta can tell, `checked_at` being when it was asked last.
    #[must_use]
    pub fn wants_full_check_up(&self, checked_at: Option<UnixSeconds>, now: UnixSeconds) -> bool {
        let renewal_is_due = self.renewal_at().is_some_and(|renewal| renewal <= now);
        let is_due = checked_at.is_none_or(|at| at.plus(FULL_CHECK_UP_SECONDS) <= now);
        is_due || renewal_is_due || self.status != ConnectionStatus::Active
    }

    /// Whether the account has waited long enough for Meta to begin delivering.
    #[must_use]
    pub fn has_waited_in_vain(&self, now: UnixSeconds) -> bool {
        self.waiting().is_some_and(|notice| notice.until <= now)
    }

    /// The notice of an account for which Meta has never begun to deliver.
    fn waiting(&self) -> Option<&Notice> {
        self.first_wait().filter(|_| self.status == ConnectionStatus::Pending)
    }

    /// Whether Meta has never begun to deliver for it, in whatever status it is.
    #[must_use]
    pub fn waits_for_its_first_delivery(&self) -> bool {
        self.first_wait().is_some()
    }

    /// The notice under which the account waits, if nothing has been delivered since that began.
    fn first_wait(&self) -> Option<&Notice> {
        let notice = self.notice.as_ref().filter(|notice| notice.reason == NOT_SUBSCRIBED)?;
        let began_at = notice.until.plus(-SUBSCRIPTION_SECONDS);
        self.last_webhook_at.is_none_or(|delivered_at| delivered_at < began_at).then_some(notice)
    }

    /// The notice of an account that Meta refuses while it serves others, as told since the first time.
    #[must_use]
    pub fn refused_notice(&self, now: UnixSeconds) -> Notice {
        let known = self.notice.clone().filter(|notice| notice.reason == REFUSED_BY_META);
        known.unwrap_or_else(|| Notice {
            reason: REFUSED_BY_META.to_owned(),
            until: self.token_expires_at.unwrap_or_else(|| now.plus(REFUSED_NOTICE_SECONDS)),
        })
    }

    /// When the token is to be renewed; `None` when no call renews it, or there is none.
    #[must_use]
    pub fn renewal_at(&self) -> Option<UnixSeconds> {
        let usual_life = match self.login.facts().token_life {
            TokenLife::RenewedByCall { usual_life_seconds } if self.token.is_some() => usual_life_seconds,
            TokenLife::RenewedByCall { .. } | TokenLife::NeverRenewed => return None,
        };
        let issued_at = self.token_refreshed_at;
        let life = self.token_expires_at.map_or(usual_life, |end| end.get() - issued_at.get());
        Some(issued_at.plus((life / 2).max(RENEWABLE_AGE_SECONDS)))
    }

    /// When the connection is due for upkeep next, if all is well at this time; `None` when that would help nobody.
    ///
    /// One that is paused is left alone until its token is to be renewed, so that an upgrade finds a token that works.
    #[must_use]
    pub fn upkeep_at(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let check_up = now.plus(CHECK_UP_SECONDS);
        match self.status {
            ConnectionStatus::Active | ConnectionStatus::Pending => {
                Some(self.renewal_at().map_or(check_up, |renewal| renewal.min(check_up)))
            }
            ConnectionStatus::Paused if self.error.is_none() => self.renewal_at(),
            ConnectionStatus::Paused
            | ConnectionStatus::Error
            | ConnectionStatus::Revoked
            | ConnectionStatus::Other(_) => None,
        }
    }

    /// Whether the token has ended.
    #[must_use]
    pub fn is_expired(&self, now: UnixSeconds) -> bool {
        self.token_expires_at.is_some_and(|end| end <= now)
    }

    /// What the tenant has to be told at this time.
    #[must_use]
    pub fn notice_due(&self, now: UnixSeconds) -> Option<Notice> {
        let near = |reason: &str, end: Option<UnixSeconds>, ahead: i64| {
            let until = end.filter(|end| *end <= now.plus(ahead))?;
            Some(Notice { reason: reason.to_owned(), until })
        };
        // Before its time a token has not failed to be renewed, however short its life is.
        let ends_at = self.token_expires_at.filter(|_| self.renewal_at().is_none_or(|renewal| renewal <= now));
        let token = near("token_expires", ends_at, EXPIRY_NOTICE_SECONDS);
        let access = near("data_access_expires", self.data_access_expires_at, DATA_ACCESS_NOTICE_SECONDS);
        self.waiting().cloned().or_else(|| token.into_iter().chain(access).min_by_key(|notice| notice.until))
    }
}

/// How long a connection is left alone after so many setbacks (1 after the first): an hour, doubled up to a day.
#[must_use]
pub const fn wait_after(setbacks: u32) -> i64 {
    let doublings = if setbacks > 6 { 5 } else { setbacks.saturating_sub(1) };
    let wait = FIRST_WAIT_SECONDS << doublings;
    if wait > DAY { DAY } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Login;
    use crate::connection::ConnectionError;
    use crate::samples;
    use crate::secret::SealedToken;

    const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);

    fn connection() -> Connection {
        Connection {
            token: Some(SealedToken::new("sealed".to_owned())),
            token_expires_at: Some(NOW.plus(60 * DAY)),
            ..samples::connection(NOW)
        }
    }

    #[test]
    fn a_token_is_renewed_at_half_of_its_life_and_never_in_its_first_day() {
        assert_eq!(connection().renewal_at(), Some(NOW.plus(30 * DAY)));
        let short = Connection { token_expires_at: Some(NOW.plus(HOUR)), ..connection() };
        assert_eq!(short.renewal_at(), Some(NOW.plus(DAY)));
        let untold = Connection { token_expires_at: None, ..connection() };
        assert_eq!(untold.renewal_at(), Some(NOW.plus(30 * DAY)));
    }

    #[test]
    fn a_page_token_is_looked_at_every_hour_in_full_every_day_and_never_renewed() {
        let page = Connection { login: Login::Facebook, token_expires_at: None, ..connection() };
        assert_eq!(page.renewal_at(), None);
        assert_eq!(page.upkeep_at(NOW), Some(NOW.plus(HOUR)));
        assert!(!page.wants_full_check_up(Some(NOW), NOW.plus(DAY - 1)));
        assert!(page.wants_full_check_up(Some(NOW), NOW.plus(DAY)) && page.wants_full_check_up(None, NOW));
    }

    #[test]
    fn an_account_is_quiet_when_meta_has_delivered_nothing_for_an_hour() {
        let receives = Connection { last_webhook_at: Some(NOW), ..connection() };
        assert!(!receives.is_quiet(NOW.plus(HOUR - 1)) && receives.is_quiet(NOW.plus(HOUR)));
        assert!(connection().is_quiet(NOW), "it never has");
    }

    #[test]
    fn an_account_that_meta_never_delivered_for_is_given_up_after_two_days_and_one_that_works_is_not() {
        let waiting =
            Connection { status: ConnectionStatus::Pending, notice: Some(Notice::not_subscribed(NOW)), ..connection() };
        assert_eq!(waiting.notice_due(NOW.plus(DAY)), waiting.notice, "its time goes on");
        assert!(!waiting.has_waited_in_vain(NOW.plus(2 * DAY - 1)) && waiting.has_waited_in_vain(NOW.plus(2 * DAY)));
        let works = Connection { status: ConnectionStatus::Active, ..waiting };
        assert!(!works.has_waited_in_vain(NOW.plus(2 * DAY)));
        assert_eq!(works.notice_due(NOW), None);
    }

    #[test]
    fn an_account_that_meta_has_delivered_for_since_is_not_given_up() {
        let notice = Some(Notice::not_subscribed(NOW));
        let waiting = Connection { status: ConnectionStatus::Pending, notice, ..connection() };
        let delivered = |at| Connection { last_webhook_at: Some(at), ..waiting.clone() };
        assert!(!delivered(NOW.plus(HOUR)).has_waited_in_vain(NOW.plus(3 * DAY)));
        assert_eq!(delivered(NOW.plus(HOUR)).notice_due(NOW.plus(DAY)), None);
        assert!(delivered(NOW.plus(-HOUR)).has_waited_in_vain(NOW.plus(3 * DAY)), "that was an earlier connection");
    }

    #[test]
    fn only_what_holds_a_place_wants_to_be_connected_again() {
        let noticed = Connection { notice: Some(Notice::not_subscribed(NOW)), ..connection() };
        assert!(noticed.wants_reconnect() && !connection().wants_reconnect());
        for status in [ConnectionStatus::Revoked, ConnectionStatus::Paused] {
            assert!(!Connection { status, ..noticed.clone() }.wants_reconnect(), "{status:?}");
        }
    }

    #[test]
    fn a_connection_that_does_not_work_is_left_alone() {
        for status in [ConnectionStatus::Revoked, ConnectionStatus::Error] {
            assert_eq!(Connection { status, ..connection() }.upkeep_at(NOW), None, "{status:?}");
        }
    }

    #[test]
    fn a_paused_connection_is_looked_after_when_its_token_is_to_be_renewed() {
        let paused = Connection { status: ConnectionStatus::Paused, ..connection() };
        assert_eq!(paused.upkeep_at(NOW), Some(NOW.plus(30 * DAY)));
        let page = Connection { login: Login::Facebook, ..paused.clone() };
        assert_eq!(page.upkeep_at(NOW), None, "nothing can be renewed");
        let error = ConnectionError { reason: "password_changed".to_owned(), since: NOW };
        assert_eq!(Connection { error: Some(error), ..paused }.upkeep_at(NOW), None, "nothing works");
    }

    #[test]
    fn the_tenant_is_told_of_the_nearest_end_in_time_and_not_earlier() {
        let both = Connection { data_access_expires_at: Some(NOW.plus(59 * DAY)), ..connection() };
        assert_eq!(both.notice_due(NOW.plus(44 * DAY)), None);
        let reason = |now| both.notice_due(now).map(|notice| notice.reason);
        assert_eq!(reason(NOW.plus(45 * DAY)).as_deref(), Some("data_access_expires"));
        assert_eq!(reason(NOW.plus(51 * DAY)).as_deref(), Some("data_access_expires"));
        let token = Connection { data_access_expires_at: None, ..both };
        assert_eq!(token.notice_due(NOW.plus(51 * DAY)).map(|notice| notice.until), Some(NOW.plus(60 * DAY)));
    }

    #[test]
    fn a_token_of_a_short_life_is_no_news_until_it_was_not_renewed() {
        let short = Connection { token_expires_at: Some(NOW.plus(2 * DAY)), ..connection() };
        assert_eq!(short.notice_due(NOW.plus(HOUR)), None);
        assert_eq!(short.notice_due(NOW.plus(DAY)).map(|notice| notice.until), Some(NOW.plus(2 * DAY)));
    }

    #[test]
    fn waits_double_from_an_hour_to_a_day() {
        let hours = [1, 2, 3, 4, 5, 6, 7, u32::MAX].map(|setbacks| wait_after(setbacks) / HOUR);
        assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24, 24]);
    }
}
