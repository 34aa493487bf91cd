//! Finds what a path means: an asset, a page, or nothing.

use std::convert::Infallible;

use edge::Problem;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, Method};
use lambda_http::{Body, Request, RequestExt, Response};
use tracing::info;

use crate::app::App;
use crate::handover::{self, Handover, Refusal};
use crate::{assets, pages, security};

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
        Ok(Handover { token, channel, login, account, back, mode }) => {
            let handed = [
                ("token", &*token),
                ("channel", &channel),
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
    let token_endpoint = endpoints.as_ref().map(|endpoints| &endpoints.token);
    let policy = security::policy(&app.settings, token_endpoint);
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
