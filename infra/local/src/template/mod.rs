//! Reads `template.yaml`: the one place that says what exists, here as in AWS.

mod events;
mod intrinsics;
mod model;
mod policies;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

use self::{
    intrinsics::{Scope, scalar_text},
    model::Number,
    policies::referenced,
};

pub use self::{
    events::EventError,
    intrinsics::{ACCOUNT, Identities, Identity, IntrinsicError, REGION, STACK_NAME},
    model::{
        AttributeDefinition, Cors, Function, HttpApi, Index, JwtAuthorizer, Key, KeyElement, Mapping, Projection,
        Queue, Role, Route, Schedule, Secret, StreamMapping, StreamSpecification, Table, TimeToLive, WebSocketApi,
    },
};

/// Why the template cannot be run here.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file is missing or unreadable.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no YAML, or has not the sections of a template.
    #[error("the template is not in the form of a SAM template")]
    Yaml(#[source] serde_yaml_ng::Error),
    /// A parameter without a default that the local stack gives no value.
    #[error("the parameter `{0}` has no default and no local value")]
    Parameter(String),
    /// A value that the template does not allow.
    #[error("the parameter `{name}` is one of {allowed}")]
    NotAllowed {
        /// The parameter.
        name: String,
        /// What it may be.
        allowed: String,
    },
    /// An expression in a resource means nothing here.
    #[error("resource `{logical_id}`: an expression has no local meaning")]
    Intrinsic {
        /// The resource.
        logical_id: String,
        /// Which one.
        #[source]
        source: IntrinsicError,
    },
    /// A resource lacks a property, or has it in another form.
    #[error("resource `{logical_id}`: its properties are not in the expected form")]
    Shape {
        /// The resource.
        logical_id: String,
        /// Which one.
        #[source]
        source: serde_json::Error,
    },
    /// Messages of a WebSocket API are routed by something else than a member of their body.
    #[error("resource `{0}`: its messages can only be routed by `$request.body.` and a member's name here")]
    RouteSelection(String),
    /// A function's event cannot be delivered here.
    #[error("function `{logical_id}`: its event `{event}` cannot be delivered locally")]
    Event {
        /// The function.
        logical_id: String,
        /// The event.
        event: String,
        /// Why.
        #[source]
        source: EventError,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    conditions: BTreeMap<String, Yaml>,
    #[serde(default)]
    globals: BTreeMap<String, Yaml>,
    resources: BTreeMap<String, Resource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    r#type: String,
    default: Option<Json>,
    #[serde(default)]
    allowed_values: Vec<Json>,
}

impl Parameter {
    fn check(&self, name: &str, value: &str) -> Result<(), TemplateError> {
        let allowed: Vec<String> = self.allowed_values.iter().map(json_text).collect();
        if allowed.is_empty() || allowed.iter().any(|allowed| allowed == value) {
            return Ok(());
        }
        Err(TemplateError::NotAllowed { name: name.to_owned(), allowed: allowed.join(", ") })
    }
}

/// The member of a message's body that selects its route, as `action` in `$request.body.action` or `${request.body.action}`.
fn selecting_member(expression: &str) -> Option<&str> {
    let path = expression.strip_prefix('$')?;
    let path = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    path.strip_prefix("request.body.").filter(|member| !member.is_empty() && !member.contains('.'))
}

/// The text of a `!Sub` as it is written.
fn text_of(value: &Yaml) -> Option<&str> {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str(),
        _ => value.as_str(),
    }
}

fn json_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Parameter {
    /// What `Ref` gives for a value as it is written: of a list its elements.
    fn value(&self, written: Json) -> Json {
        match (self.r#type.as_str(), written) {
            ("CommaDelimitedList", Json::String(text)) => text.split(',').map(str::trim).collect(),
            (_, written) => written,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: String,
    condition: Option<String>,
    #[serde(default)]
    metadata: Yaml,
    #[serde(default)]
    properties: Yaml,
}

/// A template with its parameters filled in.
#[derive(Debug)]
pub struct Template {
    document: Document,
    parameters: BTreeMap<String, Json>,
}

impl Template {
    /// The template of this repository, read at run time so that an edit takes effect at the next start.
    #[must_use]
    pub fn path() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.canonicalize().unwrap_or(root).join("template.yaml")
    }

    /// Reads a template; `overrides` are parameter values, those the template does not declare are ignored.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] when the file is no template, or a parameter has no value or one that is not allowed.
    pub fn read(path: &Path, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, overrides)
    }

    /// Reads a template from its text.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let document: Document = serde_yaml_ng::from_str(text).map_err(TemplateError::Yaml)?;
        let parameters = document.parameters.iter().map(|(name, parameter)| {
            let own = overrides.get(name).map(|text| parameter.check(name, text).map(|()| Json::String(text.clone())));
            let own = own.transpose()?;
            let value = own.or_else(|| parameter.default.clone());
            let value = value.ok_or_else(|| TemplateError::Parameter(name.clone()))?;
            Ok((name.clone(), parameter.value(value)))
        });
        let parameters = parameters.collect::<Result<_, _>>()?;
        Ok(Self { document, parameters })
    }

    /// The parameters' values.
    #[must_use]
    pub const fn parameters(&self) -> &BTreeMap<String, Json> {
        &self.parameters
    }

    /// What the resources will be called, as far as that is known before they exist.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn predicted_identities(&self) -> Result<Identities, TemplateError> {
        let ids = self.document.resources.keys();
        let mut predicted: Identities =
            ids.map(|id| (id.clone(), Identity::with_arn(id, &format!("arn:{id}")))).collect();
        for table in self.tables(&predicted)? {
            let mut identity = Identity::with_arn(&table.table_name, &table.table_name);
            if table.stream_specification.is_some() {
                identity.attributes.insert("StreamArn".to_owned(), local_aws::stream_arn(&table.table_name));
            }
            predicted.insert(table.logical_id, identity);
        }
        for queue in self.queues(&predicted)? {
            let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", queue.name);
            predicted.insert(queue.logical_id, Identity::with_arn(&queue.name, &arn));
        }
        Ok(predicted)
    }

    /// Every function with its environment and triggers, once the resources that it names exist.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn functions(&self, identities: &Identities) -> Result<Vec<Function>, TemplateError> {
        let api = self.api_resource(identities)?;
        let default_authorizer = api.as_ref().and_then(|api| api.auth.default_authorizer.as_deref());
        let globals = self.global_function(identities)?;
        self.resources("AWS::Serverless::Function", identities)?
            .map(|(id, resource)| self.function(id, resource, &globals, default_authorizer, identities))
            .collect()
    }

    /// The HTTP API's authorizers and CORS settings.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn http_api(&self, identities: &Identities) -> Result<HttpApi, TemplateError> {
        Ok(self.api_resource(identities)?.map(HttpApi::from).unwrap_or_default())
    }

    /// The WebSocket API, if there is one.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn web_socket_api(&self, identities: &Identities) -> Result<Option<WebSocketApi>, TemplateError> {
        let is_web_socket = |(_, api): &(&str, &Resource)| {
            api.properties.get("ProtocolType").and_then(Yaml::as_str) == Some("WEBSOCKET")
        };
        let Some((api, resource)) = self.resources("AWS::ApiGatewayV2::Api", identities)?.find(is_web_socket) else {
            return Ok(None);
        };
        let selected_by = resource
            .properties
            .get("RouteSelectionExpression")
            .and_then(Yaml::as_str)
            .and_then(selecting_member)
            .ok_or_else(|| TemplateError::RouteSelection(api.to_owned()))?;
        let of_api = |resource: &Resource| resource.properties.get("ApiId").and_then(referenced) == Some(api);
        let stage = self
            .resources("AWS::ApiGatewayV2::Stage", identities)?
            .filter(|(_, stage)| of_api(stage))
            .find_map(|(_, stage)| Some(stage.properties.get("StageName")?.as_str()?.to_owned()));
        let routes: Vec<_> =
            self.resources("AWS::ApiGatewayV2::Route", identities)?.filter(|(_, route)| of_api(route)).collect();
        let key_of = |route: &Resource| Some(route.properties.get("RouteKey")?.as_str()?.to_owned());
        let answered: BTreeSet<_> = self
            .resources("AWS::ApiGatewayV2::RouteResponse", identities)?
            .filter_map(|(_, response)| response.properties.get("RouteId").and_then(referenced))
            .collect();
        let answers = |id: &str, route: &Resource| {
            answered.contains(id) && route.properties.get("RouteResponseSelectionExpression").is_some()
        };
        let answering =
            routes.iter().filter(|(id, route)| answers(id, route)).filter_map(|(_, route)| key_of(route)).collect();
        let functions: Vec<_> = self.resources("AWS::Serverless::Function", identities)?.map(|(id, _)| id).collect();
        let joined = routes.iter().filter_map(|(_, route)| {
            let key = key_of(route)?;
            let target = text_of(route.properties.get("Target")?)?;
            let integration = target.split(['{', '}']).find(|part| self.document.resources.contains_key(*part))?;
            let uri = self.document.resources.get(integration)?.properties.get("IntegrationUri")?;
            let uri = text_of(uri)?;
            // By its alias, which SAM calls after the function.
            let function = functions.iter().filter(|id| uri.contains(&format!("${{{id}"))).max_by_key(|id| id.len())?;
            Some((key, (*function).to_owned()))
        });
        Ok(stage.map(|stage| WebSocketApi {
            stage,
            selected_by: selected_by.to_owned(),
            routes: joined.collect(),
            answering,
        }))
    }

    /// The tables.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn tables(&self, identities: &Identities) -> Result<Vec<Table>, TemplateError> {
        self.resources("AWS::DynamoDB::Table", identities)?
            .map(|(id, resource)| {
                let mut table: Table = self.typed(id, &resource.properties, identities)?;
                id.clone_into(&mut table.logical_id);
                if table.table_name.is_empty() {
                    table.table_name = format!("{STACK_NAME}-{id}");
                }
                Ok(table)
            })
            .collect()
    }

    /// The queues, without their redrive policies, which name other queues.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn queues(&self, identities: &Identities) -> Result<Vec<Queue>, TemplateError> {
        self.resources("AWS::SQS::Queue", identities)?
            .map(|(id, resource)| self.queue(id, resource, identities))
            .collect()
    }

    /// A queue's redrive policy as `SetQueueAttributes` takes it, once the queue that it names exists.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn redrive_policy(&self, queue: &Queue, identities: &Identities) -> Result<String, TemplateError> {
        let policy = self
            .document
            .resources
            .get(&queue.logical_id)
            .and_then(|resource| resource.properties.get("RedrivePolicy"));
        Ok(self.value(&queue.logical_id, policy.unwrap_or(&Yaml::Null), identities)?.to_string())
    }

    /// The secrets.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the resource.
    pub fn secrets(&self, identities: &Identities) -> Result<Vec<Secret>, TemplateError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Properties {
            name: Option<String>,
        }
        self.resources("AWS::SecretsManager::Secret", identities)?
            .map(|(id, resource)| {
                let properties: Properties = self.typed(id, &resource.properties, identities)?;
                let name = properties.name.unwrap_or_else(|| format!("{STACK_NAME}/{id}"));
                Ok(Secret { logical_id: id.to_owned(), name })
            })
            .collect()
    }

    /// The KMS keys.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] when a resource's condition cannot be evaluated.
    pub fn keys(&self, identities: &Identities) -> Result<Vec<Key>, TemplateError> {
        let keys = self.resources("AWS::KMS::Key", identities)?.map(|(id, resource)| {
            let description = resource.properties.get("Description").and_then(Yaml::as_str).unwrap_or_default();
            let policy = self.value(id, resource.properties.get("KeyPolicy").unwrap_or(&Yaml::Null), identities)?;
            Ok(Key { logical_id: id.to_owned(), description: description.to_owned(), policy })
        });
        keys.collect()
    }

    /// The resources of a type whose condition holds.
    fn resources(
        &self,
        kind: &'static str,
        identities: &Identities,
    ) -> Result<impl Iterator<Item = (&str, &Resource)>, TemplateError> {
        let mut found = Vec::new();
        for (id, resource) in &self.document.resources {
            let wanted = resource.condition.as_ref().map_or(Ok(true), |name| self.scope(identities).condition(name));
            if resource.r#type == kind && wanted.map_err(|source| intrinsic(id, source))? {
                found.push((id.as_str(), resource));
            }
        }
        Ok(found.into_iter())
    }

    fn scope<'a>(&'a self, identities: &'a Identities) -> Scope<'a> {
        Scope { parameters: &self.parameters, conditions: &self.document.conditions, identities }
    }

    fn value(&self, id: &str, yaml: &Yaml, identities: &Identities) -> Result<Json, TemplateError> {
        let value = self.scope(identities).evaluate(yaml).map_err(|source| intrinsic(id, source))?;
        Ok(value.unwrap_or(Json::Null))
    }

    fn typed<T: DeserializeOwned>(&self, id: &str, yaml: &Yaml, identities: &Identities) -> Result<T, TemplateError> {
        serde_json::from_value(self.value(id, yaml, identities)?).map_err(|source| shape(id, source))
    }

    fn api_resource(&self, identities: &Identities) -> Result<Option<events::ApiProperties>, TemplateError> {
        let Some((id, resource)) = self.resources("AWS::Serverless::HttpApi", identities)?.next() else {
            return Ok(None);
        };
        let parts = ["Auth", "CorsConfiguration"]
            .into_iter()
            .filter_map(|name| Some((Yaml::from(name), resource.properties.get(name)?.clone())));
        self.typed(id, &Yaml::Mapping(parts.collect()), identities).map(Some)
    }

    fn global_function(&self, identities: &Identities) -> Result<FunctionProperties, TemplateError> {
        match self.document.globals.get("Function") {
            Some(yaml) => self.function_properties("Globals", yaml, identities),
            None => Ok(FunctionProperties::default()),
        }
    }

    /// Only what runs a function: its policies and log settings name resources that do not exist here.
    fn function_properties(
        &self,
        id: &str,
        yaml: &Yaml,
        identities: &Identities,
    ) -> Result<FunctionProperties, TemplateError> {
        let wanted = ["FunctionName", "Timeout", "MemorySize", "Environment"];
        let known = wanted.into_iter().filter_map(|name| Some((Yaml::from(name), yaml.get(name)?.clone())));
        self.typed(id, &Yaml::Mapping(known.collect()), identities)
    }

    fn function(
        &self,
        id: &str,
        resource: &Resource,
        globals: &FunctionProperties,
        default_authorizer: Option<&str>,
        identities: &Identities,
    ) -> Result<Function, TemplateError> {
        let own = self.function_properties(id, &resource.properties, identities)?;
        let binary =
            resource.metadata.get("BuildProperties").and_then(|build| build.get("Binary")).and_then(Yaml::as_str);
        let mut environment = globals.variables();
        environment.extend(own.variables());
        let timeout = own.timeout.or(globals.timeout).map_or(3, |number| number.0);
        let memory = own.memory_size.or(globals.memory_size).map_or(128, |number| number.0);
        let mut function = Function {
            logical_id: id.to_owned(),
            binary: binary.unwrap_or(id).to_owned(),
            name: own.function_name.unwrap_or_else(|| format!("{STACK_NAME}-{id}")),
            environment,
            timeout: Duration::from_secs(timeout),
            memory_mb: u32::try_from(memory).unwrap_or(u32::MAX),
            routes: Vec::new(),
            mappings: Vec::new(),
            streams: Vec::new(),
            schedules: Vec::new(),
        };
        let none = serde_yaml_ng::Mapping::new();
        let declared = resource.properties.get("Events").and_then(Yaml::as_mapping).unwrap_or(&none);
        for (name, event) in declared {
            let name = name.as_str().unwrap_or_default();
            let event = self.value(id, event, identities)?;
            events::attach(&mut function, name, event, default_authorizer).map_err(|source| TemplateError::Event {
                logical_id: id.to_owned(),
                event: name.to_owned(),
                source,
            })?;
        }
        Ok(function)
    }

    fn queue(&self, id: &str, resource: &Resource, identities: &Identities) -> Result<Queue, TemplateError> {
        let none = serde_yaml_ng::Mapping::new();
        let declared = resource.properties.as_mapping().unwrap_or(&none);
        let mut attributes = BTreeMap::new();
        let mut name = None;
        let mut redrives = false;
        for (key, value) in declared {
            match key.as_str().unwrap_or_default() {
                "Tags" => {}
                "RedrivePolicy" => redrives = true,
                "QueueName" => name = Some(scalar_text(&self.value(id, value, identities)?)),
                key => {
                    attributes.insert(key.to_owned(), scalar_text(&self.value(id, value, identities)?));
                }
            }
        }
        let suffix = if attributes.get("FifoQueue").is_some_and(|fifo| fifo == "true") { ".fifo" } else { "" };
        let name = name.unwrap_or_else(|| format!("{STACK_NAME}-{id}{suffix}"));
        Ok(Queue { logical_id: id.to_owned(), name, attributes, redrives })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FunctionProperties {
    function_name: Option<String>,
    timeout: Option<Number>,
    memory_size: Option<Number>,
    environment: Environment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, Json>,
}

impl FunctionProperties {
    fn variables(&self) -> BTreeMap<String, String> {
        self.environment.variables.iter().map(|(name, value)| (name.clone(), scalar_text(value))).collect()
    }
}

fn intrinsic(id: &str, source: IntrinsicError) -> TemplateError {
    TemplateError::Intrinsic { logical_id: id.to_owned(), source }
}

fn shape(id: &str, source: serde_json::Error) -> TemplateError {
    TemplateError::Shape { logical_id: id.to_owned(), source }
}

#[cfg(test)]
mod tests;
