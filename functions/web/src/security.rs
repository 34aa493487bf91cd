//! The headers that keep a page from doing more than it should.

use lambda_http::http::{HeaderMap, HeaderValue};

use url::Url;

use crate::settings::Settings;

/// Adds what every answer has.
pub(crate) fn protect(headers: &mut HeaderMap) {
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("same-origin"));
    headers.insert("strict-transport-security", HeaderValue::from_static("max-age=63072000; includeSubDomains"));
}

/// Adds what pages have: the Content-Security-Policy of [`policy`], and no tie to other sites' windows; except that a page
/// that ends a login in a popup keeps its tie to the card that has opened it.
pub(crate) fn protect_page(headers: &mut HeaderMap, policy: &str, ends_popup: bool) {
    let policy = HeaderValue::try_from(policy).expect("its settings were checked, and an origin is plain text");
    headers.insert("content-security-policy", policy);
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), microphone=(), geolocation=()"));
    if !ends_popup {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin-allow-popups"));
    }
}

/// Scripts and styles of our own only, none inline. Beside the API and its sockets only the issuer's token endpoint is called, wherever that
/// is; to its other pages people go.
pub(crate) fn policy(settings: &Settings, token_endpoint: Option<&Url>) -> String {
    let Settings { frame_ancestors, media_sources, live_source, .. } = settings;
    let token = token_endpoint.map(|endpoint| format!(" {}", endpoint.origin().ascii_serialization()));
    let token = token.unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {media_sources}; \
         media-src 'self' {media_sources}; connect-src 'self' {live_source}{token}; form-action 'self'; base-uri 'none'; \
         frame-ancestors {frame_ancestors}"
    )
}

/// Pictures and media come from anywhere over HTTPS, since Meta's CDN has no fixed name; a simulated Meta serves its own.
pub(crate) fn media_sources(meta_url_prefix: &str) -> String {
    if is_simulated(meta_url_prefix) { format!("https: {}", origin(meta_url_prefix)) } else { "https:".to_owned() }
}

/// Whether Meta is simulated: the real one is reached over HTTPS only.
pub(crate) fn is_simulated(meta_url_prefix: &str) -> bool {
    !meta_url_prefix.starts_with("https:")
}

/// Scheme, host and port of an address: a policy takes no path.
pub(crate) fn origin(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    address[host..].find('/').map_or(address, |slash| &address[..host + slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_of_a_simulated_meta_may_be_shown_and_of_no_other_plain_host() {
        assert_eq!(media_sources("https://"), "https:");
        assert_eq!(media_sources("http://127.0.0.1:9402/"), "https: http://127.0.0.1:9402");
    }

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin("https://login.example.com/realms/shop"), "https://login.example.com");
        assert_eq!(origin("http://127.0.0.1:9403"), "http://127.0.0.1:9403");
    }
}
