//! `POST /connect`: a card on another site hands its login over to a page of ours.
//!
//! The cookie that binds a login to its browser is kept only if a page of this site is at the top of the window when it is set:
//! browsers keep none for pages of other sites. So the card posts a form, and the page that answers starts the login.
//!
//! Whoever could make a browser start somebody else's login would receive the account of the person in front of it. Only
//! pages of `ALLOWED_ORIGINS` may. Browsers say in `Origin` which page has posted, and no page can say otherwise
//! (<https://fetch.spec.whatwg.org/#origin-header>); a page that hides its origin posts `null`, which is nobody's name.

use edge::http::{self, StatusCode};
use lambda_http::Request;
use lambda_http::http::header::ORIGIN;
use url::{Url, form_urlencoded};

/// A token, an address and some words.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// What the card hands over, for the page.
pub(crate) struct Handover {
    /// The person's token.
    pub(crate) token: String,
    /// Which channel; empty for Instagram.
    pub(crate) channel: String,
    /// Which login; empty for the default.
    pub(crate) login: String,
    /// The account that is connected again; empty for any.
    pub(crate) account: String,
    /// The card's page, which is of the origin that has posted.
    pub(crate) back: Url,
    /// `popup` where the card's page stays open.
    pub(crate) mode: String,
}

/// Why nothing is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Pages of this origin may not.
    Origin,
    /// It is no form of a card's.
    Form,
}

impl Refusal {
    /// What the page calls it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Form => "form",
        }
    }

    /// The answer's status.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads the form.
///
/// # Errors
///
/// [`Refusal`] for a page that may not, or a form that is none.
pub(crate) fn read(request: &Request, allowed: &[String]) -> Result<Handover, Refusal> {
    let origin = http::header(request, ORIGIN.as_str()).unwrap_or_default();
    if matches!(origin, "" | "null") || !allowed.iter().any(|known| known == origin) {
        return Err(Refusal::Origin);
    }
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal::Form);
    }
    let field = |name: &str| {
        let found = form_urlencoded::parse(body).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let [token, channel, login, account, mode] = ["token", "channel", "login", "account", "mode"].map(field);
    let back = Url::parse(&field("back")).ok().filter(|back| back.origin().ascii_serialization() == origin);
    match back {
        Some(back) if !token.is_empty() => Ok(Handover { token, channel, login, account, back, mode }),
        _ => Err(Refusal::Form),
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::http::Method;

    use super::*;

    const HOME: &str = "https://app.example";

    fn read_from(origin: Option<&str>, form: &str) -> Result<Handover, Refusal> {
        let mut request = Request::new(Body::Text(form.to_owned()));
        *request.method_mut() = Method::POST;
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().expect("a header"));
        }
        read(&request, &[HOME.to_owned(), "null".to_owned(), String::new()])
    }

    #[test]
    fn a_page_of_a_known_origin_hands_a_login_over() {
        let form = "token=a.b.c&channel=messenger&login=facebook&account=17&mode=popup\
                    &back=https%3A%2F%2Fapp.example%2Fsettings%3Fa%3D1";
        let Ok(handed) = read_from(Some(HOME), form) else { panic!("the page may") };
        assert_eq!((handed.token.as_str(), handed.login.as_str()), ("a.b.c", "facebook"));
        assert_eq!(handed.channel, "messenger");
        assert_eq!((handed.account.as_str(), handed.mode.as_str()), ("17", "popup"));
        assert_eq!(handed.back.as_str(), "https://app.example/settings?a=1");
    }

    #[test]
    fn a_page_of_another_origin_does_not() {
        let form = "token=a.b.c&back=https%3A%2F%2Fapp.example%2F";
        let others = [
            None,
            Some("https://evil.example"),
            Some("null"),
            Some("http://app.example"),
            Some("https://app.example:444"),
            Some("https://app.example.evil.example"),
            Some("https://app.example https://evil.example"),
        ];
        for origin in others {
            assert_eq!(read_from(origin, form).err(), Some(Refusal::Origin), "{origin:?}");
        }
    }

    #[test]
    fn nobody_is_sent_to_another_site_and_nothing_starts_without_a_token() {
        for back in ["https://evil.example/", "https://app.example@evil.example/", "javascript:1", "/settings", ""] {
            assert_eq!(read_from(Some(HOME), &format!("token=a&back={back}")).err(), Some(Refusal::Form), "{back}");
        }
        assert_eq!(read_from(Some(HOME), "back=https://app.example/").err(), Some(Refusal::Form));
        let long = format!("back=https://app.example/&token={}", "a".repeat(MAX_BODY_BYTES));
        assert_eq!(read_from(Some(HOME), &long).err(), Some(Refusal::Form));
    }
}
