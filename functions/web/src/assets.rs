//! The files of `ui/`, compressed at build time.
//!
//! All of them live under one folder named by their content, so that a module can import its neighbour by
//! a relative path and every copy may be cached for ever.

use lambda_http::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Response};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of `ui/` in each form that a browser may ask for.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
    /// Every module that it needs, directly or not.
    modules: &'static [&'static str],
}

/// Every module that a page's own one needs. A browser that is told of all of them need not find out level by level.
pub(crate) fn modules(name: &str) -> impl Iterator<Item = &'static str> {
    ASSETS.iter().find(|asset| asset.name == name).map_or(&[][..], |asset| asset.modules).iter().copied()
}

/// The one address that other sites embed: it stays the same and is looked up again after five minutes.
const ENTRY: &str = "buzon.js";

/// Answers `/ui/<version>/<name>` and `/ui/buzon.js`; `None` for anything else.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let rest = path.strip_prefix("/ui/")?;
    if rest == ENTRY {
        return Some(entry());
    }
    let (version, name) = rest.split_once('/')?;
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    // An old version is answered with today's file, but not kept: a page that is still open goes on working.
    let caching = if version == VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    Some(asset.answer(headers, caching))
}

/// A module that only names the current version.
fn entry() -> Response<Body> {
    let module = format!("export * from \"./{VERSION}/{ENTRY}\";\n");
    response("text/javascript; charset=utf-8", "public, max-age=300", Body::Text(module))
}

impl Asset {
    fn answer(&self, headers: &HeaderMap, caching: &str) -> Response<Body> {
        let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (encoding, bytes) = match accepted {
            _ if accepts(accepted, "br") => (Some("br"), self.brotli),
            _ if accepts(accepted, "gzip") => (Some("gzip"), self.gzip),
            _ => (None, self.plain),
        };
        let mut response = response(self.media_type, caching, Body::Binary(bytes.to_vec()));
        let headers = response.headers_mut();
        headers.insert(VARY, ACCEPT_ENCODING.into());
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, lambda_http::http::HeaderValue::from_static(encoding));
        }
        response
    }
}

/// Whether an `Accept-Encoding` names this coding without refusing it by `q=0`.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        named && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn response(media_type: &'static str, caching: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, lambda_http::http::HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, caching.parse().expect("our caching directives are header values"));
    // The components are made to be embedded in other sites; there is nothing of a person in them.
    headers.insert("access-control-allow-origin", lambda_http::http::HeaderValue::from_static("*"));
    response
}

/// What a browser transfers of a file.
#[cfg(test)]
pub(crate) fn compressed_bytes(name: &str) -> usize {
    ASSETS.iter().find(|asset| asset.name == name).map_or(0, |asset| asset.brotli.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn asking_for(encoding: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, lambda_http::http::HeaderValue::from_static(encoding));
        headers
    }

    #[test]
    fn the_current_version_is_kept_for_ever_and_an_old_one_not_at_all() {
        let current = answer(&format!("/ui/{VERSION}/{ENTRY}"), &HeaderMap::new()).expect("the entry exists");
        let old = answer(&format!("/ui/000000000000/{ENTRY}"), &HeaderMap::new()).expect("still answered");
        assert_eq!(current.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(old.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn the_browsers_best_coding_is_chosen() {
        let path = format!("/ui/{VERSION}/{ENTRY}");
        let coding =
            |asked| answer(&path, &asking_for(asked)).and_then(|it| it.headers().get(CONTENT_ENCODING).cloned());
        assert_eq!(coding("gzip, deflate, br").expect("compressed"), "br");
        assert_eq!(coding("gzip").expect("compressed"), "gzip");
        assert_eq!(coding("br;q=0, identity"), None);
    }

    fn text(name: &str) -> &'static str {
        let asset = ASSETS.iter().find(|asset| asset.name == name).expect("the file is served");
        std::str::from_utf8(asset.plain).expect("texts are UTF-8")
    }

    #[test]
    fn what_tenants_read_is_worded_as_agreed() {
        for wording in [
            "\"Conecta tu Instagram profesional para responder y gestionar DMs desde el inbox de {brand}.\"",
            "\"Connect Instagram\"",
            "\"Te llevaremos a Meta para iniciar sesión y seleccionar tu cuenta de Instagram.\"",
            "\"Connected: @{username}\"",
            "\"{brand} puede recibir y responder DMs para esta cuenta.\"",
            "\"Disconnect\"",
            "\"Need help\"",
            "\"Necesitas una cuenta de Instagram Business o Creator y permisos para autorizar mensajería.\"",
            "\"Connection cancelled\"",
            "\"{plan} plan required\"",
            "\"Connect this account\"",
            "\"Connect {count} Account(s)\"",
        ] {
            assert!(text("text-es.js").contains(wording), "{wording}");
        }
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let keys = |name| -> BTreeSet<&str> {
            text(name).lines().filter_map(|line| line.strip_prefix("  \"")?.split('"').next()).collect()
        };
        let (spanish, english) = (keys("text-es.js"), keys("text-en.js"));
        let by_the_server = |key: &&str| {
            let key = key.trim_start_matches("messenger.");
            key.starts_with("problem.") || key.starts_with("failure.")
        };
        let only_in_spanish: Vec<_> = spanish.difference(&english).filter(|key| !by_the_server(key)).collect();
        assert!(only_in_spanish.is_empty(), "{only_in_spanish:?}");
        assert!(english.is_subset(&spanish), "{:?}", english.difference(&spanish));
    }

    #[test]
    fn a_text_of_one_channel_stands_beside_the_general_one() {
        let general = |key: &str| text("text-es.js").contains(&format!("\n  \"{key}\": "));
        let of_one =
            text("text-es.js").lines().filter_map(|line| line.strip_prefix("  \"messenger.")?.split('"').next());
        assert_eq!(of_one.filter(|key| !general(key)).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_file_that_does_not_exist_is_not_answered() {
        assert!(answer(&format!("/ui/{VERSION}/../Cargo.toml"), &HeaderMap::new()).is_none());
        assert!(answer("/ui/nothing.js", &HeaderMap::new()).is_none());
    }
}
