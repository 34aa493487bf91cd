//! Who is calling: the checks of access token and `appsecret_proof`.

use super::call::GraphCall;
use crate::{
    App, Login,
    channel::Channel,
    clock::error_time,
    errors::GraphError,
    signing,
    world::{
        World,
        tokens::{Token, TokenKind},
    },
};

/// A professional account or a Page on whose behalf an app acts.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) app_id: String,
    pub(crate) channel: Channel,
    /// `IG_ID`, or the id of the Page.
    pub(crate) account: String,
    pub(crate) login: Login,
}

/// The checked token of a call.
///
/// # Errors
///
/// Error 190 in its kinds; 100 for a wrong proof or an app without access; 104 without any token.
pub(crate) fn authenticate(world: &World, call: &GraphCall, now_ms: i64) -> Result<Token, GraphError> {
    let value = call.token.as_deref();
    let value = value.ok_or_else(|| without_token(call))?;
    let token = check(world, call.host.login(), value, now_ms)?;
    let app = world.app(&token.app_id).ok_or_else(|| GraphError::dead_token(467, None))?;
    if world.switches(&app.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method));
    }
    check_proof(world, app, value, call.param("appsecret_proof"))?;
    Ok(token.clone())
}

/// Who asks for `me` is told that Meta cannot know who that is; so one learns without a token whether a version exists.
fn without_token(call: &GraphCall) -> GraphError {
    if call.segments() == ["me"] {
        GraphError::new(2500, "An active access token must be used to query information about the current user.")
    } else {
        GraphError::new(104, "An access token is required to request this resource.")
    }
}

/// The app that calls with its own token, `<APP_ID>|<APP_SECRET>`.
///
/// # Errors
///
/// 190 for any other token, 100 for an app without access.
pub(crate) fn app_of_token<'a>(world: &'a World, call: &GraphCall) -> Result<&'a App, GraphError> {
    let caller = call.token.as_deref().and_then(|token| token.split_once('|'));
    let app = caller.and_then(|(app_id, secret)| {
        world.app(app_id).filter(|app| signing::same(&app.app_secret, secret) && app.login == call.host.login())
    });
    let app = app.ok_or_else(|| GraphError::token("Invalid OAuth access token signature."))?;
    if world.switches(&app.app_id).outage {
        return Err(GraphError::unsupported_method(&call.method));
    }
    Ok(app)
}

/// A token that works at the host of a login.
pub(crate) fn check<'a>(world: &'a World, login: Login, value: &str, now_ms: i64) -> Result<&'a Token, GraphError> {
    let foreign = || GraphError::token("Invalid OAuth access token - Cannot parse access token");
    let token = world.tokens.get(value).filter(|token| token.kind.login() == login).ok_or_else(foreign)?;
    if let Some(subcode) = token.invalid {
        return Err(GraphError::dead_token(subcode, None));
    }
    match token.expires_at_ms {
        Some(expires_at_ms) if token.is_expired(now_ms) => {
            Err(GraphError::dead_token(463, Some((error_time(expires_at_ms), error_time(now_ms)))))
        }
        _ => Ok(token),
    }
}

/// Source: <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
fn check_proof(world: &World, app: &App, token: &str, proof: Option<&str>) -> Result<(), GraphError> {
    match proof {
        Some(proof) if signing::is_proof(&app.app_secret, token, proof) => Ok(()),
        Some(_) => {
            Err(GraphError::new(100, "Invalid appsecret_proof provided in the API argument")
                .kind("GraphMethodException"))
        }
        None if world.switches(&app.app_id).require_proof => {
            let message = "API calls from the server require an appsecret_proof argument";
            Err(GraphError::new(100, message).kind("GraphMethodException"))
        }
        None => Ok(()),
    }
}

impl Actor {
    /// The account that a token speaks for, addressed as `me` or by its id (Facebook Login: by its Page's id).
    ///
    /// # Errors
    ///
    /// 100/33 for any other id, 100/2534013 for a Page without Instagram account, 190 for a User token of Facebook.
    pub(crate) fn of(world: &World, token: &Token, call: &GraphCall, id: &str) -> Result<Self, GraphError> {
        let (own_id, account) = match (&token.kind, &token.page_id) {
            (TokenKind::InstagramShort | TokenKind::InstagramLong, _) => {
                (token.holder.clone(), Some(token.holder.clone()))
            }
            // Unified Login: the account is addressed by its own id.
            (TokenKind::SystemUser, _) if world.owns(&token.holder, id) => (id.to_owned(), Some(id.to_owned())),
            (TokenKind::SystemUser, _) => return Err(GraphError::no_object(&call.method, id)),
            (TokenKind::Page, Some(page_id)) => {
                (page_id.clone(), world.page(page_id).and_then(|page| page.instagram.clone()))
            }
            _ => return Err(GraphError::token("A page access token is required to request this resource.")),
        };
        if id != "me" && id != own_id {
            return Err(GraphError::no_object(&call.method, id));
        }
        let unlinked = || GraphError::parameter("The Page is not linked to an Instagram account").subcode(2_534_013);
        let account = account.ok_or_else(unlinked)?;
        Ok(Self { app_id: token.app_id.clone(), channel: Channel::Instagram, account, login: token.kind.login() })
    }

    /// The Page that a Page token speaks for on Messenger.
    pub(crate) fn page(token: &Token, page_id: &str) -> Self {
        let account = page_id.to_owned();
        Self { app_id: token.app_id.clone(), channel: Channel::Messenger, account, login: token.kind.login() }
    }

    /// The permission that an app needs to write and to know who wrote.
    pub(crate) const fn messages_permission(&self) -> &'static str {
        match self.channel {
            Channel::Instagram => self.login.messages_permission(),
            Channel::Messenger => "pages_messaging",
        }
    }
}
