//! What a login brings.

use domain::channel::{Channel, Login, TokenLife};
use domain::connection::Grant;
use domain::id::{AppScopedId, PageId};
use domain::secret::AccessToken;
use domain::time::UnixSeconds;

/// What a person's login has brought.
#[derive(Clone, Debug)]
pub struct LoginGrant {
    /// The person's token: of the Instagram user, or of the Facebook user.
    pub token: AccessToken,
    /// The person as the Meta app sees them; deauthorize and deletion callbacks name this id.
    pub app_scoped_user_id: Option<AppScopedId>,
    /// Permissions that were granted; empty where Meta does not tell.
    pub scopes: Vec<String>,
    /// The channels that were asked for, as far as the permissions suffice for them.
    pub channels: Vec<Channel>,
    /// When the token was issued.
    pub issued_at: UnixSeconds,
    /// When the token expires; `None`: never, or unknown.
    pub expires_at: Option<UnixSeconds>,
    /// Facebook Login: when the person has to log in again although tokens live.
    pub data_access_expires_at: Option<UnixSeconds>,
    /// Facebook Login: the Pages that the person chose, where Meta tells.
    pub pages: Vec<PageId>,
}

impl LoginGrant {
    /// What all connections made from this login share, as the domain keeps it.
    ///
    /// With Facebook Login a connection holds a Page token, which does not expire when it was taken with a
    /// long-lived user token.
    #[must_use]
    pub fn shared(&self, login: Login) -> Grant {
        Grant {
            app_scoped_user_id: self.app_scoped_user_id.clone(),
            scopes: self.scopes.clone(),
            token_expires_at: match login.facts().token_life {
                TokenLife::RenewedByCall { .. } => self.expires_at,
                TokenLife::NeverRenewed => None,
            },
            token_issued_at: self.issued_at,
            data_access_expires_at: self.data_access_expires_at,
        }
    }
}
