//! `infra/openapi.yaml` held against the answers that stories get: what is not described there must not be answered.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Answer;

/// The description of the HTTP API.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let yaml: Result<serde_yaml_ng::Value, _> = serde_yaml_ng::from_str(include_str!("../../infra/openapi.yaml"));
    let mut yaml = yaml.expect("the description of the API is YAML");
    yaml.apply_merge().expect("an operation of one channel takes over that of the other");
    serde_json::to_value(yaml).expect("the description of the API is JSON in another spelling")
});

/// Schemas that were compiled, by where they stand. To compile one takes longer than to ask it a thousand times.
static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

/// The answer to every path that no operation has.
const NO_OPERATION: &str = "/components/responses/NotFound";

/// What an answer has that the description does not allow, or lacks that it demands.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The path or the status is not described.
    #[error("the status {0} is not described")]
    Status(u16),
    /// Another content type, or a body where none is described.
    #[error("the content type `{0}` is not described")]
    ContentType(String),
    /// A header that every such answer has.
    #[error("the header `{0}` is missing")]
    Header(String),
    /// The body is not of its schema. Names the places.
    #[error("the body is not as described: {0}")]
    Body(String),
}

/// The description, as JSON.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Holds an answer of the API against the description.
///
/// # Errors
///
/// The first [`Violation`].
pub fn check(method: &Method, path: &str, answer: &Answer) -> Result<(), Violation> {
    if method == Method::OPTIONS {
        return Ok(()); // API Gateway answers what browsers ask about CORS, and no operation is asked
    }
    let status = answer.status;
    let place = response(method, path, status).ok_or(Violation::Status(status))?;
    let described = at(&place).ok_or(Violation::Status(status))?;
    check_headers(described, answer)?;
    check_body(&place, described, answer)
}

/// Ends the story where an answer is not as it is described.
pub(crate) fn demand(method: &Method, path: &str, answer: &Answer) {
    if let Err(violation) = check(method, path, answer) {
        panic!(
            "infra/openapi.yaml does not describe this answer: {violation}\n{method} {path}\n{} {}\n{}",
            answer.status,
            answer.header("content-type"),
            answer.body
        );
    }
}

/// The operation of a path, as a place in the document. Where two fit, the one that says more of the path.
fn operation(method: &Method, path: &str) -> Option<String> {
    let method = method.as_str().to_ascii_lowercase();
    let templates = DOCUMENT["paths"].as_object()?;
    let fitting = templates.iter().filter(|(template, item)| fits(template, path) && item.get(&method).is_some());
    let (template, _) = fitting.max_by_key(|(template, _)| literals(template))?;
    Some(format!("/paths/{}/{method}", escaped(template)))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(path)
            .all(|(wanted, found)| (is_parameter(wanted) && !found.is_empty()) || *wanted == found)
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn literals(template: &str) -> usize {
    template.split('/').filter(|segment| !is_parameter(segment)).count()
}

/// A key as a part of a JSON pointer (RFC 6901 section 3).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Where the answer with a status is described.
fn response(method: &Method, path: &str, status: u16) -> Option<String> {
    match operation(method, path) {
        Some(operation) => {
            let place = format!("{operation}/responses/{status}");
            let reference = at(&place)?.get("$ref").and_then(Value::as_str);
            Some(reference.map_or(place, target))
        }
        None => (status == 404).then(|| NO_OPERATION.to_owned()),
    }
}

/// Where a reference within the document leads.
fn target(reference: &str) -> String {
    reference.trim_start_matches('#').to_owned()
}

fn at(place: &str) -> Option<&'static Value> {
    DOCUMENT.pointer(place)
}

fn check_headers(described: &Value, answer: &Answer) -> Result<(), Violation> {
    let headers = described.get("headers").and_then(Value::as_object).into_iter().flatten();
    for (name, header) in headers {
        let header = header.get("$ref").and_then(Value::as_str).map_or(Some(header), |found| at(&target(found)));
        let is_required = header.is_some_and(|header| header["required"] == true);
        if is_required && !answer.headers.contains_key(name) {
            return Err(Violation::Header(name.clone()));
        }
    }
    Ok(())
}

fn check_body(place: &str, described: &Value, answer: &Answer) -> Result<(), Violation> {
    let content_type = answer.header("content-type");
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let Some(content) = described.get("content") else {
        let is_empty = answer.body.is_empty();
        return if is_empty { Ok(()) } else { Err(Violation::ContentType(content_type)) };
    };
    let media = content.get(media_type).ok_or_else(|| Violation::ContentType(content_type.clone()))?;
    let is_json = media_type.ends_with("json");
    let body = if is_json { parsed(&answer.body)? } else { Value::from(answer.body.as_str()) };
    if media_type == "application/problem+json" && body["status"] != answer.status {
        return Err(Violation::Body("`status` is not the status of the answer".to_owned()));
    }
    let validator = validator(format!("{place}/content/{}/schema", escaped(media_type)), &media["schema"]);
    let faults: Vec<String> =
        validator.iter_errors(&body).map(|fault| format!("at `{}`: {fault}", fault.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(Violation::Body(faults.join("; "))) }
}

fn parsed(body: &str) -> Result<Value, Violation> {
    serde_json::from_str(body).map_err(|error| Violation::Body(error.to_string()))
}

/// The compiled schema of a place. It takes the document's other schemas along, which it refers to.
fn validator(place: String, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = known.entry(place).or_insert_with(|| {
        let mut root: Map<String, Value> = schema.as_object().cloned().expect("a schema is an object");
        root.insert("components".to_owned(), json!({"schemas": DOCUMENT["components"]["schemas"]}));
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        Arc::new(options.build(&Value::Object(root)).expect("the description has valid schemas"))
    });
    Arc::clone(compiled)
}
