//! Permissions: what the policies of callers allow, and what the policies of keys deny.
//!
//! A caller without policies may do everything: the local stack itself, a story, a person with the AWS CLI. A call needs each of its
//! actions on each of its resources. Of conditions, the operators of our own policies are known; another one is refused when the
//! policy is set, so that none is ignored.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::calls::Service;
use crate::describe::Call;
use crate::error::ServiceError;
use crate::{ACCOUNT, REGION};

/// A policy document's statements.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    statement: Vec<Statement>,
}

/// What may be done, or may not.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(default, rename = "Sid")]
    _sid: IgnoredAny,
    #[serde(default, rename = "Principal")]
    _principal: IgnoredAny,
    effect: Verdict,
    action: OneOrMany,
    resource: OneOrMany,
    #[serde(default)]
    condition: BTreeMap<Operator, BTreeMap<String, OneOrMany>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Verdict {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Operator {
    Null,
    StringEquals,
    StringNotEquals,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn any(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::One(one) => test(one),
            Self::Many(many) => many.iter().any(|one| test(one)),
        }
    }
}

/// One thing that a call does.
struct Deed<'a> {
    action: &'a str,
    /// The ARN.
    resource: &'a str,
    /// Condition keys: for KMS, the encryption context.
    context: &'a BTreeMap<String, String>,
}

impl Statement {
    fn is_about(&self, deed: &Deed<'_>) -> bool {
        self.action.any(|pattern| is_like(pattern, deed.action))
            && self.resource.any(|pattern| is_like(pattern, deed.resource))
            && self.condition.iter().all(|(operator, keys)| {
                keys.iter().all(|(key, values)| operator.holds(deed.context.get(key).map(String::as_str), values))
            })
    }
}

impl Operator {
    fn holds(self, actual: Option<&str>, values: &OneOrMany) -> bool {
        match self {
            Self::Null => values.any(|value| (value == "true") == actual.is_none()),
            Self::StringEquals => actual.is_some_and(|actual| values.any(|value| value == actual)),
            Self::StringNotEquals => !actual.is_some_and(|actual| values.any(|value| value == actual)),
        }
    }
}

impl Policy {
    fn says(&self, verdict: Verdict, deed: &Deed<'_>) -> bool {
        self.statement.iter().any(|statement| statement.effect == verdict && statement.is_about(deed))
    }
}

/// What a role has: any of the policies allows, and the boundary as well.
#[derive(Clone, Debug)]
struct Role {
    policies: Vec<Policy>,
    boundary: Option<Policy>,
}

impl Role {
    fn may(&self, deed: &Deed<'_>) -> bool {
        let all = || self.policies.iter().chain(&self.boundary);
        self.policies.iter().any(|policy| policy.says(Verdict::Allow, deed))
            && self.boundary.as_ref().is_none_or(|boundary| boundary.says(Verdict::Allow, deed))
            && !all().any(|policy| policy.says(Verdict::Deny, deed))
    }
}

#[derive(Debug, Default)]
struct Rules {
    roles: BTreeMap<String, Role>,
    /// By the key's ARN. Their `Allow` delegates to IAM, so that only their `Deny` matters here.
    keys: BTreeMap<String, Policy>,
}

/// A handle to the permissions; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Permissions(Arc<RwLock<Rules>>);

impl Permissions {
    /// Gives a caller, by the application name of its SDK, a role with these policies.
    pub fn assume(&self, caller: impl Into<String>, policies: Vec<Policy>, boundary: Option<Policy>) {
        self.write(|rules| rules.roles.insert(caller.into(), Role { policies, boundary }));
    }

    /// Gives a key its policy.
    pub fn protect(&self, key_arn: impl Into<String>, policy: Policy) {
        self.write(|rules| rules.keys.insert(key_arn.into(), policy));
    }

    fn write<T>(&self, work: impl FnOnce(&mut Rules) -> T) {
        work(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Refuses a call that its caller may not make. Policies know a key and a secret by ARN, and so does `named` for what a call
    /// says of them: a name, an alias, a ciphertext.
    pub(crate) fn check(&self, call: &Call, named: impl Fn(&Call) -> Option<String>) -> Result<(), ServiceError> {
        let rules = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(role) = rules.roles.get(&call.function) else { return Ok(()) };
        let context = context(&call.input);
        for (action, resource) in deeds(call, named(call)) {
            let deed = Deed { action: &action, resource: &resource, context: &context };
            let by_key = rules.keys.get(&resource).is_none_or(|policy| !policy.says(Verdict::Deny, &deed));
            if !by_key || !role.may(&deed) {
                return Err(denied(call, &deed));
            }
        }
        Ok(())
    }
}

/// Actions with the ARNs of what they are done to: the one that is known, or those that the names make.
fn deeds(call: &Call, known: Option<String>) -> Vec<(String, String)> {
    let needs = call.needs();
    if !needs.is_empty() {
        return needs.into_iter().map(|(action, table)| (action, arn(call, &table))).collect();
    }
    let resources = match known {
        Some(arn) => vec![arn],
        None => call.resources().iter().map(|name| arn(call, name)).collect(),
    };
    let actions = call.actions();
    actions.iter().flat_map(|action| resources.iter().map(|resource| (action.clone(), resource.clone()))).collect()
}

fn arn(call: &Call, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let service = call.service.prefix();
    let path = match call.service {
        Service::DynamoDb => match call.index() {
            Some(index) => format!("table/{name}/index/{index}"),
            None => format!("table/{name}"),
        },
        Service::Kms => format!("key/{name}"),
        Service::SecretsManager => format!("secret:{name}"),
        Service::Sqs => name.to_owned(),
        Service::ApiGateway => format!("local/{name}"),
        Service::EventBridge => format!("event-bus/{name}"),
    };
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{path}")
}

fn context(input: &Value) -> BTreeMap<String, String> {
    let given =
        ["EncryptionContext", "DestinationEncryptionContext"].into_iter().filter_map(|name| input[name].as_object());
    let pairs = given
        .flatten()
        .filter_map(|(name, value)| Some((format!("kms:EncryptionContext:{name}"), value.as_str()?.to_owned())));
    pairs.collect()
}

/// IAM's wildcards: `*` for any characters, `?` for one. An action's letters match in either case; ARNs have lower-case types anyway.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => {
            pattern.len() == text.len()
                && text.bytes().zip(pattern.bytes()).all(|(left, right)| right == b'?' || left == right)
        }
        Some((before, after)) => {
            let starts = text.get(..before.len()).is_some_and(|start| is_like(before, start));
            starts && (before.len()..=text.len()).any(|from| text.get(from..).is_some_and(|rest| is_like(after, rest)))
        }
    }
}

fn denied(call: &Call, deed: &Deed<'_>) -> ServiceError {
    let Deed { action, resource, .. } = deed;
    let caller = &call.function;
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/{caller}/{caller} is not authorized to perform: {action} on resource: {resource}"
    );
    match call.service {
        Service::ApiGateway => ServiceError::with_details(403, "ForbiddenException", message, Map::new()),
        Service::Sqs => ServiceError::new("AccessDenied", message),
        Service::DynamoDb | Service::Kms | Service::SecretsManager | Service::EventBridge => {
            ServiceError::new("AccessDeniedException", message)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use serde_json::json;

    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1";

    fn policy(statements: &Value) -> Policy {
        serde_json::from_value(json!({ "Version": "2012-10-17", "Statement": statements })).expect("a policy")
    }

    fn call(target: &str, input: &Value) -> Call {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", target.parse().expect("a header"));
        headers.insert("user-agent", "aws-sdk-rust/1 app/reader".parse().expect("a header"));
        Call::parse(&axum::http::Method::POST, "/", headers, input.to_string().into()).expect("a call")
    }

    fn permissions() -> Permissions {
        let permissions = Permissions::default();
        let tables = "arn:aws:dynamodb:us-east-1:000000000000:table";
        let own = policy(&json!([
            { "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": [format!("{tables}/a"), format!("{tables}/b")] },
            { "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": format!("{tables}/b") },
            { "Effect": "Allow", "Action": "kms:*", "Resource": "*" },
        ]));
        permissions.assume("reader", vec![own], None);
        permissions
    }

    fn is_allowed(permissions: &Permissions, target: &str, input: &Value) -> bool {
        permissions.check(&call(target, input), |_| None).is_ok()
    }

    #[test]
    fn a_caller_may_do_what_its_policies_say_to_the_resources_that_they_name() {
        let permissions = permissions();
        let is_allowed = |operation: &str, table: &str| {
            is_allowed(&permissions, &format!("DynamoDB_20120810.{operation}"), &json!({ "TableName": table }))
        };
        assert!(is_allowed("GetItem", "a") && is_allowed("PutItem", "b"));
        assert!(!is_allowed("PutItem", "a") && !is_allowed("GetItem", "c") && !is_allowed("DeleteItem", "b"));
    }

    #[test]
    fn a_transaction_needs_the_action_of_each_item_and_a_query_its_index() {
        let permissions = permissions();
        let transaction = |table: &str| json!({ "TransactItems": [{ "Put": { "TableName": "b" } }, { "Put": { "TableName": table } }] });
        assert!(is_allowed(&permissions, "DynamoDB_20120810.TransactWriteItems", &transaction("b")));
        assert!(!is_allowed(&permissions, "DynamoDB_20120810.TransactWriteItems", &transaction("a")));
        let query = json!({ "TableName": "a", "IndexName": "by-name" });
        assert!(!is_allowed(&permissions, "DynamoDB_20120810.Query", &query));
    }

    #[test]
    fn a_boundary_holds_whatever_the_policies_allow() {
        let permissions = permissions();
        let all = policy(&json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]));
        let only_sqs = policy(&json!([{ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" }]));
        permissions.assume("reader", vec![all], Some(only_sqs));
        assert!(!is_allowed(&permissions, "DynamoDB_20120810.GetItem", &json!({ "TableName": "a" })));
        assert!(is_allowed(
            &permissions,
            "AmazonSQS.SendMessage",
            &json!({ "QueueUrl": "http://host/000000000000/q" })
        ));
    }

    #[test]
    fn a_keys_policy_denies_what_is_not_bound_to_a_tenant() {
        let permissions = permissions();
        let deny = |condition: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:GenerateDataKey*", "Resource": "*", "Condition": condition });
        let bound = policy(&json!([
            deny(json!({ "Null": { "kms:EncryptionContext:tenant": "true" } })),
            deny(json!({ "StringNotEquals": { "kms:EncryptionContext:purpose": ["access_token", "app_secret"] } })),
        ]));
        permissions.protect(KEY, bound);
        let generate = |context: Value| {
            let input = json!({ "KeyId": KEY, "EncryptionContext": context });
            is_allowed(&permissions, "TrentService.GenerateDataKey", &input)
        };
        assert!(generate(json!({ "tenant": "a", "purpose": "access_token" })));
        assert!(!generate(json!({ "purpose": "access_token" })));
        assert!(!generate(json!({ "tenant": "a", "purpose": "another" })));
        assert!(!generate(json!({ "tenant": "a" })));
    }

    #[test]
    fn a_condition_that_is_not_known_here_is_refused_and_not_ignored() {
        let unknown = json!({ "Statement": [{
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "ArnLike": { "aws:SourceArn": "*" } },
        }] });
        assert!(serde_json::from_value::<Policy>(unknown).is_err());
    }
}
