//! The pages: static shells that name one module each. Nothing of a person or a request is written into them.

use crate::assets::VERSION;
use crate::handler::Settings;

/// A page by its path; `None` where there is none.
pub(crate) fn find(path: &str) -> Option<Page> {
    match path {
        "/" => Some(Page { module: "page-home.js", title: "Inicio" }),
        "/auth/callback" => Some(Page { module: "page-signed-in.js", title: "Iniciando sesión" }),
        "/settings/integrations" => Some(Page { module: "page-integrations.js", title: "Integraciones" }),
        "/settings/integrations/instagram/select" => Some(Page { module: "page-select.js", title: "Elige tu cuenta" }),
        "/inbox" => Some(Page { module: "page-inbox.js", title: "Inbox" }),
        _ => None,
    }
}

/// A shell.
pub(crate) struct Page {
    module: &'static str,
    title: &'static str,
}

impl Page {
    /// The page's HTML. The settings stand in `<meta>` elements, so that no script needs to be inline.
    pub(crate) fn html(&self, settings: &Settings) -> String {
        let Self { module, title } = self;
        let Settings { brand, issuer, client_id, locale, .. } = settings;
        let [brand, issuer, client_id, locale] = [brand, issuer, client_id, locale].map(|text| escape(text));
        let base = format!("/ui/{VERSION}");
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
<title>{title} · {brand}</title>
<link rel="icon" href="{base}/icon.svg">
<link rel="stylesheet" href="{base}/page.css">
<link rel="modulepreload" href="{base}/buzon.js">
<script type="module" src="{base}/{module}"></script>
</head>
<body>
<main id="main"><noscript>Esta página necesita JavaScript.</noscript></main>
</body>
</html>
"#
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

    #[test]
    fn a_setting_cannot_leave_its_attribute() {
        assert_eq!(escape("\"><script>"), "&quot;&gt;&lt;script&gt;");
    }
}
