//! The stack's own plain pages. No script, one style sheet, every value escaped by the template engine.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::issuer::{AuthorizationRequest, PEOPLE, Person};

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
form { display: inline-block; margin: 0 .5rem .5rem 0; }
button, .button { font: inherit; padding: .5rem .9rem; border: 1px solid #8886; border-radius: .5rem; background: #8881;
  color: inherit; cursor: pointer; text-align: left; }
button:hover { background: #8883; } button.main { background: #6d4aff; border-color: #6d4aff; color: #fff; }
small { opacity: .7; display: block; }
pre { overflow-x: auto; padding: .8rem; border-radius: .5rem; background: #8882; font-size: .8rem; }
";

fn page(title: &str, content: &Markup) -> Response<Body> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Buzón, local" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (content) }
        }
    };
    let mut response = document.into_string().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    response
}

fn person_button(person: &Person) -> Markup {
    html! {
        button name="person" value=(person.id) {
            (person.name)
            small { (person.tenant_name) " · " (person.role) " · plan " (person.plan) }
        }
    }
}

/// The issuer's sign-in page: whom the application shall meet.
pub(crate) fn sign_in(request: &AuthorizationRequest) -> Response<Body> {
    page(
        "Sign in as",
        &html! {
            @for person in &PEOPLE {
                form method="post" action="/authorize" {
                    @for (name, value) in request.fields() { input type="hidden" name=(name) value=(value); }
                    (person_button(person))
                }
            }
            p { small { "These people exist only in the local stack." } }
        },
    )
}

/// The developer's page, for nobody or for a person with a token.
pub(crate) fn developer(person: Option<(&Person, &str)>, api_url: &str, meta_url: &str) -> Response<Body> {
    page(
        "Buzón, local",
        &html! {
            h2 { "1. Sign in as" }
            @for other in &PEOPLE { form method="post" action="/sign-in" { (person_button(other)) } }
            @if let Some((person, token)) = person {
                h2 { "2. Connect an account as " (person.name) }
                @for (login, label) in [("instagram", "Connect Instagram"), ("facebook", "Connect with Facebook Login")] {
                    form method="post" action="/connect" { button.main name="login" value=(login) { (label) } }
                }
                p { "Or as tenants do, on " a href={ (api_url) "/settings/integrations" } { "the product's own page" } "." }
                h2 { "3. Write to it as a contact" }
                p { a href=(meta_url) { "The simulated phone" } " shows the answers as well." }
                h2 { "4. Read and answer" }
                pre { (curl_lines(person, token, api_url)) }
            }
        },
    )
}

/// Lines to paste into a terminal.
fn curl_lines(person: &Person, token: &str, api_url: &str) -> String {
    let tenant = person.tenant;
    let integration = format!("{api_url}/api/integrations/meta/instagram");
    let inbox = format!("{api_url}/api/tenants/{tenant}");
    format!(
        "TOKEN='{token}'\n\
         \n\
         curl -H \"Authorization: Bearer $TOKEN\" {integration}/status\n\
         curl -H \"Authorization: Bearer $TOKEN\" {inbox}/conversations\n\
         curl -H \"Authorization: Bearer $TOKEN\" {inbox}/conversations/$CONVERSATION/messages\n\
         curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -H \"Idempotency-Key: $RANDOM\" \\\n\
         \x20 -d '{{\"conversationId\":\"'$CONVERSATION'\",\"text\":\"Hola\"}}' {inbox}/instagram/messages/send\n\
         curl -H \"Authorization: Bearer $TOKEN\" -X POST {integration}/disconnect\n"
    )
}

/// An answer of the API's, as it came.
pub(crate) fn answer(title: &str, body: &Value) -> Response<Body> {
    page(
        title,
        &html! {
            pre { (serde_json::to_string_pretty(body).unwrap_or_default()) }
            p { a href="/" { "Back" } }
        },
    )
}
