//! What the pages share: the frame, the banner, avatars, errors.

use axum::{
    extract::Path,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use url::Url;

use crate::media;

const STYLE: &str = include_str!("../assets/sim.css");
const PHONE: &str = include_str!("../assets/phone.js");
const BUBBLES: &str = include_str!("../assets/bubbles.js");

/// A page in the common frame; `scripts` names assets, in their order.
pub(crate) fn document(title: &str, body: &Markup, scripts: &[&str]) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Simulated Meta" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/assets/sim.css";
                @for script in scripts { script src={ "/assets/" (script) } defer {} }
            }
            body {
                aside.banner aria-label="About this page" {
                    strong { "Simulated Meta" }
                    span { " Nobody here is real." }
                }
                (body)
            }
        }
    };
    Html(page.into_string())
}

/// A page that says what went wrong.
pub(crate) fn error_page(status: StatusCode, title: &str, message: &str) -> (StatusCode, Html<String>) {
    let body = html! {
        main.consent {
            section.card {
                p.brand { "Error" span.badge { "simulated" } }
                h1 { (title) }
                p.lead { (message) }
            }
        }
    };
    (status, document(title, &body, &[]))
}

/// A round picture with initials, in a colour of its own.
pub(crate) fn avatar(key: &str, name: &str) -> Markup {
    html! { span class={ "avatar hue-" (media::hue(key) / 30) } aria-hidden="true" { (initials(name)) } }
}

/// Up to two letters for a name.
pub(crate) fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    letters.take(2).flat_map(char::to_uppercase).collect()
}

/// The host of an address, for people.
pub(crate) fn host_of(address: &str) -> String {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("The app");
    match url.as_ref().and_then(Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// `GET /assets/<name>`
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "sim.css" => ("text/css; charset=utf-8", STYLE),
        "bubbles.js" => ("text/javascript; charset=utf-8", BUBBLES),
        "phone.js" => ("text/javascript; charset=utf-8", PHONE),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// Headers of every page. `form-action` stays open: the consent form's answer leads to the app.
pub(crate) fn secure(mut response: Response) -> Response {
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        let headers = response.headers_mut();
        let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src * data:; \
                      media-src *; base-uri 'none'; frame-ancestors 'none'";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    }
    response
}
