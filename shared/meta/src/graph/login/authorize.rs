//! Where the person is sent to consent, and what is asked of them.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>
//! and <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>.

use domain::channel::{Channel, Login};
use url::form_urlencoded::Serializer;

use crate::graph::{AppCredentials, GraphError, Hosts};

/// The permissions that are asked for when a login is to connect accounts of these channels, each once.
fn requested_scopes(login: Login, channels: &[Channel]) -> Vec<&'static str> {
    union(channels.iter().filter_map(|channel| login.scopes(*channel)).map(|scopes| scopes.requested))
}

/// The permissions without which a channel has no inbox. A person may untick the others.
fn required_scopes(login: Login, channel: Channel) -> &'static [&'static str] {
    login.scopes(channel).map_or(&[], |scopes| scopes.required)
}

fn union<'a>(lists: impl Iterator<Item = &'a [&'static str]>) -> Vec<&'static str> {
    let mut union = Vec::new();
    for scope in lists.flatten() {
        if !union.contains(scope) {
            union.push(*scope);
        }
    }
    union
}

/// Those of the channels that were asked for whose required permissions were granted.
///
/// Refuses a grant that suffices for none of them.
pub(super) fn granted_channels(
    login: Login,
    asked: &[Channel],
    granted: &[String],
) -> Result<Vec<Channel>, GraphError> {
    let missing = |channel: &Channel| {
        let required = required_scopes(login, *channel).iter().copied();
        required.filter(|required| !granted.iter().any(|scope| scope == required)).collect::<Vec<_>>()
    };
    let sufficient: Vec<Channel> =
        asked.iter().copied().filter(|channel| login.leads_to(*channel) && missing(channel).is_empty()).collect();
    if sufficient.is_empty() {
        let missing = union(asked.iter().map(missing).collect::<Vec<_>>().iter().map(Vec::as_slice));
        return Err(GraphError::MissingScopes(missing.into_iter().map(str::to_owned).collect()));
    }
    Ok(sufficient)
}

/// The address of Meta's consent page (RFC 6749 section 4.1.1).
///
/// Asks for what these channels need: one login may bring accounts of both. With Facebook Login for Business a saved configuration
/// says that in the place of a list of permissions.
///
/// `redirect_uri` must be registered with the Meta app and be byte for byte the one of the later exchange.
#[must_use]
pub fn authorize_url(
    hosts: &Hosts,
    app: &AppCredentials<'_>,
    channels: &[Channel],
    config_id: Option<&str>,
    redirect_uri: &str,
    state: &str,
) -> String {
    let page = match app.login {
        Login::Instagram => hosts.url("www.instagram.com/oauth/authorize"),
        Login::Facebook => hosts.url(&format!("www.facebook.com/{}/dialog/oauth", app.version)),
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("client_id", app.app_id);
    query.append_pair("redirect_uri", redirect_uri);
    query.append_pair("response_type", "code");
    match (app.login, config_id) {
        // The configuration fixes the permissions and the kind of token.
        (Login::Facebook, Some(config_id)) => query.append_pair("config_id", config_id),
        (login, _) => query.append_pair("scope", &requested_scopes(login, channels).join(",")),
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

    fn address(login: Login, channels: &[Channel], config_id: Option<&str>) -> (String, BTreeMap<String, String>) {
        let app_secret = AppSecret::new("secret".to_owned());
        let app = AppCredentials { login, app_id: "123", app_secret: &app_secret, version: "v25.0" };
        let text =
            authorize_url(&Hosts::default(), &app, channels, config_id, "https://app.example/back?a=b", "st/ate");
        assert!(!text.contains("secret"));
        let url = Url::parse(&text).expect("an address");
        (format!("{}{}", url.host_str().unwrap_or_default(), url.path()), url.query_pairs().into_owned().collect())
    }

    #[test]
    fn instagram_login_asks_for_its_own_scopes() {
        let (page, query) = address(Login::Instagram, &[Channel::Instagram], None);
        assert_eq!(page, "www.instagram.com/oauth/authorize");
        assert_eq!(query["redirect_uri"], "https://app.example/back?a=b");
        assert_eq!(query["state"], "st/ate");
        assert_eq!(query["response_type"], "code");
        assert!(query["scope"].split(',').all(|scope| scope.starts_with("instagram_business_")));
    }

    #[test]
    fn facebook_login_asks_with_scopes_or_with_a_configuration() {
        let (page, query) = address(Login::Facebook, &[Channel::Instagram], None);
        assert_eq!(page, "www.facebook.com/v25.0/dialog/oauth");
        assert!(!query["scope"].contains("instagram_business_"));
        let (_, configured) = address(Login::Facebook, &Channel::ALL, Some("777"));
        assert_eq!(configured["config_id"], "777");
        assert!(!configured.contains_key("scope"));
    }

    #[test]
    fn a_login_for_both_channels_asks_once_for_what_either_needs() {
        let (_, query) = address(Login::Facebook, &Channel::ALL, None);
        let scopes: Vec<_> = query["scope"].split(',').collect();
        for channel in Channel::ALL {
            assert!(required_scopes(Login::Facebook, channel).iter().all(|scope| scopes.contains(scope)), "{channel}");
        }
        assert_eq!(scopes.iter().filter(|scope| **scope == "pages_messaging").count(), 1);
        let (_, query) = address(Login::Facebook, &[Channel::Messenger], None);
        assert!(!query["scope"].contains("instagram"), "{}", query["scope"]);
    }

    fn granted(login: Login, asked: &[Channel], scopes: &[&str]) -> Result<Vec<Channel>, GraphError> {
        granted_channels(login, asked, &scopes.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_grant_without_messages_is_refused_by_name() {
        match granted(Login::Instagram, &[Channel::Instagram], &["instagram_business_basic"]) {
            Err(GraphError::MissingScopes(missing)) => assert_eq!(missing, ["instagram_business_manage_messages"]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_grant_is_of_the_channels_that_it_suffices_for() {
        let of_page = ["pages_show_list", "pages_messaging", "pages_manage_metadata"];
        assert_eq!(granted(Login::Facebook, &Channel::ALL, &of_page).expect("one"), [Channel::Messenger]);
        let all = requested_scopes(Login::Facebook, &Channel::ALL);
        assert_eq!(granted(Login::Facebook, &Channel::ALL, &all).expect("both"), Channel::ALL);
        match granted(Login::Facebook, &Channel::ALL, &["instagram_basic", "pages_show_list"]) {
            Err(GraphError::MissingScopes(missing)) => {
                assert_eq!(missing, ["instagram_manage_messages", "pages_manage_metadata", "pages_messaging"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_grant_of_instagram_login_leads_to_messenger() {
        let all = requested_scopes(Login::Instagram, &Channel::ALL);
        assert!(granted(Login::Instagram, &[Channel::Messenger], &all).is_err());
    }
}
