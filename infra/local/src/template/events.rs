//! A function's `Events` and the API that some of them come through.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Cors, Function, HttpApi, JwtAuthorizer, Mapping, Route, Schedule, StreamMapping, model::Number};
use crate::streams::{Filter, PatternError};

/// SAM's word for a route that needs no token.
const NO_AUTHORIZER: &str = "NONE";
/// Lambda's default when `MaximumConcurrency` is absent is the account's limit; a laptop needs less.
const DEFAULT_CONCURRENCY: u64 = 20;

/// Why an event cannot be delivered here.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// An event source that the local stack does not imitate.
    #[error("event sources of type `{0}` are not supported by the local stack")]
    UnknownType(String),
    /// A setting that would change what is delivered, and is not imitated.
    #[error("`{0}` is not supported by the local stack")]
    UnknownSetting(&'static str),
    /// A filter that means nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A property is missing or has another form.
    #[error("its properties are not in the expected form")]
    Shape(#[from] serde_json::Error),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ApiProperties {
    #[serde(default)]
    pub(super) auth: ApiAuth,
    cors_configuration: Option<Cors>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ApiAuth {
    pub(super) default_authorizer: Option<String>,
    authorizers: BTreeMap<String, Authorizer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Authorizer {
    identity_source: Option<String>,
    jwt_configuration: JwtConfiguration,
}

/// SAM writes these two in lower case.
#[derive(Debug, Deserialize)]
struct JwtConfiguration {
    issuer: String,
    audience: Vec<String>,
}

impl From<ApiProperties> for HttpApi {
    fn from(properties: ApiProperties) -> Self {
        let authorizers = properties.auth.authorizers.into_iter().map(|(name, authorizer)| {
            let identity_source =
                authorizer.identity_source.unwrap_or_else(|| "$request.header.Authorization".to_owned());
            let JwtConfiguration { issuer, audience } = authorizer.jwt_configuration;
            (name, JwtAuthorizer { issuer, audience, identity_source })
        });
        Self { authorizers: authorizers.collect(), cors: properties.cors_configuration }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: Json,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApiEvent {
    path: Option<String>,
    method: Option<String>,
    #[serde(default)]
    auth: RouteAuth,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RouteAuth {
    authorizer: Option<String>,
    authorization_scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SqsEvent {
    queue: String,
    batch_size: Option<Number>,
    maximum_batching_window_in_seconds: Option<Number>,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    scaling_config: ScalingConfig,
    filter_criteria: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ScalingConfig {
    maximum_concurrency: Option<Number>,
}

/// What is not named here would change what is delivered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StreamEvent {
    stream: String,
    starting_position: String,
    batch_size: Option<Number>,
    maximum_batching_window_in_seconds: Option<Number>,
    maximum_retry_attempts: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    filter_criteria: FilterCriteria,
    destination_config: Option<DestinationConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FilterCriteria {
    filters: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pattern {
    pattern: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: OnFailure,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnFailure {
    destination: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleEvent {
    schedule_expression: String,
    input: Option<String>,
    #[serde(default)]
    state: String,
}

/// Adds one of the template's events to the function that it triggers.
pub(super) fn attach(
    function: &mut Function,
    name: &str,
    event: Json,
    default_authorizer: Option<&str>,
) -> Result<(), EventError> {
    let event: Event = serde_json::from_value(event)?;
    match event.r#type.as_str() {
        "HttpApi" => function.routes.push(route(serde_json::from_value(event.properties)?, default_authorizer)),
        "SQS" => function.mappings.push(mapping(name, serde_json::from_value(event.properties)?)?),
        "DynamoDB" => function.streams.push(stream(name, serde_json::from_value(event.properties)?)?),
        "ScheduleV2" => {
            let schedule: ScheduleEvent = serde_json::from_value(event.properties)?;
            if schedule.state != "DISABLED" {
                function.schedules.push(Schedule {
                    name: name.to_owned(),
                    expression: schedule.schedule_expression,
                    input: schedule.input,
                });
            }
        }
        other => return Err(EventError::UnknownType(other.to_owned())),
    }
    Ok(())
}

fn route(event: HttpApiEvent, default_authorizer: Option<&str>) -> Route {
    let authorizer = event.auth.authorizer.or_else(|| default_authorizer.map(str::to_owned));
    Route {
        method: event.method.map_or_else(|| "ANY".to_owned(), |method| method.to_uppercase()),
        path: event.path.unwrap_or_else(|| "$default".to_owned()),
        authorizer: authorizer.filter(|name| name != NO_AUTHORIZER),
        scopes: event.auth.authorization_scopes,
    }
}

fn mapping(name: &str, event: SqsEvent) -> Result<Mapping, EventError> {
    if event.filter_criteria.is_some() {
        return Err(EventError::UnknownSetting("FilterCriteria"));
    }
    let concurrency = event.scaling_config.maximum_concurrency.map_or(DEFAULT_CONCURRENCY, |number| number.0);
    Ok(Mapping {
        name: name.to_owned(),
        queue_arn: event.queue,
        batch_size: event.batch_size.map_or(10, |number| usize::try_from(number.0).unwrap_or(10)),
        window: Duration::from_secs(event.maximum_batching_window_in_seconds.map_or(0, |number| number.0)),
        max_concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
        reports_failures: event.function_response_types.iter().any(|kind| kind == "ReportBatchItemFailures"),
    })
}

fn stream(name: &str, event: StreamEvent) -> Result<StreamMapping, EventError> {
    if event.starting_position != "TRIM_HORIZON" {
        return Err(EventError::UnknownSetting("StartingPosition: LATEST"));
    }
    let patterns = event.filter_criteria.filters.iter().map(|filter| filter.pattern.as_str());
    // -1 stands for no limit.
    let limit = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    Ok(StreamMapping {
        name: name.to_owned(),
        stream_arn: event.stream,
        batch_size: event.batch_size.map_or(100, |number| usize::try_from(number.0).unwrap_or(100)),
        window: Duration::from_secs(event.maximum_batching_window_in_seconds.map_or(0, |number| number.0)),
        bisects: event.bisect_batch_on_function_error,
        max_retries: limit(event.maximum_retry_attempts),
        max_age: limit(event.maximum_record_age_in_seconds).map(|seconds| Duration::from_secs(seconds.into())),
        reports_failures: event.function_response_types.iter().any(|kind| kind == "ReportBatchItemFailures"),
        filter: Filter::parse(patterns)?,
        on_failure: event.destination_config.map(|config| config.on_failure.destination),
    })
}
