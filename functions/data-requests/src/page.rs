//! The page that says how far a deletion is. It needs no account, no script, and says nothing of whose data it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::erasure::{Counts, Progress};
use domain::{Erasure, ErasureCode, UnixMillis};
use edge::http;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, REFERRER_POLICY, VARY};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::app::App;
use crate::error::DataRequestError;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;\
                     color-scheme:light dark}dt{font-weight:600}dd{margin:0 0 .75rem}code{overflow-wrap:anywhere}";

/// The page's words in one language.
struct Words {
    language: &'static str,
    title: &'static str,
    code: &'static str,
    state: &'static str,
    received: &'static str,
    running: &'static str,
    done: &'static str,
    unmatched: &'static str,
    requested_at: &'static str,
    finished_at: &'static str,
    deleted: &'static str,
    connections: &'static str,
    conversations: &'static str,
    messages: &'static str,
    unknown: &'static str,
}

const SPANISH: Words = Words {
    language: "es",
    title: "Eliminación de datos",
    code: "Código de confirmación",
    state: "Estado",
    received: "Solicitud recibida. El acceso a la cuenta ya se ha retirado; los datos se eliminan en breve.",
    running: "Eliminación en curso.",
    done: "Eliminación completada. No queda ningún dato.",
    unmatched: "Solicitud recibida. No hay ninguna cuenta conectada por ti. Si escribiste a una página de Facebook, estamos comprobando \
                qué conversación es la tuya: indica este código a quien lleva la página.",
    requested_at: "Solicitada",
    finished_at: "Completada",
    deleted: "Eliminado",
    connections: "cuentas conectadas",
    conversations: "conversaciones",
    messages: "mensajes",
    unknown: "No hay ninguna solicitud con este código. Comprueba que la dirección esté completa.",
};

const ENGLISH: Words = Words {
    language: "en",
    title: "Data deletion",
    code: "Confirmation code",
    state: "Status",
    received: "Request received. Access to the account has been withdrawn; the data will be deleted shortly.",
    running: "Deletion in progress.",
    done: "Deletion complete. No data is left.",
    unmatched: "Request received. You have connected no account. If you wrote to a Facebook Page, we are looking for your \
                conversation: tell this code to whoever runs the Page.",
    requested_at: "Requested",
    finished_at: "Completed",
    deleted: "Deleted",
    connections: "connected accounts",
    conversations: "conversations",
    messages: "messages",
    unknown: "There is no request with this code. Check that the address is complete.",
};

/// Answers the page of a deletion; 404, in words as well, for a code that nobody was given.
pub(crate) async fn answer(app: &App, request: &Request) -> Result<Response<Body>, DataRequestError> {
    let code = http::path(request, "code").and_then(|code| ErasureCode::try_from(code.to_owned()).ok());
    let erasure = match code {
        Some(code) => app.erasures.find(&code).await?,
        None => None,
    };
    let words = words(http::header(request, "accept-language"));
    info!(known = erasure.is_some(), "Somebody asked how far a deletion is");
    Ok(match erasure {
        Some(erasure) => html(StatusCode::OK, words, &state(words, &erasure)),
        None => html(StatusCode::NOT_FOUND, words, &format!("<p>{}</p>", words.unknown)),
    })
}

/// The language that is named first and known; Spanish without a wish.
fn words(accept_language: Option<&str>) -> &'static Words {
    let mut wishes = accept_language.unwrap_or_default().split(',').map(|wish| wish.trim().to_ascii_lowercase());
    let known = wishes.find(|wish| wish.starts_with("es") || wish.starts_with("en"));
    if known.is_some_and(|wish| wish.starts_with("en")) { &ENGLISH } else { &SPANISH }
}

/// Nothing in it comes from a request or a person: a checked code, numbers and times.
fn state(words: &Words, erasure: &Erasure) -> String {
    let state = match erasure.progress {
        Progress::Received => words.received,
        Progress::Running | Progress::Other(_) => words.running,
        Progress::Done => words.done,
        Progress::Unmatched => words.unmatched,
    };
    let Counts { connections, conversations, messages, .. } = erasure.deleted();
    let deleted = format!(
        "{connections} {}, {conversations} {}, {messages} {}",
        words.connections, words.conversations, words.messages
    );
    let finished = erasure.finished_at.map(|at| entry(words.finished_at, &time(at))).unwrap_or_default();
    format!(
        "<dl>{}{}{}{finished}{}</dl>",
        entry(words.state, state),
        entry(words.code, &format!("<code>{}</code>", erasure.code)),
        entry(words.requested_at, &time(erasure.requested_at)),
        entry(words.deleted, &deleted),
    )
}

fn entry(name: &str, value: &str) -> String {
    format!("<dt>{name}</dt><dd>{value}</dd>")
}

fn time(at: UnixMillis) -> String {
    let text = at.seconds().rfc3339();
    format!("<time datetime=\"{text}\">{} UTC</time>", text.trim_end_matches('Z').replace('T', " "))
}

fn html(status: StatusCode, words: &Words, content: &str) -> Response<Body> {
    let Words { language, title, .. } = words;
    let mut response = Response::new(Body::from(format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{content}</body></html>"
    )));
    *response.status_mut() = status;
    protect(response.headers_mut());
    if let Ok(language) = HeaderValue::from_str(language) {
        response.headers_mut().insert(CONTENT_LANGUAGE, language);
    }
    response
}

/// Nothing is loaded, run, framed or sent from the page but its own style, named by its digest.
fn protect(headers: &mut HeaderMap) {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        "content-security-policy",
        HeaderValue::try_from(policy).expect("base64 and constants are a header value"),
    );
}

#[cfg(test)]
mod tests {
    use domain::erasure::Origin;

    use super::*;

    fn erasure(progress: Progress) -> Erasure {
        let counts = Counts { connections: 1, conversations: 2, messages: 345, events: 6 };
        let at = UnixMillis::new(1_795_164_301_539);
        let erasure = Erasure::new(ErasureCode::new([0xab; 16]), Origin::Person, Vec::new(), at);
        Erasure { progress, counts, finished_at: (progress == Progress::Done).then_some(at), ..erasure }
    }

    #[test]
    fn the_page_says_in_words_how_far_it_is_and_how_much_was_deleted() {
        for (progress, words, expected) in [
            (Progress::Received, &SPANISH, "Solicitud recibida"),
            (Progress::Running, &SPANISH, "Eliminación en curso"),
            (Progress::Done, &ENGLISH, "Deletion complete"),
            (Progress::Unmatched, &ENGLISH, "tell this code"),
        ] {
            let page = state(words, &erasure(progress));
            assert!(page.contains(expected), "{page}");
            assert!(page.contains("345"), "{page}");
            assert!(page.contains("2026-11-20 08:45:01 UTC"), "{page}");
            assert_eq!(page.contains(words.finished_at), progress == Progress::Done, "{page}");
        }
    }

    #[test]
    fn the_language_is_the_first_one_that_is_known() {
        for (header, expected) in [
            (None, "es"),
            (Some("en-GB,en;q=0.9"), "en"),
            (Some("de, en;q=0.5, es;q=0.4"), "en"),
            (Some("es-MX"), "es"),
            (Some("de"), "es"),
        ] {
            assert_eq!(words(header).language, expected, "{header:?}");
        }
    }

    #[test]
    fn the_page_runs_and_loads_nothing() {
        let response = html(StatusCode::OK, &ENGLISH, "");
        let policy = response.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
