//! The claims of the token that API Gateway's JWT authorizer has verified, with the types that the issuer gave them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use serde_json::{Map, Value};

use crate::http;

/// The claims of a caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    /// `None` for a request that came past no authorizer.
    ///
    /// API Gateway hands every claim on as text: a list of one name with spaces reads like a list of several names, a list
    /// like a text with brackets, and an object is lost. The verified token itself comes along in `Authorization`,
    /// so the types are read there. Where it does not come along, only plain texts count.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let verified = verified(request)?;
        let token = http::header(request, "authorization").and_then(payload).filter(|token| is_of(token, verified));
        let texts = || verified.iter().map(|(name, text)| (name.clone(), plain(text))).collect();
        Some(Self(token.unwrap_or_else(texts)))
    }

    /// The claim of exactly this name, else for `a.b` the member `b` of the claim `a`. Names may hold dots themselves, as
    /// `https://acme.example/claims.role`.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        member(&self.0, name).filter(|value| !value.is_null())
    }

    /// A text that is not empty, or a whole number as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.find(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether the claim is `true`, as a boolean or as text.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.find(name).is_some_and(|value| *value == Value::Bool(true) || *value == "true")
    }
}

fn verified(request: &Request) -> Option<&HashMap<String, String>> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(&context.authorizer.as_ref()?.jwt.as_ref()?.claims),
        _ => None,
    }
}

/// What the one token of the header says. Several headers arrive joined by a comma, which is in no token.
fn payload(header: &str) -> Option<Map<String, Value>> {
    let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer ")).unwrap_or(header).trim();
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Whether this is the token that was verified: every text in it is, and it says who.
fn is_of(token: &Map<String, Value>, verified: &HashMap<String, String>) -> bool {
    let mut texts = token.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    token.contains_key("sub") && texts.all(|(name, text)| verified.get(name).is_some_and(|known| known == text))
}

/// A text as it was handed on, unless it stands for a value of another type.
fn plain(text: &str) -> Value {
    match text {
        "true" | "false" => Value::Bool(text == "true"),
        _ if text.starts_with(['[', '{']) || text.starts_with("map[") => Value::Array(vec![Value::from(text)]),
        _ => Value::from(text),
    }
}

fn member<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let within = |(dot, _)| member(claims.get(&name[..dot])?.as_object()?, &name[dot + 1..]);
    claims.get(name).or_else(|| name.match_indices('.').find_map(within))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::tests::request;

    /// A request as API Gateway hands it on: the token in its header, its claims flattened to text.
    pub(crate) fn with_token(claims: &Value) -> Request {
        with_header(claims, &format!("Bearer {}", token(claims)))
    }

    /// One whose claims have come as texts only.
    pub(crate) fn with_texts(claims: &Value) -> Request {
        request(&json!({ "requestContext": { "authorizer": { "jwt": { "claims": claims } } } }))
    }

    fn with_header(claims: &Value, header: &str) -> Request {
        let flat: Map<String, Value> = claims
            .as_object()
            .expect("claims")
            .iter()
            .map(|(name, value)| (name.clone(), flat(value).into()))
            .collect();
        let context = json!({ "authorizer": { "jwt": { "claims": flat } } });
        request(&json!({ "headers": { "authorization": header }, "requestContext": context }))
    }

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn flat(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(" ")),
            Value::Object(_) => "map[]".to_owned(),
            other => other.to_string(),
        }
    }

    fn find(request: &Request, name: &str) -> Option<Value> {
        Claims::of(request).expect("came past the authorizer").find(name).cloned()
    }

    #[test]
    fn a_claim_keeps_its_type() {
        let claims = json!({ "sub": "ana", "groups": ["call center operator"], "text": "[operator]", "debug": true });
        for name in ["groups", "text", "debug"] {
            assert_eq!(find(&with_token(&claims), name), Some(claims[name].clone()), "{name}");
        }
    }

    #[test]
    fn a_member_of_a_claim_is_found_by_its_path_and_a_name_with_dots_by_itself() {
        let ns = "https://acme.example/claims";
        let claims = json!({ "sub": "ana", "realm_access": { "roles": ["admin"] }, "a.b": 1, "a": { "b": 2 },
                             ns: { "tenant.id": "acme" } });
        let request = with_token(&claims);
        assert_eq!(find(&request, "realm_access.roles"), Some(json!(["admin"])));
        assert_eq!(find(&request, "a.b"), Some(json!(1)));
        assert_eq!(find(&request, &format!("{ns}.tenant.id")), Some(json!("acme")));
        assert_eq!(find(&request, "realm_access.groups"), None);
    }

    #[test]
    fn a_token_that_was_not_the_verified_one_is_not_read() {
        let verified = json!({ "sub": "ana", "role": "agent" });
        let forged = token(&json!({ "sub": "ana", "role": "operator" }));
        let good = token(&verified);
        for header in [format!("Bearer {forged}"), format!("Bearer {good},Bearer {forged}"), format!("Bearer {good}.x")]
        {
            assert_eq!(find(&with_header(&verified, &header), "role"), Some(json!("agent")), "{header}");
        }
    }

    #[test]
    fn without_the_token_a_text_that_stands_for_another_type_is_no_text() {
        let request = with_texts(&json!({ "sub": "ana", "list": "[a b]", "object": "map[a:b]", "flag": "true" }));
        let claims = Claims::of(&request).expect("came past the authorizer");
        for name in ["list", "object", "flag"] {
            assert_eq!(claims.text(name), None, "{name}");
        }
        assert!(claims.is_true("flag"));
    }
}
