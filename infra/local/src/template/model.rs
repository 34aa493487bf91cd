//! What the local stack reads from a template, in types.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value as Json;

/// A Lambda function with everything that triggers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// The crate that it is built from, as `oauth-start`.
    pub binary: String,
    /// Its name in AWS, as `buzon_local-oauth-start`.
    pub name: String,
    /// Its environment, resolved.
    pub environment: BTreeMap<String, String>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Its memory in MiB.
    pub memory_mb: u32,
    /// What calls it over HTTP.
    pub routes: Vec<Route>,
    /// What calls it with queue messages.
    pub mappings: Vec<Mapping>,
    /// What calls it with records of a table's stream.
    pub streams: Vec<StreamMapping>,
    /// What calls it regularly.
    pub schedules: Vec<Schedule>,
}

impl Function {
    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", super::REGION, super::ACCOUNT, self.name)
    }
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Upper case; `ANY` for every method.
    pub method: String,
    /// With `{variables}`; `$default` for what nothing else matches.
    pub path: String,
    /// Who may come in: the name of an authorizer, or `None` for everybody.
    pub authorizer: Option<String>,
    /// The token needs one of these; none asked for when empty.
    pub scopes: Vec<String>,
}

/// An SQS event source mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its name in the template.
    pub name: String,
    /// The queue's ARN.
    pub queue_arn: String,
    /// Most messages of one invocation.
    pub batch_size: usize,
    /// How long a standard queue's messages are collected.
    pub window: Duration,
    /// Most invocations at once.
    pub max_concurrency: usize,
    /// Whether the function names the messages that failed.
    pub reports_failures: bool,
}

/// An event source mapping of a table's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamMapping {
    /// Its name in the template.
    pub name: String,
    /// The stream's ARN.
    pub stream_arn: String,
    /// Most records of one invocation.
    pub batch_size: usize,
    /// How long records are collected.
    pub window: Duration,
    /// Whether a batch that failed is split in two.
    pub bisects: bool,
    /// How often is tried again; `None`: until the records are too old.
    pub max_retries: Option<u32>,
    /// When records are too old; `None`: when the stream forgets them.
    pub max_age: Option<Duration>,
    /// Whether the function names the record from which on it failed.
    pub reports_failures: bool,
    /// Which records the function gets.
    pub(crate) filter: crate::streams::Filter,
    /// The queue that is told of what was given up, by its ARN.
    pub on_failure: Option<String>,
}

/// A schedule of `EventBridge` Scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its name in the template.
    pub name: String,
    /// `rate(…)` or `cron(…)`.
    pub expression: String,
    /// The event; Scheduler's own when absent.
    pub input: Option<String>,
}

/// The HTTP API's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpApi {
    /// JWT authorizers by name.
    pub authorizers: BTreeMap<String, JwtAuthorizer>,
    /// Answers to browsers of other origins.
    pub cors: Option<Cors>,
}

/// The WebSocket API's stage and routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketApi {
    /// The stage's name, which is the path of its address.
    pub stage: String,
    /// The member of a message that names its route.
    pub selected_by: String,
    /// Which function a route calls, by their names in the template.
    pub routes: BTreeMap<String, String>,
    /// Routes that send what the function answers back to who has sent something.
    pub answering: BTreeSet<String>,
}

/// Which tokens an authorizer accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtAuthorizer {
    /// Exactly the token's `iss`.
    pub issuer: String,
    /// One of these is the token's `aud` or `client_id`.
    pub audience: Vec<String>,
    /// Where the token stands, as `$request.header.Authorization`.
    pub identity_source: String,
}

/// `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cors {
    /// `*` or exact origins.
    pub allow_origins: Vec<String>,
    /// `*` or methods.
    pub allow_methods: Vec<String>,
    /// `*` or header names.
    pub allow_headers: Vec<String>,
    /// Header names that scripts may read.
    pub expose_headers: Vec<String>,
    /// Whether cookies may come along.
    pub allow_credentials: bool,
    /// Seconds that a browser may remember the answer.
    pub max_age: Option<u32>,
}

/// A `DynamoDB` table, in `CloudFormation`'s words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// Its name in the template.
    #[serde(skip)]
    pub logical_id: String,
    /// Its name in AWS.
    #[serde(default)]
    pub table_name: String,
    /// Types of all key attributes.
    pub attribute_definitions: Vec<AttributeDefinition>,
    /// Partition key and sort key.
    pub key_schema: Vec<KeyElement>,
    /// Its indexes.
    #[serde(default)]
    pub global_secondary_indexes: Vec<Index>,
    /// The attribute that lets items expire.
    #[serde(default)]
    pub time_to_live_specification: Option<TimeToLive>,
    /// What its stream shows, if it has one.
    #[serde(default)]
    pub stream_specification: Option<StreamSpecification>,
}

/// What a table's stream shows of an item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamSpecification {
    /// As `NEW_AND_OLD_IMAGES`.
    pub stream_view_type: String,
}

/// A key attribute's type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttributeDefinition {
    /// The attribute.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyElement {
    /// The attribute.
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    /// Its name.
    pub index_name: String,
    /// Partition key and sort key.
    pub key_schema: Vec<KeyElement>,
    /// What it copies.
    pub projection: Projection,
}

/// What an index copies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Projection {
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection_type: String,
    /// With `INCLUDE`.
    #[serde(default)]
    pub non_key_attributes: Vec<String>,
}

/// The attribute that lets items expire.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TimeToLive {
    /// Holds seconds since 1970.
    pub attribute_name: String,
    /// Whether it is in force.
    pub enabled: bool,
}

/// An SQS queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in AWS.
    pub name: String,
    /// What `CreateQueue` takes, without the redrive policy.
    pub attributes: BTreeMap<String, String>,
    /// Whether the template has a redrive policy, which names another queue.
    pub redrives: bool,
}

/// A secret of Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in AWS.
    pub name: String,
}

/// A key of KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the template.
    pub logical_id: String,
    /// What it is for.
    pub description: String,
    /// Its policy document.
    pub policy: Json,
}

/// What a function's role may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// The function's name in AWS, and its crate's: its SDK calls under one of them.
    pub callers: [String; 2],
    /// Its policy documents.
    pub policies: Vec<Json>,
    /// The document of its permissions boundary.
    pub boundary: Option<Json>,
}

/// A number that YAML or a parameter may write as text.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Json")]
pub(super) struct Number(pub(super) u64);

impl TryFrom<Json> for Number {
    type Error = &'static str;

    fn try_from(value: Json) -> Result<Self, Self::Error> {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.map(Self).ok_or("expected a whole number")
    }
}
