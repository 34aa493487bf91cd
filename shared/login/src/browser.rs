//! The cookie that ties an authorization request to the browser that started it (RFC 9700 section 4.7.1).

use crate::nonce::Nonce;

/// How the cookie is named and set: it depends on whether the callback is reached over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserCookie {
    secure: bool,
}

impl BrowserCookie {
    /// Longer than an authorization request lives, so that the request's own end decides. In seconds.
    const MAX_AGE: i64 = domain::connection::AUTHORIZATION_SECONDS + 300;

    /// The cookie for a callback at this address: only a local one may do without TLS.
    #[must_use]
    pub fn for_redirect_uri(redirect_uri: &str) -> Self {
        Self { secure: !redirect_uri.starts_with("http://") }
    }

    /// The prefix makes browsers refuse it from any other host or without TLS (RFC 6265bis section 4.1.3.2).
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.secure { "__Host-buzon_browser" } else { "buzon_browser" }
    }

    /// The value of `Set-Cookie`. `Lax`, because the callback is a navigation that comes from Meta's site.
    #[must_use]
    pub fn set(self, browser: &Nonce) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name(),
            browser.as_str(),
            Self::MAX_AGE
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_the_cookie_is_bound_to_the_host() {
        let cookie = BrowserCookie::for_redirect_uri("https://api.example.com/callback");
        let header = cookie.set(&Nonce::random());
        assert!(header.starts_with("__Host-buzon_browser="), "{header}");
        assert!(header.ends_with("; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure"), "{header}");
    }

    #[test]
    fn without_tls_the_cookie_carries_no_prefix_that_browsers_would_refuse() {
        let cookie = BrowserCookie::for_redirect_uri("http://127.0.0.1:8080/callback");
        let header = cookie.set(&Nonce::random());
        assert!(header.starts_with("buzon_browser="), "{header}");
        assert!(!header.contains("Secure"), "{header}");
    }
}
