//! Records that cannot be read go to a queue, with their bodies, so that they hold up nobody. It brings them here again, and sets them
//! aside after a few tries, until the operator has them told once more.

use aws_sdk_sqs::Client;
use edge::telemetry::Chain;
use edge::{ConfigError, Setup};
use tracing::error;

use crate::batch::Unreadable;

/// The queue of records that are to be told once more.
#[derive(Clone, Debug)]
pub(crate) struct Aside {
    client: Client,
    url: String,
}

impl Aside {
    pub(crate) fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&setup.aws), url: setup.env.required("OUTBOX_QUEUE_URL")? })
    }

    /// Sets records aside; names those that are to come again, since the queue did not take them.
    pub(crate) async fn set(&self, records: Vec<Unreadable>) -> Vec<String> {
        let mut again = Vec::new();
        for Unreadable { id, body, is_from_queue } in records {
            if is_from_queue {
                again.push(id);
                continue;
            }
            let call = self.client.send_message().queue_url(&self.url).message_body(body);
            if let Err(failure) = call.send().await {
                error!(record = id, error = %Chain(&failure), "A record could not be set aside");
                again.push(id);
            }
        }
        again
    }
}
