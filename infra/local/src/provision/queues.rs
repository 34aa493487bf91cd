//! Queues, and then their redrive policies, which name other queues.

use std::collections::HashMap;

use aws_sdk_sqs::{Client, operation::get_queue_url::GetQueueUrlError, types::QueueAttributeName};

use super::{BoxError, ProvisionError, refused};
use crate::template::{Identities, Identity, Queue, Template};

pub(super) async fn ensure_all(
    sqs: &Client,
    template: &Template,
    identities: &mut Identities,
) -> Result<(), ProvisionError> {
    let queues = template.queues(identities)?;
    for queue in &queues {
        let identity = ensure(sqs, queue).await.map_err(refused(&queue.logical_id))?;
        identities.insert(queue.logical_id.clone(), identity);
    }
    for queue in queues.iter().filter(|queue| queue.redrives) {
        let policy = template.redrive_policy(queue, identities)?;
        let url = &identities[&queue.logical_id].reference;
        sqs.set_queue_attributes()
            .queue_url(url)
            .attributes(QueueAttributeName::RedrivePolicy, policy)
            .send()
            .await
            .map_err(refused(&queue.logical_id))?;
    }
    Ok(())
}

/// Creates the queue, or gives yesterday's the attributes of today.
async fn ensure(sqs: &Client, queue: &Queue) -> Result<Identity, BoxError> {
    let attributes: HashMap<QueueAttributeName, String> =
        queue.attributes.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect();
    let known = sqs.get_queue_url().queue_name(&queue.name).send().await;
    let url = match known {
        Ok(known) => {
            let url = known.queue_url.ok_or("the answer names no queue")?;
            let mutable = attributes.into_iter().filter(|(name, _)| *name != QueueAttributeName::FifoQueue).collect();
            sqs.set_queue_attributes().queue_url(&url).set_attributes(Some(mutable)).send().await?;
            url
        }
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => {
            let created = sqs.create_queue().queue_name(&queue.name).set_attributes(Some(attributes)).send().await?;
            created.queue_url.ok_or("the answer names no queue")?
        }
        Err(error) => return Err(error.into()),
    };
    let answer =
        sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send().await?;
    let arn = answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
    let arn = arn.ok_or("the queue has no ARN")?;
    let mut identity = Identity::with_arn(&url, &arn);
    identity.attributes.insert("QueueName".to_owned(), queue.name.clone());
    identity.attributes.insert("QueueUrl".to_owned(), url);
    Ok(identity)
}
