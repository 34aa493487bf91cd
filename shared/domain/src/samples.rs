//! Valid examples for tests, here and in the crates that ask for the feature `samples`. A test changes the field that it is about.

use crate::channel::{Account, Login};
use crate::connection::{Connection, ConnectionStatus};
use crate::id::{TenantId, UserId};
use crate::time::UnixSeconds;

/// An Instagram account that works, connected at this time, without a token.
///
/// # Panics
///
/// Never: its ids are valid.
#[must_use]
pub fn connection(at: UnixSeconds) -> Connection {
    Connection {
        tenant: TenantId::try_from("acme").expect("a tenant"),
        account: Account::instagram("17841".try_into().expect("an account")),
        login: Login::Instagram,
        status: ConnectionStatus::Active,
        app_scoped_user_id: None,
        name: "shop".to_owned(),
        picture_url: None,
        page_id: None,
        page_name: None,
        token: None,
        token_expires_at: None,
        token_refreshed_at: at,
        data_access_expires_at: None,
        scopes: Vec::new(),
        last_webhook_at: None,
        error: None,
        notice: None,
        profiles_refused: None,
        enforcement: None,
        throttled_until: None,
        retention_days: None,
        erased_before: None,
        connected_by: UserId::try_from("ana").expect("a user"),
        version: 1,
        created_at: at,
        updated_at: at,
    }
}
