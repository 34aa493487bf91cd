//! The pages: static shells that name one module each. Nothing of a person or a request is written into them, save what a card
//! on another site hands over.

use crate::assets::{self, VERSION};
use crate::discovery::Endpoints;
use crate::settings::{Settings, SignIn};

/// A page by its path; `None` where there is none.
pub(crate) fn find(path: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.path == path)
}

/// A shell.
#[derive(Debug)]
pub(crate) struct Page {
    path: &'static str,
    module: &'static str,
    titles: Titles,
    /// Whether it may be shown in the window that a card has opened, maybe on another origin, and has to tell it so.
    pub(crate) ends_popup: bool,
}

/// What a tab is called.
#[derive(Debug)]
struct Titles {
    es: &'static str,
    en: &'static str,
}

/// Where a card on another site hands its login over, and where such a login ends.
pub(crate) const CONNECT: &str = "/connect";

const PAGES: [Page; 7] = [
    Page { path: "/", module: "page-home.js", titles: Titles { es: "Inicio", en: "Home" }, ends_popup: false },
    Page {
        path: "/auth/callback",
        module: "page-signed-in.js",
        titles: Titles { es: "Iniciando sesión", en: "Signing in" },
        ends_popup: true,
    },
    Page {
        path: "/settings/integrations",
        module: "page-integrations.js",
        titles: Titles { es: "Integraciones", en: "Integrations" },
        ends_popup: true,
    },
    Page {
        path: "/settings/integrations/instagram/select",
        module: "page-select.js",
        titles: Titles { es: "Elige tu cuenta", en: "Choose your account" },
        ends_popup: true,
    },
    Page {
        path: "/settings/integrations/messenger/select",
        module: "page-select.js",
        titles: Titles { es: "Elige tu página", en: "Choose your Page" },
        ends_popup: true,
    },
    Page {
        path: CONNECT,
        module: "page-connect.js",
        titles: Titles { es: "Conectando", en: "Connecting" },
        ends_popup: true,
    },
    Page { path: "/inbox", module: "page-inbox.js", titles: Titles { es: "Inbox", en: "Inbox" }, ends_popup: false },
];

impl Page {
    /// The page's HTML. What it is told stands in `<meta>` elements, so that no script needs to be inline; so does what a request
    /// has handed over.
    pub(crate) fn html(&self, settings: &Settings, endpoints: Option<&Endpoints>, handed: &[(&str, &str)]) -> String {
        let english = settings.locale.starts_with("en");
        let (title, noscript) = if english {
            (self.titles.en, "This page needs JavaScript.")
        } else {
            (self.titles.es, "Esta página necesita JavaScript.")
        };
        let [brand, locale] = [&settings.brand, &settings.locale].map(|text| escape(text));
        let told = told(settings, endpoints, handed);
        let base = format!("/ui/{VERSION}");
        let preload: Vec<String> = assets::modules(self.module)
            .map(|module| format!("<link rel=\"modulepreload\" href=\"{base}/{module}\">"))
            .collect();
        let preload = preload.join("\n");
        format!(
            r#"<!doctype html>
<html lang="{locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{told}
<title>{title} · {brand}</title>
<link rel="icon" href="{base}/icon.svg">
<link rel="stylesheet" href="{base}/page.css">
{preload}
<script type="module" src="{base}/{module}"></script>
</head>
<body>
<main id="main"><noscript>{noscript}</noscript></main>
</body>
</html>
"#,
            module = self.module,
        )
    }
}

/// The settings as `<meta>` elements. Without endpoints nobody can sign in, and the page says so.
fn told(settings: &Settings, endpoints: Option<&Endpoints>, handed: &[(&str, &str)]) -> String {
    let Settings { brand, issuer, client_id, sign_in, phone, .. } = settings;
    let SignIn { scope, audience, resource, api_token, logout, tenant_claim, name_claim, picture_claim } = sign_in;
    let end_session = endpoints.and_then(|endpoints| endpoints.end_session.as_ref());
    let pairs = [
        ("brand", brand.as_str()),
        ("issuer", issuer),
        ("authorization-endpoint", endpoints.map_or("", |endpoints| endpoints.authorization.as_str())),
        ("token-endpoint", endpoints.map_or("", |endpoints| endpoints.token.as_str())),
        ("end-session-endpoint", end_session.map_or("", |endpoint| endpoint.as_str())),
        ("client-id", client_id),
        ("scope", scope),
        ("audience", audience),
        ("resource", resource),
        ("api-token", api_token),
        ("logout", logout),
        ("tenant-claim", tenant_claim),
        ("name-claim", name_claim),
        ("picture-claim", picture_claim),
        ("phone", phone.as_deref().unwrap_or_default()),
    ];
    let elements = pairs
        .iter()
        .chain(handed)
        .map(|(name, text)| format!("<meta name=\"buzon:{name}\" content=\"{}\">", escape(text)));
    elements.collect::<Vec<_>>().join("\n")
}

/// Escapes text for an attribute or an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser transfers before the inbox shows anything, the API's answers aside.
    const INBOX_BUDGET_BYTES: usize = 60 * 1024;

    fn settings(locale: &str) -> Settings {
        Settings {
            live_source: String::new(),
            brand: "Curbe".to_owned(),
            issuer: "https://login.example".to_owned(),
            client_id: "web".to_owned(),
            sign_in: SignIn {
                scope: "openid profile".to_owned(),
                audience: String::new(),
                resource: String::new(),
                api_token: "auto".to_owned(),
                logout: "oidc".to_owned(),
                tenant_claim: "tenant_id".to_owned(),
                name_claim: "name".to_owned(),
                picture_claim: "picture".to_owned(),
            },
            locale: locale.to_owned(),
            frame_ancestors: "'none'".to_owned(),
            allowed_origins: vec![],
            media_sources: "https:".to_owned(),
            phone: None,
        }
    }

    fn html(path: &str, locale: &str) -> String {
        find(path).expect("a page").html(&settings(locale), None, &[])
    }

    #[test]
    fn what_was_handed_over_cannot_leave_its_attribute() {
        let handed = [("token", "\"><script>alert(1)</script>")];
        let page = find(CONNECT).expect("a page").html(&settings("es"), None, &handed);
        assert!(page.contains("<meta name=\"buzon:token\" content=\"&quot;&gt;&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn a_setting_cannot_leave_its_attribute() {
        assert_eq!(escape("\"><script>"), "&quot;&gt;&lt;script&gt;");
    }

    #[test]
    fn a_tab_is_named_in_the_pages_language() {
        assert!(html("/settings/integrations", "es").contains("<title>Integraciones · Curbe</title>"));
        assert!(html("/settings/integrations", "en-GB").contains("<title>Integrations · Curbe</title>"));
    }

    #[test]
    fn every_module_is_asked_for_at_once() {
        let inbox = html("/inbox", "es");
        for module in ["buzon.js", "inbox.js", "thread.js", "text-es.js"] {
            assert!(
                inbox.contains(&format!("<link rel=\"modulepreload\" href=\"/ui/{VERSION}/{module}\">")),
                "{module}"
            );
        }
    }

    #[test]
    fn the_first_load_of_the_inbox_fits_its_budget() {
        let page = html("/inbox", "es");
        let files = ["page-inbox.js", "page.css", "icon.svg"].into_iter().chain(assets::modules("page-inbox.js"));
        let total = page.len() + files.map(assets::compressed_bytes).sum::<usize>();
        assert!(total < INBOX_BUDGET_BYTES, "{total} bytes");
    }
}
