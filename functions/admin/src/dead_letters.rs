//! The dead-letter queues, by the names of the queues that they belong to.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use edge::Setup;

use crate::error::AdminError;

/// The queues by name, and the variables that hold the ARNs of their dead-letter queues.
const QUEUES: [(&str, &str); 6] = [
    ("inbound", "INBOUND_DEAD_LETTER_QUEUE_ARN"),
    ("outbound", "OUTBOUND_DEAD_LETTER_QUEUE_ARN"),
    ("upkeep", "UPKEEP_DEAD_LETTER_QUEUE_ARN"),
    ("erasure", "ERASURE_DEAD_LETTER_QUEUE_ARN"),
    ("outbox", "OUTBOX_DEAD_LETTER_QUEUE_ARN"),
    ("deliveries", "DELIVERIES_DEAD_LETTER_QUEUE_ARN"),
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

    /// Has SQS move everything back to where it came from, in its own time; answers the task's handle.
    pub(crate) async fn replay(&self, name: &str) -> Result<Option<String>, AdminError> {
        let arn = self.arns.get(name).ok_or(AdminError::NotFound)?;
        let started = self.client.start_message_move_task().source_arn(arn).send().await;
        let task = started.map_err(|error| match error.as_service_error().and_then(|answer| answer.code()) {
            Some("UnsupportedOperation" | "AWS.SimpleQueueService.UnsupportedOperation" | "InvalidParameterValue") => {
                AdminError::NotReplayable
            }
            _ => AdminError::Queue(Box::new(error)),
        })?;
        Ok(task.task_handle)
    }
}
