//! What every try, or what waits for one, changes about an endpoint. While everything is taken that is nothing.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::UnixMillis;
use domain::endpoint::{Endpoint, OffReason};
use domain::outbox::EndpointKey;
use sha2::{Digest, Sha256};

use super::{EndpointStore, endpoint};
use crate::error::StoreError;
use crate::item::{Written, number, text, time, to_value, written};
use crate::key::{Key, endpoint_of};

/// The sparse index of endpoints whose backlog is to be looked at; it holds keys only.
const BY_NEXT: &str = "by-next";

/// Partitions of that index.
pub const NEXT_SHARDS: u8 = 4;

/// Endpoints that are found at once.
const PAGE: i32 = 100;

/// Only where the endpoint is there and told.
const IS_ON: &str = "attribute_exists(pk) AND attribute_not_exists(disabled_at)";

/// An endpoint whose backlog is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub endpoint: EndpointKey,
    /// Since when.
    pub next_at: UnixMillis,
}

impl EndpointStore {
    /// Notes that so many tries failed one after the other, and that something waits until `due_at`; `None` where the endpoint is gone or
    /// off.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn note_failures(
        &self,
        known: &Endpoint,
        failures: u32,
        due_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<Endpoint>, StoreError> {
        let (next, update) = self.sooner(known, due_at);
        let outcome = update
            .update_expression(format!(
                "SET failing_since = if_not_exists(failing_since, :now), waited_at = :now{next} ADD failures :failures, waits :one"
            ))
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":failures", number(failures))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        endpoint(written(outcome, |output| output.attributes)?)
    }

    /// Notes that something waits until `due_at` that was not tried.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn note_waiting(&self, known: &Endpoint, due_at: UnixMillis, now: UnixMillis) -> Result<(), StoreError> {
        let (next, update) = self.sooner(known, due_at);
        let update = update
            .update_expression(format!("SET waited_at = :now{next} ADD waits :one"))
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":one", number(1));
        whatever_stands(update).await
    }

    /// Notes that the endpoint takes what it is told.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn note_success(&self, key: &EndpointKey) -> Result<(), StoreError> {
        let update = self
            .update(key)
            .update_expression("SET failures = :zero REMOVE failing_since, rests_until")
            .expression_attribute_values(":zero", number(0));
        whatever_stands(update).await
    }

    /// Leaves an endpoint in peace until then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn rest(&self, key: &EndpointKey, until: UnixMillis) -> Result<(), StoreError> {
        let update = self
            .update(key)
            .update_expression("SET rests_until = :until, next_at = :until, next_shard = :shard")
            .expression_attribute_values(":until", number(until.get()))
            .expression_attribute_values(":shard", text(shard(key)));
        whatever_stands(update).await
    }

    /// Tells an endpoint nothing any more. Tells whether this did it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn disable(&self, key: &EndpointKey, reason: OffReason, now: UnixMillis) -> Result<bool, StoreError> {
        let outcome = self
            .update(key)
            .update_expression(
                "SET disabled_at = :now, disabled_reason = :reason REMOVE next_at, next_shard, rests_until",
            )
            .expression_attribute_values(":now", number(now.get()))
            .expression_attribute_values(":reason", to_value(&reason)?)
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Has the backlog looked at then, or not at all; if nothing has begun to wait since the endpoint was read. Tells whether that is so.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn schedule(&self, known: &Endpoint, next_at: Option<UnixMillis>) -> Result<bool, StoreError> {
        let update = self.update(&known.key);
        let update = match next_at {
            Some(at) => update
                .update_expression("SET next_at = :at, next_shard = :shard")
                .expression_attribute_values(":at", number(at.get()))
                .expression_attribute_values(":shard", text(shard(&known.key))),
            None => update.update_expression("REMOVE next_at, next_shard"),
        };
        let outcome = update
            .condition_expression(format!("{IS_ON} AND (waits = :waits OR attribute_not_exists(waits))"))
            .expression_attribute_values(":waits", number(known.health.waits))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// Has the backlog looked at by then at the latest, whatever else is known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn look_again(&self, key: &EndpointKey, at: UnixMillis) -> Result<(), StoreError> {
        let update = self
            .update(key)
            .update_expression("SET next_at = :at, next_shard = :shard")
            .expression_attribute_values(":at", number(at.get()))
            .expression_attribute_values(":shard", text(shard(key)));
        whatever_stands(update).await
    }

    /// Endpoints of one of the [`NEXT_SHARDS`] whose backlog is to be looked at by now, those that wait the longest first. The index may
    /// be behind: whoever takes one up finds out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn waiting(&self, shard: u8, now: UnixMillis) -> Result<Vec<Waiting>, StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_NEXT)
            .key_condition_expression("next_shard = :shard AND next_at <= :now")
            .expression_attribute_values(":shard", text(shard.to_string()))
            .expression_attribute_values(":now", number(now.get()))
            .limit(PAGE)
            .send()
            .await?;
        let found = output.items.unwrap_or_default();
        let waiting = found.iter().filter_map(|item| {
            Some(Waiting { endpoint: endpoint_of(&Key::of(item)?)?, next_at: time(item, "next_at")? })
        });
        Ok(waiting.collect())
    }

    /// Takes an endpoint up whose backlog is to be looked at; nobody else does until then. Tells whether nobody was faster.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn take_up(&self, waiting: &Waiting, until: UnixMillis) -> Result<bool, StoreError> {
        let outcome = self
            .update(&waiting.endpoint)
            .update_expression("SET next_at = :until")
            .condition_expression(format!("{IS_ON} AND next_at = :read"))
            .expression_attribute_values(":until", number(until.get()))
            .expression_attribute_values(":read", number(waiting.next_at.get()))
            .send()
            .await;
        Ok(matches!(written(outcome, |_| None)?, Written::Done(_)))
    }

    /// What has the backlog looked at sooner than is known, as a part of an expression.
    fn sooner(&self, known: &Endpoint, due_at: UnixMillis) -> (&'static str, UpdateItemFluentBuilder) {
        let update = self.update(&known.key);
        if known.health.next_at.is_some_and(|next_at| next_at <= due_at) {
            return ("", update);
        }
        let update = update
            .expression_attribute_values(":due", number(due_at.get()))
            .expression_attribute_values(":shard", text(shard(&known.key)));
        (", next_at = :due, next_shard = :shard", update)
    }

    fn update(&self, key: &EndpointKey) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::endpoint(key).attributes()))
            .condition_expression(IS_ON)
    }
}

/// An endpoint that is gone or off meanwhile stays so.
async fn whatever_stands(update: UpdateItemFluentBuilder) -> Result<(), StoreError> {
    let (Written::Done(_) | Written::Refused(_)) = written(update.send().await, |_| None)?;
    Ok(())
}

/// The partition of an endpoint in the index.
pub(super) fn shard(key: &EndpointKey) -> String {
    (Sha256::digest(&key.id)[0] % NEXT_SHARDS).to_string()
}
