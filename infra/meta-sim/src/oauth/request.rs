//! The authorization request: what an app asks a person for.

use url::form_urlencoded;

use super::scopes;
use crate::{
    Login,
    world::{World, apps::Switches},
};

/// A valid authorization request.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) login: Login,
    pub(super) app_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// Why the dialog does not open. Meta shows this to the person and tells the app nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum RequestError {
    #[error("Invalid platform app: the request carries no client_id of an app that uses this login.")]
    UnknownApp,
    #[error("Invalid redirect_uri: the address is not among those registered for the app.")]
    RedirectUri,
    #[error("Invalid response_type: only code is supported.")]
    ResponseType,
    #[error("Invalid Scopes: {0}. This message is only shown to developers.")]
    Scopes(String),
}

impl RequestError {
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::UnknownApp => "Invalid platform app",
            Self::RedirectUri => "Invalid redirect URI",
            Self::ResponseType => "Invalid response type",
            Self::Scopes(_) => "Invalid Scopes",
        }
    }
}

/// The parameters of a query, in order.
pub(super) struct Query(pub(super) Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl AuthorizationRequest {
    /// Checks a request as the dialogs do.
    pub(super) fn check(world: &World, login: Login, query: &Query) -> Result<Self, RequestError> {
        let app = query.get("client_id").and_then(|id| world.app(id)).filter(|app| app.login == login);
        let app = app.ok_or(RequestError::UnknownApp)?;
        let redirect_uri = query.get("redirect_uri").unwrap_or_default();
        if !app.redirect_uris.iter().any(|known| known == redirect_uri) {
            return Err(RequestError::RedirectUri);
        }
        // Facebook's dialog answers with a code when nothing else is asked for.
        let response_type = query.get("response_type").or((login == Login::Facebook).then_some("code"));
        if response_type != Some("code") {
            return Err(RequestError::ResponseType);
        }
        Ok(Self {
            login,
            app_id: app.app_id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: query.get("state").map(str::to_owned),
            scopes: asked_scopes(login, &world.switches(&app.app_id), query)?,
        })
    }
}

fn asked_scopes(login: Login, switches: &Switches, query: &Query) -> Result<Vec<String>, RequestError> {
    if let (Login::Facebook, Some(config_id)) = (login, query.get("config_id")) {
        let everything = || scopes::CONFIGURATION.iter().map(|&scope| scope.to_owned()).collect();
        let configured = switches.configurations.get(config_id).map(|configuration| configuration.scopes.clone());
        return Ok(configured.unwrap_or_else(everything));
    }
    let text = query.get("scope").unwrap_or_default();
    let asked: Vec<String> = text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let unknown: Vec<&str> =
        asked.iter().map(String::as_str).filter(|scope| scopes::label(login, scope).is_none()).collect();
    if !unknown.is_empty() {
        return Err(RequestError::Scopes(unknown.join(", ")));
    }
    // Instagram's dialog refuses to ask for anything without the profile.
    if login == Login::Instagram && !asked.iter().any(|scope| scope == "instagram_business_basic") {
        return Err(RequestError::Scopes("instagram_business_basic is required".to_owned()));
    }
    Ok(asked)
}
