//! Events as API Gateway, SQS and EventBridge Scheduler hand them to functions.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::queue::Queued;

/// A request of a signed-in person or of nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http<'a> {
    pub(crate) method: &'a str,
    /// The route as in the template, with its parameters in braces.
    pub(crate) route: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) cookies: &'a [String],
    pub(crate) body: Option<String>,
    /// Whom API Gateway's authorizer has recognised.
    pub(crate) caller: Option<Caller<'a>>,
}

/// A person as the token names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) person: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) role: &'a str,
}

impl Http<'_> {
    /// The event, in payload format 2.0.
    pub(crate) fn event(&self) -> Bytes {
        let parameters = self.parameters;
        let path = parameters
            .iter()
            .fold(self.route.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let mut headers = Map::new();
        for (name, value) in [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("host", "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"),
            ("user-agent", "Mozilla/5.0"),
            ("x-amzn-trace-id", "Root=1-6a9f0a4c-0123456789abcdef01234567"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ]
        .iter()
        .chain(self.headers)
        {
            headers.insert((*name).to_owned(), json!(value));
        }
        let route_key = format!("{} {}", self.method, self.route);
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "a1b2c3d4e5",
                "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
                "domainPrefix": "a1b2c3d4e5",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7", "userAgent": "Mozilla/5.0",
                },
                "requestId": "JKJb5gQZFiAEMpw=",
                "routeKey": route_key,
                "stage": "$default",
                "time": "20/Nov/2026:08:45:01 +0000",
                "timeEpoch": 1_795_164_301_539_u64,
            },
            "isBase64Encoded": false,
        });
        if let Some(Caller { person, tenant, role }) = self.caller {
            let claims = json!({"sub": person, "tenant_id": tenant, "role": role, "iss": "https://login.example.com"});
            event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
        }
        if !self.query.is_empty() {
            let pairs = url::form_urlencoded::parse(self.query.as_bytes());
            event["queryStringParameters"] =
                pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect::<Map<_, _>>().into();
        }
        if !parameters.is_empty() {
            event["pathParameters"] =
                parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<Map<_, _>>().into();
        }
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if let Some(body) = &self.body {
            event["body"] = json!(body);
        }
        event.to_string().into()
    }
}

/// A batch of a queue.
pub(crate) fn batch(messages: &[Queued]) -> Bytes {
    let records: Vec<Value> =
        messages.iter().enumerate().map(|(position, message)| record(position, message)).collect();
    json!({ "Records": records }).to_string().into()
}

fn record(position: usize, message: &Queued) -> Value {
    json!({
        "messageId": format!("00000000-0000-4000-8000-{position:012}"),
        "receiptHandle": "AQEBQcydEQRuWEAonVIOZV30Aa6GCOPs37QHVPMOxAh8mgax5Wg5L4k/DlrtnPxmcvdeRwDb7S33Q1Tfm/XLNgVx4Q==",
        "body": message.message_body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "AWSTraceHeader": "Root=1-6a9f0a4c-0123456789abcdef01234567",
            "SentTimestamp": "1795164301548",
            "SequenceNumber": "18889000000000000256",
            "MessageGroupId": message.message_group_id,
            "SenderId": "AROAEXAMPLEID:bench",
            "MessageDeduplicationId": message.message_deduplication_id,
            "ApproximateFirstReceiveTimestamp": "1795164301562",
        },
        "messageAttributes": {},
        "md5OfBody": "2ba2605fe9dc896fbbf1c4201afe3fb1",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:buzon-inbound.fifo",
        "awsRegion": "us-east-1",
    })
}
