//! The headers that keep a page from doing more than it should.

use lambda_http::http::{HeaderMap, HeaderValue};

use crate::handler::Settings;

/// Adds what every answer has; `page` answers get the Content-Security-Policy of [`policy`].
pub(crate) fn protect(headers: &mut HeaderMap, policy: Option<&HeaderValue>) {
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("same-origin"));
    headers.insert("strict-transport-security", HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    if let Some(policy) = policy {
        headers.insert("content-security-policy", policy.clone());
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin-allow-popups"));
        headers.insert("permissions-policy", HeaderValue::from_static("camera=(), microphone=(), geolocation=()"));
    }
}

/// Scripts and styles of our own only, none inline; pictures and media from anywhere, since Meta's CDN has no fixed name.
pub(crate) fn policy(settings: &Settings) -> String {
    let Settings { issuer, frame_ancestors, .. } = settings;
    let issuer = origin(issuer);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; \
         media-src 'self' https:; connect-src 'self' {issuer}; form-action 'self'; base-uri 'none'; \
         frame-ancestors {frame_ancestors}"
    )
}

/// Scheme, host and port of an address: a policy takes no path.
fn origin(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    address[host..].find('/').map_or(address, |slash| &address[..host + slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin("https://login.example.com/realms/shop"), "https://login.example.com");
        assert_eq!(origin("http://127.0.0.1:9403"), "http://127.0.0.1:9403");
    }
}
