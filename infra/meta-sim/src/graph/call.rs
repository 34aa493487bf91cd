//! One call of an API host, read from HTTP: path, parameters from query and body, access token.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Multipart, Request},
};
use bytes::Bytes;
use http::{Method, header, request::Parts};
use serde_json::Value;
use url::form_urlencoded;

use crate::{Login, errors::GraphError};

/// No call of the Graph API that we simulate needs a larger body.
const BODY_LIMIT: usize = 1024 * 1024;

/// Versions that Meta serves, by their major number.
const LIVE: RangeInclusive<u32> = 21..=27;

/// Versions that Meta has served once.
const EXPIRED: Range<u32> = 4..21;

/// One of Meta's API hosts; the first segment of the simulation's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `api.instagram.com`
    InstagramApi,
    /// `graph.instagram.com`
    InstagramGraph,
    /// `graph.facebook.com`
    FacebookGraph,
}

impl Host {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InstagramApi => "api.instagram.com",
            Self::InstagramGraph => "graph.instagram.com",
            Self::FacebookGraph => "graph.facebook.com",
        }
    }

    pub(crate) const fn login(self) -> Login {
        match self {
            Self::InstagramApi | Self::InstagramGraph => Login::Instagram,
            Self::FacebookGraph => Login::Facebook,
        }
    }
}

/// A call, before anything is known of the token.
#[derive(Clone)]
pub(crate) struct GraphCall {
    pub(crate) host: Host,
    pub(crate) method: Method,
    /// Path below the host, as called.
    pub(crate) path: String,
    /// Path segments after the version.
    pub(crate) segments: Vec<String>,
    /// From query and body, the body winning.
    pub(crate) params: BTreeMap<String, String>,
    /// From the query alone: what a paging link has to repeat.
    pub(crate) query: Vec<(String, String)>,
    /// From the `Authorization` header, the query or the body.
    pub(crate) token: Option<String>,
    version: Option<String>,
}

impl GraphCall {
    /// Reads a request. Never fails on content: what is malformed is missing, and validation says so.
    pub(crate) async fn read(host: Host, request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let prefix = format!("/{}", host.name());
        let path = parts.uri.path().strip_prefix(&prefix).unwrap_or_default().to_owned();
        let query: Vec<(String, String)> = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        let mut params: BTreeMap<String, String> = query.iter().cloned().collect();
        let bytes = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
        params.extend(body_params(&parts, bytes).await);
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim().to_owned());
        let token = bearer.or_else(|| params.get("access_token").cloned());
        let mut segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let version = segments.first().filter(|first| is_version(first)).cloned();
        if version.is_some() {
            segments.remove(0);
        }
        Self { host, method: parts.method, path, segments, params, query, token, version }
    }

    /// The version that answers. An expired one is the oldest live one, without a word; so is none at all.
    ///
    /// # Errors
    ///
    /// 2500 for a version that never was.
    pub(crate) fn served_version(&self) -> Result<String, GraphError> {
        let Some(version) = &self.version else { return Ok(format!("v{}.0", LIVE.start())) };
        let major = version[1..].strip_suffix(".0").and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(major) if LIVE.contains(&major) => Ok(version.clone()),
            Some(major) if EXPIRED.contains(&major) => Ok(format!("v{}.0", LIVE.start())),
            _ => Err(GraphError::new(2500, format!("Unknown path components: {}", self.path))),
        }
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, GraphError> {
        self.param(name).ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required")))
    }

    /// All parameters as one JSON object, with JSON inside of form fields unfolded.
    pub(crate) fn as_json(&self) -> Value {
        let fields = self.params.iter().map(|(name, text)| {
            let value = match text.chars().next() {
                Some('{' | '[') => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
                _ => text.clone().into(),
            };
            (name.clone(), value)
        });
        Value::Object(fields.collect())
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

async fn body_params(parts: &Parts, bytes: Bytes) -> Vec<(String, String)> {
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("multipart/form-data") {
        multipart_pairs(content_type, bytes).await
    } else if bytes.first() == Some(&b'{') {
        json_pairs(&bytes)
    } else {
        pairs(&bytes)
    }
}

async fn multipart_pairs(content_type: &str, bytes: Bytes) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let request = Request::builder().header(header::CONTENT_TYPE, content_type).body(Body::from(bytes));
    let Ok(request) = request else { return found };
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return found };
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        found.push((name, field.text().await.unwrap_or_default()));
    }
    found
}

fn json_pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return vec![] };
    let as_text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().map(|(name, value)| (name, as_text(value))).collect()
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

fn decoded(segment: &str) -> String {
    // A path is not a form: the one difference is `+`, which a form reads as a space.
    let as_form = format!("x={}", segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D"));
    pairs(as_form.as_bytes()).pop().map(|(_, value)| value).unwrap_or_default()
}

fn is_version(segment: &str) -> bool {
    let mut characters = segment.chars();
    characters.next() == Some('v') && characters.next().is_some_and(|second| second.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn call(uri: &str, content_type: &str, body: &'static str) -> GraphCall {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/graph.facebook.com{uri}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .expect("a request");
        GraphCall::read(Host::FacebookGraph, request).await
    }

    #[tokio::test]
    async fn a_version_is_no_part_of_the_path_segments() {
        let call = call("/v25.0/me/accounts?limit=2", "", "").await;
        assert_eq!(call.segments(), ["me", "accounts"]);
        assert_eq!(call.param("limit"), Some("2"));
        assert_eq!(call.served_version(), Ok("v25.0".to_owned()));
    }

    #[tokio::test]
    async fn an_expired_version_is_served_as_the_oldest_live_one_and_one_that_never_was_is_refused() {
        for (asked, served) in [("v27.0", "v27.0"), ("v21.0", "v21.0"), ("v20.0", "v21.0"), ("v9.0", "v21.0")] {
            let call = call(&format!("/{asked}/me"), "", "").await;
            assert_eq!(call.served_version().as_deref(), Ok(served), "{asked}");
        }
        for version in ["v28.0", "v25.1", "v2", "v0.0"] {
            let call = call(&format!("/{version}/me"), "", "").await;
            assert!(call.served_version().is_err_and(|refusal| refusal.code == 2500), "{version}");
        }
    }

    #[tokio::test]
    async fn a_form_with_parts_is_read() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nAQB1\r\n--b--\r\n";
        let call = call("/oauth/access_token", "multipart/form-data; boundary=b", body).await;
        assert_eq!(call.param("code"), Some("AQB1"));
    }

    #[tokio::test]
    async fn json_inside_of_form_fields_is_unfolded() {
        let body = "recipient=%7B%22id%22%3A%221%22%7D&messaging_type=RESPONSE";
        let call = call("/1/messages", "application/x-www-form-urlencoded", body).await;
        assert_eq!(call.as_json()["recipient"]["id"], "1");
        assert_eq!(call.as_json()["messaging_type"], "RESPONSE");
    }
}
