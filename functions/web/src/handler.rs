//! Finds what a path means: an asset, a page, or nothing.

use std::convert::Infallible;

use edge::{ConfigError, Problem, Setup};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, Method};
use lambda_http::{Body, Request, RequestExt, Response};
use tracing::info;

use crate::discovery::Discovery;
use crate::handover::{self, Handover, Refusal};
use crate::{assets, pages, security};

/// What the pages are told.
pub(crate) struct Settings {
    /// The product's name in every text.
    pub(crate) brand: String,
    /// The OpenID issuer that people sign in at.
    pub(crate) issuer: String,
    /// The client id towards it.
    pub(crate) client_id: String,
    /// What is asked of it, and what becomes of its tokens.
    pub(crate) sign_in: SignIn,
    /// `es` or `en`.
    pub(crate) locale: String,
    /// Who may show the pages in a frame, as a CSP source list.
    pub(crate) frame_ancestors: String,
    /// Whose pages may call the API, and hand a login over.
    pub(crate) allowed_origins: Vec<String>,
    /// Where pictures and media may come from, as a CSP source list.
    pub(crate) media_sources: String,
    /// Where people write to themselves from, on a stack with a simulated Meta.
    pub(crate) phone: Option<String>,
}

/// How people sign in: issuers differ. The guide says what each wants.
pub(crate) struct SignIn {
    /// What is asked for, as `openid profile`.
    pub(crate) scope: String,
    /// Auth0: the API that the access token shall be for.
    pub(crate) audience: String,
    /// Cognito, Entra v1: the same.
    pub(crate) resource: String,
    /// Which token the API is given: `access`, `id`, or `auto`: the access token if it is a JWT, else the ID token.
    pub(crate) api_token: String,
    /// How the session at the issuer ends: `oidc`, `cognito`, `auth0`, or `local`: it does not.
    pub(crate) logout: String,
    /// The claims with the tenant, with the person's name and with their picture.
    pub(crate) tenant_claim: String,
    pub(crate) name_claim: String,
    pub(crate) picture_claim: String,
}

/// The function, warm.
pub struct App {
    settings: Settings,
    discovery: Discovery,
}

impl App {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where a setting is missing or could not stand in a header.
    #[expect(clippy::unused_async, reason = "every function is made the same way")]
    pub async fn new(setup: &Setup) -> Result<Self, ConfigError> {
        let env = &setup.env;
        let or = |name: &str, default: &str| env.optional(name).unwrap_or_else(|| default.to_owned());
        let meta = or("META_URL_PREFIX", "https://");
        let settings = Settings {
            brand: or("BRAND", "Curbe"),
            issuer: env.required("OIDC_ISSUER")?,
            client_id: env.required("OIDC_CLIENT_ID")?,
            sign_in: SignIn {
                scope: or("OIDC_SCOPE", "openid profile"),
                audience: or("OIDC_AUDIENCE", ""),
                resource: or("OIDC_RESOURCE", ""),
                api_token: or("API_TOKEN", "auto"),
                logout: or("OIDC_LOGOUT", "oidc"),
                tenant_claim: or("TENANT_CLAIM", "tenant_id"),
                name_claim: or("NAME_CLAIM", "name"),
                picture_claim: or("PICTURE_CLAIM", "picture"),
            },
            locale: or("LOCALE", "es"),
            frame_ancestors: or("FRAME_ANCESTORS", "'none'"),
            allowed_origins: or("ALLOWED_ORIGINS", "").split(',').map(|origin| origin.trim().to_owned()).collect(),
            media_sources: security::media_sources(&meta),
            phone: security::is_simulated(&meta).then(|| format!("{meta}phone")),
        };
        HeaderValue::try_from(security::policy(&settings, None))
            .map_err(|error| ConfigError::invalid("FRAME_ANCESTORS", error))?;
        let discovery = Discovery::new(&settings.issuer, setup.clock.clone());
        Ok(Self { settings, discovery })
    }
}

/// Answers a page, an asset, or a problem document.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let path = request.raw_http_path().to_owned();
    let readable = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = match pages::find(&path).filter(|_| readable) {
        Some(page) => show(app, page, &[]).await,
        None if path == pages::CONNECT && request.method() == Method::POST => connect(app, &request).await,
        None => assets::answer(&path, request.headers())
            .filter(|_| readable)
            .unwrap_or_else(|| Problem::not_found().into_response(edge::http::request_id(&request))),
    };
    security::protect(response.headers_mut());
    Ok(response)
}

/// The page that starts a login for a card on another site, or says why it does not. It holds a token: nobody keeps it.
async fn connect(app: &App, request: &Request) -> Response<Body> {
    let page = pages::find(pages::CONNECT).expect("it is one of the pages");
    let mut response = match handover::read(request, &app.settings.allowed_origins) {
        Ok(Handover { token, login, account, back, mode }) => {
            let handed = [
                ("token", &*token),
                ("login", &login),
                ("account", &account),
                ("back", back.as_str()),
                ("mode", &mode),
            ];
            show(app, page, &handed).await
        }
        Err(refusal) => refuse(app, page, refusal).await,
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn refuse(app: &App, page: &pages::Page, refusal: Refusal) -> Response<Body> {
    info!(why = refusal.word(), "A login was not taken over");
    let mut response = show(app, page, &[("refused", refusal.word())]).await;
    *response.status_mut() = refusal.status();
    response
}

async fn show(app: &App, page: &pages::Page, handed: &[(&str, &str)]) -> Response<Body> {
    let endpoints = app.discovery.endpoints().await;
    let mut response = html(page.html(&app.settings, endpoints.as_ref(), handed));
    let policy = security::policy(&app.settings, endpoints.as_ref());
    security::protect_page(response.headers_mut(), &policy, page.ends_popup);
    response
}

fn html(page: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Always asked for again, so that a deployment is seen at once; the assets it names are kept for ever.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
