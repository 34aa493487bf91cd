//! Where the person is sent to consent, and what is asked of them.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>
//! and <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>.

use domain::channel::{Channel, Login, Scopes};
use url::form_urlencoded::Serializer;

use crate::graph::{AppCredentials, GraphError, Hosts};

/// The permissions of a login.
fn scopes(login: Login) -> Scopes {
    login.scopes(Channel::Instagram).unwrap_or(Scopes { requested: &[], required: &[] })
}

/// Refuses a grant that lacks a required permission.
pub(super) fn check_scopes(login: Login, granted: &[String]) -> Result<(), GraphError> {
    let missing: Vec<String> = scopes(login)
        .required
        .iter()
        .filter(|required| !granted.iter().any(|scope| scope == *required))
        .map(ToString::to_string)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(GraphError::MissingScopes(missing)) }
}

/// The address of Meta's consent page (RFC 6749 section 4.1.1).
///
/// `redirect_uri` must be registered with the Meta app and be byte for byte the one of the later exchange.
#[must_use]
pub fn authorize_url(hosts: &Hosts, app: &AppCredentials<'_>, redirect_uri: &str, state: &str) -> String {
    let page = match app.login {
        Login::Instagram => hosts.url("www.instagram.com/oauth/authorize"),
        Login::Facebook => hosts.url(&format!("www.facebook.com/{}/dialog/oauth", app.version)),
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("client_id", app.app_id);
    query.append_pair("redirect_uri", redirect_uri);
    query.append_pair("response_type", "code");
    match (app.login, app.config_id) {
        // The configuration fixes the permissions and the kind of token.
        (Login::Facebook, Some(config_id)) => query.append_pair("config_id", config_id),
        (login, _) => query.append_pair("scope", &scopes(login).requested.join(",")),
    };
    query.append_pair("state", state);
    format!("{page}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::secret::AppSecret;
    use url::Url;

    use super::*;

    fn address(login: Login, config_id: Option<&str>) -> (String, BTreeMap<String, String>) {
        let app_secret = AppSecret::new("secret".to_owned());
        let app = AppCredentials { login, app_id: "123", app_secret: &app_secret, version: "v25.0", config_id };
        let text = authorize_url(&Hosts::default(), &app, "https://app.example/back?a=b", "st/ate");
        assert!(!text.contains("secret"));
        let url = Url::parse(&text).expect("an address");
        (format!("{}{}", url.host_str().unwrap_or_default(), url.path()), url.query_pairs().into_owned().collect())
    }

    #[test]
    fn instagram_login_asks_for_its_own_scopes() {
        let (page, query) = address(Login::Instagram, None);
        assert_eq!(page, "www.instagram.com/oauth/authorize");
        assert_eq!(query["redirect_uri"], "https://app.example/back?a=b");
        assert_eq!(query["state"], "st/ate");
        assert_eq!(query["response_type"], "code");
        assert!(query["scope"].split(',').all(|scope| scope.starts_with("instagram_business_")));
    }

    #[test]
    fn facebook_login_asks_with_scopes_or_with_a_configuration() {
        let (page, query) = address(Login::Facebook, None);
        assert_eq!(page, "www.facebook.com/v25.0/dialog/oauth");
        assert!(!query["scope"].contains("instagram_business_"));
        let (_, configured) = address(Login::Facebook, Some("777"));
        assert_eq!(configured["config_id"], "777");
        assert!(!configured.contains_key("scope"));
    }

    #[test]
    fn a_grant_without_messages_is_refused_by_name() {
        let granted = ["instagram_business_basic".to_owned()];
        match check_scopes(Login::Instagram, &granted) {
            Err(GraphError::MissingScopes(missing)) => assert_eq!(missing, ["instagram_business_manage_messages"]),
            other => panic!("{other:?}"),
        }
    }
}
