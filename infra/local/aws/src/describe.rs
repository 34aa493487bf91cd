//! What a request is about: who calls which operation on what.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::calls::Service;

/// A call before it is carried out.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub service: Service,
    pub operation: String,
    /// The SDK's application name, or empty.
    pub function: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body read; `Null` when it is not JSON, which `DynamoDB` has its own words for.
    pub input: Value,
}

impl Call {
    /// Reads a request: one of the AWS JSON protocols, or one about a connection, which has a path.
    ///
    /// `None` when neither names an operation of an emulated service.
    pub(crate) fn parse(method: &Method, path: &str, headers: HeaderMap, body: Bytes) -> Option<Self> {
        if let Some((stage, connection)) = path.split_once("/@connections/") {
            let operation = match *method {
                Method::POST => "PostToConnection",
                Method::DELETE => "DeleteConnection",
                Method::GET => "GetConnection",
                _ => return None,
            };
            let connection = percent_decoded(connection);
            let input = json!({"Stage": stage.trim_start_matches('/'), "ConnectionId": connection});
            let (operation, function) = (operation.to_owned(), application_name(&headers));
            return Some(Self { service: Service::ApiGateway, operation, function, headers, body, input });
        }
        let (service, operation) = headers.get("x-amz-target")?.to_str().ok()?.split_once('.')?;
        let service = match service {
            "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Service::DynamoDb,
            "AmazonSQS" => Service::Sqs,
            "TrentService" => Service::Kms,
            "secretsmanager" => Service::SecretsManager,
            "AWSEvents" => Service::EventBridge,
            _ => return None,
        };
        let input = serde_json::from_slice(&body).unwrap_or_default();
        let (operation, function) = (operation.to_owned(), application_name(&headers));
        Some(Self { service, operation, function, headers, body, input })
    }

    /// The names of the tables, the queue, the key or the secret.
    pub(crate) fn resources(&self) -> Vec<String> {
        let member = |name: &str| self.input[name].as_str();
        let last_part = |name: &str| member(name).and_then(|text| text.rsplit(['/', ':']).next());
        let one = match self.service {
            Service::Sqs => last_part("QueueUrl").or_else(|| member("QueueName")).or_else(|| last_part("SourceArn")),
            Service::Kms => member("KeyId").or_else(|| member("AliasName")).or_else(|| member("DestinationKeyId")),
            Service::SecretsManager => member("SecretId").or_else(|| member("Name")),
            Service::DynamoDb => member("TableName").or_else(|| member("StreamArn")),
            Service::ApiGateway => return vec![self.connection_resource()],
            Service::EventBridge => return self.buses().into_iter().collect(),
        };
        match one {
            Some(name) => vec![name.to_owned()],
            None => self.tables().into_iter().collect(),
        }
    }

    /// An entry that names no bus is for the one that every account has.
    fn buses(&self) -> BTreeSet<String> {
        let entries = self.input["Entries"].as_array().into_iter().flatten();
        entries.map(|entry| entry["EventBusName"].as_str().unwrap_or("default").to_owned()).collect()
    }

    /// As policies name a connection.
    fn connection_resource(&self) -> String {
        let verb = match self.operation.as_str() {
            "PostToConnection" => "POST",
            "DeleteConnection" => "DELETE",
            _ => "GET",
        };
        let part = |name: &str| self.input[name].as_str().unwrap_or_default().to_owned();
        format!("{}/{verb}/@connections/{}", part("Stage"), part("ConnectionId"))
    }

    pub(crate) fn index(&self) -> Option<String> {
        self.input["IndexName"].as_str().map(str::to_owned)
    }

    /// Batches and transactions need the permissions of what they consist of.
    ///
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
    pub(crate) fn actions(&self) -> Vec<String> {
        let prefix = self.service.prefix();
        let action = |name: &str| format!("{prefix}:{name}");
        match (self.service, self.operation.as_str()) {
            (Service::DynamoDb, "TransactWriteItems" | "TransactGetItems") => {
                let kinds: BTreeSet<_> = self.transaction_items().map(|(kind, _)| kind).collect();
                kinds.into_iter().map(|kind| action(&format!("{kind}Item"))).collect()
            }
            (Service::Sqs, "SendMessageBatch") => vec![action("SendMessage")],
            (Service::Sqs, "DeleteMessageBatch") => vec![action("DeleteMessage")],
            (Service::Sqs, "ChangeMessageVisibilityBatch") => vec![action("ChangeMessageVisibility")],
            (Service::ApiGateway, _) => vec![action("ManageConnections")],
            (Service::Kms, "ReEncrypt") => vec![action("ReEncryptFrom"), action("ReEncryptTo")],
            (_, operation) => vec![action(operation)],
        }
    }

    /// Which action a transaction needs on which table.
    pub(crate) fn needs(&self) -> Vec<(String, String)> {
        let needs = self
            .transaction_items()
            .filter_map(|(kind, item)| Some((format!("dynamodb:{kind}Item"), item["TableName"].as_str()?.to_owned())));
        needs.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// How many entries the request has.
    pub(crate) fn entries(&self) -> usize {
        let input = &self.input;
        match self.operation.as_str() {
            "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" | "PutEvents" => {
                length(&input["Entries"])
            }
            "TransactWriteItems" | "TransactGetItems" => length(&input["TransactItems"]),
            "BatchGetItem" => members(&input["RequestItems"]).map(|(_, table)| length(&table["Keys"])).sum(),
            "BatchWriteItem" => members(&input["RequestItems"]).map(|(_, requests)| length(requests)).sum(),
            _ => 1,
        }
    }

    /// Whether it reads or writes items.
    pub(crate) fn touches_items(&self) -> bool {
        self.operation.ends_with("Item") || self.operation.ends_with("Items") || self.reads_many()
    }

    /// Whether it reads without asking for the latest state. An index has no other way to be read.
    pub(crate) fn is_eventual_read(&self) -> bool {
        let is_eventual = |asked: &Value| asked["ConsistentRead"] != true;
        match self.operation.as_str() {
            "BatchGetItem" => members(&self.input["RequestItems"]).all(|(_, table)| is_eventual(table)),
            "GetItem" => is_eventual(&self.input),
            _ => self.reads_many() && is_eventual(&self.input),
        }
    }

    /// Whether it changes items.
    pub(crate) fn writes_items(&self) -> bool {
        matches!(
            self.operation.as_str(),
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        )
    }

    fn reads_many(&self) -> bool {
        matches!(self.operation.as_str(), "Query" | "Scan")
    }

    fn tables(&self) -> BTreeSet<String> {
        let of_batch = members(&self.input["RequestItems"]).map(|(table, _)| table.to_owned());
        let of_transaction =
            self.transaction_items().filter_map(|(_, item)| item["TableName"].as_str().map(str::to_owned));
        of_batch.chain(of_transaction).collect()
    }

    pub(crate) fn transaction_items(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.input["TransactItems"].as_array().into_iter().flatten().flat_map(members)
    }
}

fn length(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// The `app/NAME` token that SDKs put into their user agent.
fn application_name(headers: &HeaderMap) -> String {
    let agents = ["x-amz-user-agent", "user-agent"].into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
    let name = agents.flat_map(str::split_ascii_whitespace).find_map(|token| token.strip_prefix("app/"));
    name.unwrap_or_default().to_owned()
}

/// What a connection's id may have that a path may not.
fn percent_decoded(text: &str) -> String {
    text.replace("%3D", "=").replace("%2F", "/").replace("%2B", "+")
}
