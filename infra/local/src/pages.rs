//! The stack's own plain pages. No script, one style sheet, every value escaped by the template engine.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};
use domain::Channel;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::issuer::{AuthorizationRequest, PEOPLE, Person};

const STYLE: &str = "
:root { --accent: #5b3df5; --on-accent: #fff; --back: #f3f3f8; --surface: #fff; --text: #17171c; --muted: #5d5d6b; --line: #dfdfe7;
  color-scheme: light dark; font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --accent: #a493ff; --on-accent: #14101f; --back: #0f0f13; --surface: #17171c;
  --text: #f3f3f7; --muted: #aeaebd; --line: #34343f; } }
*, ::before, ::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--back); color: var(--text); }
main { max-width: 46rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 3rem) 1rem; }
h1 { margin: 0 0 1rem; font-size: clamp(1.5rem, 4vw, 2.1rem); letter-spacing: -.02em; } h2 { font-size: 1.1rem; margin: 2rem 0 .75rem; }
a { color: var(--accent); } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.people { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: .75rem; }
form { display: contents; }
button { font: inherit; min-height: 44px; padding: .5rem 1.1rem; border: 1px solid var(--line); border-radius: 999px;
  background: var(--surface); color: inherit; cursor: pointer; }
button:hover { border-color: var(--accent); }
button.main { background: var(--accent); border-color: transparent; color: var(--on-accent); font-weight: 600; margin: 0 .5rem .5rem 0; }
.person { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .85rem; align-items: center; padding: .9rem 1rem; border-radius: 14px;
  text-align: left; width: 100%; font-weight: 600; }
.person .initial { grid-row: span 2; display: grid; place-items: center; width: 44px; height: 44px; border-radius: 50%;
  background: var(--accent); color: var(--on-accent); font-weight: 700; }
.person .plan { grid-column: 3; grid-row: 1 / span 2; padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 999px;
  color: var(--muted); font-size: .8rem; font-weight: 500; }
.person small { grid-column: 2; grid-row: 2; }
small { color: var(--muted); font-size: .875rem; font-weight: 400; }
pre { overflow-x: auto; padding: .9rem; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); font-size: .8rem; }
";

fn page(title: &str, content: &Markup) -> Response<Body> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · local" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (content) } }
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
        button.person name="person" value=(person.id) {
            span.initial aria-hidden="true" { (person.name.chars().take(1).collect::<String>()) }
            span { (person.name) }
            span.plan { (person.plan) }
            small { (person.tenant_name) " · " (person.role) }
        }
    }
}

/// The issuer's sign-in page: whom the application shall meet.
pub(crate) fn sign_in(request: &AuthorizationRequest) -> Response<Body> {
    page(
        "Sign in as",
        &html! {
            div.people {
                @for person in &PEOPLE {
                    form method="post" {
                        @for (name, value) in request.fields() { input type="hidden" name=(name) value=(value); }
                        (person_button(person))
                    }
                }
            }
            p { small { "These people exist only in the local stack." } }
        },
    )
}

/// What can be connected: the channel, the login, and what the button says.
const CONNECT: [(Channel, &str, &str); 3] = [
    (Channel::Instagram, "instagram", "Connect Instagram"),
    (Channel::Instagram, "facebook", "Connect Instagram with Facebook Login"),
    (Channel::Messenger, "facebook", "Connect Facebook"),
];

/// The developer's page, for nobody or for a person with a token.
pub(crate) fn developer(person: Option<(&Person, &str)>, api_url: &str, meta_url: &str) -> Response<Body> {
    page(
        "Buzón",
        &html! {
            h2 { "1. Sign in as" }
            div.people { @for other in &PEOPLE { form method="post" action="/sign-in" { (person_button(other)) } } }
            @if let Some((person, token)) = person {
                h2 { "2. Connect an account as " (person.name) }
                @for (channel, login, label) in CONNECT {
                    form method="post" action="/connect" {
                        input type="hidden" name="channel" value=(channel);
                        button.main name="login" value=(login) { (label) }
                    }
                }
                p { "Or as tenants do, on " a href={ (api_url) "/settings/integrations" } { "the product's own page" } ","
                    " or embedded in " a href={ "/embed?person=" (person.id) "&api=" (api_url) } { "a page of another origin" } "." }
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
