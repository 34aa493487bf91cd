//! Finds what a path means: an asset, a page, or nothing.

use std::convert::Infallible;

use edge::{ConfigError, Problem, Setup};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, Method};
use lambda_http::{Body, Request, RequestExt, Response};

use crate::{assets, pages, security};

/// What the pages are told.
pub(crate) struct Settings {
    /// The product's name in every text.
    pub(crate) brand: String,
    /// The OpenID issuer that people sign in at.
    pub(crate) issuer: String,
    /// The client id towards it.
    pub(crate) client_id: String,
    /// The claim of their tokens that names the tenant.
    pub(crate) tenant_claim: String,
    /// `es` or `en`.
    pub(crate) locale: String,
    /// Who may show the pages in a frame, as a CSP source list.
    pub(crate) frame_ancestors: String,
    /// Where pictures and media may come from, as a CSP source list.
    pub(crate) media_sources: String,
    /// Where people write to themselves from, on a stack with a simulated Meta.
    pub(crate) phone: Option<String>,
}

/// The function, warm.
pub struct App {
    settings: Settings,
    policy: HeaderValue,
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
            tenant_claim: or("TENANT_CLAIM", "tenant_id"),
            locale: or("LOCALE", "es"),
            frame_ancestors: or("FRAME_ANCESTORS", "'none'"),
            media_sources: security::media_sources(&meta),
            phone: security::is_simulated(&meta).then(|| format!("{meta}phone")),
        };
        let policy = HeaderValue::try_from(security::policy(&settings))
            .map_err(|error| ConfigError::invalid("FRAME_ANCESTORS", error))?;
        Ok(Self { settings, policy })
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
    let page = pages::find(&path).filter(|_| readable);
    let mut response = match page {
        Some(page) => html(page.html(&app.settings)),
        None => assets::answer(&path, request.headers())
            .filter(|_| readable)
            .unwrap_or_else(|| Problem::not_found().into_response(edge::http::request_id(&request))),
    };
    security::protect(response.headers_mut());
    if let Some(page) = page {
        security::protect_page(response.headers_mut(), &app.policy, page.ends_popup);
    }
    Ok(response)
}

fn html(page: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Always asked for again, so that a deployment is seen at once; the assets it names are kept for ever.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
