//! The account that a person chose to connect, and the connection that comes of it.

use domain::connection::{Grant, Notice};
use domain::{
    AccessToken, AppScopedId, Candidate, Connection, ConnectionStatus, Login, PageId, TenantId, UnixSeconds, UserId,
};
use meta::AccountAccess;

/// Who connects what, and on which grounds.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// Who will own the connection.
    pub tenant: &'a TenantId,
    /// Who connects.
    pub user: &'a UserId,
    /// Through which login.
    pub login: Login,
    /// What Meta granted.
    pub grant: &'a Grant,
    /// The account, with its token sealed for `tenant`.
    pub candidate: &'a Candidate,
    /// The same token, open.
    pub token: &'a AccessToken,
}

impl Choice<'_> {
    /// Through what Meta will deliver.
    pub(crate) const fn deliverer(&self) -> (Login, Option<&PageId>) {
        (self.login, self.candidate.page_id.as_ref())
    }

    /// Whom to call for, and with which token.
    pub(crate) const fn access(&self) -> AccountAccess<'_> {
        let Candidate { account, page_id, .. } = self.candidate;
        AccountAccess { account, page_id: page_id.as_ref(), token: self.token }
    }

    /// The connection before Meta has confirmed anything: what the tenant had for the account lends its history.
    pub(crate) fn connection(&self, previous: Option<&Connection>, now: UnixSeconds) -> Connection {
        let Self { candidate, grant, .. } = self;
        let status = if previous.is_some_and(works) { ConnectionStatus::Active } else { ConnectionStatus::Pending };
        // One that has worked is never given up, whatever comes of this try.
        let has_worked = previous.is_some_and(|it| works(it) || (it.counts() && !it.waits_for_its_first_delivery()));
        Connection {
            tenant: self.tenant.clone(),
            account: candidate.account.clone(),
            login: self.login,
            status,
            app_scoped_user_id: grant.app_scoped_user_id.clone().or_else(|| self.known_person(previous)),
            name: candidate.name.clone(),
            picture_url: candidate.picture_url.clone(),
            page_id: candidate.page_id.clone(),
            page_name: candidate.page_name.clone(),
            token: Some(candidate.token.clone()),
            token_expires_at: grant.token_expires_at,
            token_refreshed_at: grant.token_issued_at,
            data_access_expires_at: grant.data_access_expires_at,
            scopes: grant.scopes.clone(),
            last_webhook_at: previous.and_then(|previous| previous.last_webhook_at),
            error: None,
            notice: (!has_worked).then(|| Notice::not_subscribed(now)),
            profiles_refused: None,
            enforcement: previous.and_then(|previous| previous.enforcement.clone()),
            throttled_until: None,
            retention_days: None,
            erased_before: previous.and_then(|previous| previous.erased_before),
            connected_by: self.user.clone(),
            version: previous.map_or(0, |previous| previous.version),
            created_at: previous.map_or(now, |previous| previous.created_at),
            updated_at: now,
        }
    }

    /// Who made the earlier connection in the same way, where Meta does not tell whose token it is.
    fn known_person(&self, previous: Option<&Connection>) -> Option<AppScopedId> {
        let previous = previous?;
        let same = previous.login == self.login && previous.page_id == self.candidate.page_id;
        previous.app_scoped_user_id.clone().filter(|_| same)
    }
}

/// Whether Meta delivers for the connection, as far as anybody knows.
pub(crate) const fn works(connection: &Connection) -> bool {
    matches!(connection.status, ConnectionStatus::Active)
}

/// Through what Meta delivers a connection's webhooks.
pub(crate) const fn deliverer(connection: &Connection) -> (Login, Option<&PageId>) {
    (connection.login, connection.page_id.as_ref())
}

#[cfg(test)]
mod tests {
    use domain::connection::ConnectionError;
    use domain::{Account, SealedToken};

    use super::*;

    const NOW: UnixSeconds = UnixSeconds::new(2_000_000_000);

    /// The connection that a login leads to where the tenant had `previous`.
    fn reconnected(previous: Option<&Connection>) -> Connection {
        let (tenant, user) = ("acme".try_into().expect("a tenant"), "ana".try_into().expect("a user"));
        let grant = Grant {
            app_scoped_user_id: None,
            scopes: vec!["instagram_business_basic".to_owned()],
            token_expires_at: Some(NOW.plus(5_184_000)),
            token_issued_at: NOW,
            data_access_expires_at: None,
        };
        let candidate = Candidate {
            account: Account::instagram("17841".try_into().expect("an account")),
            name: "luna.cafe".to_owned(),
            picture_url: None,
            page_id: None,
            page_name: None,
            token: SealedToken::new("new".to_owned()),
            unavailable: None,
        };
        let choice = Choice {
            tenant: &tenant,
            user: &user,
            login: Login::Instagram,
            grant: &grant,
            candidate: &candidate,
            token: &AccessToken::new("token".to_owned()),
        };
        choice.connection(previous, NOW)
    }

    #[test]
    fn a_new_connection_waits_for_metas_word() {
        let connection = reconnected(None);
        assert_eq!((connection.status, connection.created_at), (ConnectionStatus::Pending, NOW));
        assert_eq!(connection.notice, Some(Notice::not_subscribed(NOW)));
    }

    #[test]
    fn reconnecting_keeps_the_history_and_heals_the_error() {
        let previous = Connection {
            status: ConnectionStatus::Error,
            error: Some(ConnectionError { reason: "token_expired".to_owned(), since: NOW }),
            token: Some(SealedToken::new("old".to_owned())),
            created_at: NOW.plus(-86_400),
            last_webhook_at: Some(NOW.plus(-3_600)),
            ..reconnected(None)
        };
        let connection = reconnected(Some(&previous));
        assert_eq!(connection.created_at, previous.created_at);
        assert_eq!(connection.last_webhook_at, previous.last_webhook_at);
        assert_eq!(connection.token, Some(SealedToken::new("new".to_owned())));
        assert_eq!((connection.status, connection.error), (ConnectionStatus::Pending, None));
    }

    #[test]
    fn one_that_works_is_not_put_in_doubt_by_connecting_it_again() {
        let previous = Connection { status: ConnectionStatus::Active, ..reconnected(None) };
        let connection = reconnected(Some(&previous));
        assert_eq!((connection.status, connection.notice), (ConnectionStatus::Active, None));
    }

    #[test]
    fn an_account_that_has_worked_gets_no_time_limit_from_a_try_and_one_that_never_has_gets_a_new_one() {
        let notice_after = |status, notice| {
            let previous = Connection { status, notice, ..reconnected(None) };
            reconnected(Some(&previous)).notice
        };
        for status in [ConnectionStatus::Pending, ConnectionStatus::Error] {
            assert_eq!(notice_after(status, None), None, "{status:?}");
            let earlier = Some(Notice::not_subscribed(NOW.plus(-3_600)));
            assert_eq!(notice_after(status, earlier), Some(Notice::not_subscribed(NOW)), "{status:?}");
        }
        assert_eq!(notice_after(ConnectionStatus::Revoked, None), Some(Notice::not_subscribed(NOW)), "it begins anew");
    }

    #[test]
    fn another_login_or_page_means_another_subscription() {
        let instagram = reconnected(None);
        let page = |id: &str| Connection {
            login: Login::Facebook,
            page_id: Some(id.try_into().expect("a Page")),
            ..reconnected(None)
        };
        assert_eq!(deliverer(&instagram), deliverer(&reconnected(Some(&instagram))));
        assert_ne!(deliverer(&instagram), deliverer(&page("1")));
        assert_ne!(deliverer(&page("1")), deliverer(&page("2")));
    }
}
