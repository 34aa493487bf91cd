//! The pages: static shells that name one module each. Nothing of a person or a request is written into them.

use crate::assets::{self, VERSION};
use crate::handler::Settings;

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

const PAGES: [Page; 5] = [
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
    Page { path: "/inbox", module: "page-inbox.js", titles: Titles { es: "Inbox", en: "Inbox" }, ends_popup: false },
];

impl Page {
    /// The page's HTML. The settings stand in `<meta>` elements, so that no script needs to be inline.
    pub(crate) fn html(&self, settings: &Settings) -> String {
        let english = settings.locale.starts_with("en");
        let (title, noscript) = if english {
            (self.titles.en, "This page needs JavaScript.")
        } else {
            (self.titles.es, "Esta página necesita JavaScript.")
        };
        let Settings { brand, issuer, client_id, tenant_claim, locale, phone, .. } = settings;
        let [brand, issuer, client_id, tenant_claim, locale] =
            [brand, issuer, client_id, tenant_claim, locale].map(|text| escape(text));
        let phone = phone.as_deref().map(escape).unwrap_or_default();
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
<meta name="buzon:brand" content="{brand}">
<meta name="buzon:issuer" content="{issuer}">
<meta name="buzon:client-id" content="{client_id}">
<meta name="buzon:tenant-claim" content="{tenant_claim}">
<meta name="buzon:phone" content="{phone}">
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
            brand: "Curbe".to_owned(),
            issuer: "https://login.example".to_owned(),
            client_id: "web".to_owned(),
            tenant_claim: "tenant_id".to_owned(),
            locale: locale.to_owned(),
            frame_ancestors: "'none'".to_owned(),
            media_sources: "https:".to_owned(),
            phone: None,
        }
    }

    fn html(path: &str, locale: &str) -> String {
        find(path).expect("a page").html(&settings(locale))
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
