//! What could not be handled is delivered again.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use domain::{AuditEvent, AuditKind, TenantId};
use edge::http::{self, StatusCode};
use edge::{Caller, Setup};
use lambda_http::{Body, Request, Response};
use serde_json::json;

use crate::error::AdminError;
use crate::handler::App;

/// The queues by name, and the variables that hold the ARNs of their dead-letter queues.
const QUEUES: [(&str, &str); 4] = [
    ("inbound", "INBOUND_DEAD_LETTER_QUEUE_ARN"),
    ("outbound", "OUTBOUND_DEAD_LETTER_QUEUE_ARN"),
    ("upkeep", "UPKEEP_DEAD_LETTER_QUEUE_ARN"),
    ("erasure", "ERASURE_DEAD_LETTER_QUEUE_ARN"),
];

/// The dead-letter queues that there are.
pub(crate) struct DeadLetters {
    client: Client,
    arns: BTreeMap<&'static str, String>,
}

impl DeadLetters {
    pub(crate) fn new(setup: &Setup) -> Self {
        let arn = |(name, variable): (&'static str, &str)| Some((name, setup.env.optional(variable)?));
        Self { client: Client::new(&setup.aws), arns: QUEUES.into_iter().filter_map(arn).collect() }
    }

    /// `POST /api/admin/queues/{name}/replay`: SQS moves everything back to where it came from, in its own time. Who
    /// consumes the queue stores and sends nothing twice.
    pub(crate) async fn replay(
        &self,
        app: &App,
        request: &Request,
        caller: &Caller,
    ) -> Result<Response<Body>, AdminError> {
        let name = http::path(request, "name").unwrap_or_default();
        let arn = self.arns.get(name).ok_or(AdminError::NotFound)?;
        let started = self.client.start_message_move_task().source_arn(arn).send().await;
        let task = started.map_err(|error| match error.as_service_error().and_then(|answer| answer.code()) {
            Some("UnsupportedOperation" | "AWS.SimpleQueueService.UnsupportedOperation" | "InvalidParameterValue") => {
                AdminError::NotReplayable
            }
            _ => AdminError::Queue(Box::new(error)),
        })?;
        let line = AuditEvent::new(TenantId::operator(), AuditKind::QueueReplayed, app.clock.now_ms())
            .by(caller.user.clone())
            .with("queue", name);
        app.connector.trail().note(line).await;
        Ok(http::json(StatusCode::ACCEPTED, &json!({ "queue": name, "task": task.task_handle })))
    }
}
