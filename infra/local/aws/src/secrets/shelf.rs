//! The secrets by name and ARN, written through to disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{CreateSecret, DeleteSecret, PutSecret};
use super::errors::{already_exists, invalid_request, not_found};
use super::secret::Secret;
use crate::clock::seconds;
use crate::error::{Answer, ServiceError};
use crate::store::{Change, Kind, Store, StoreError};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) struct Shelf {
    store: Arc<Store>,
    by_name: BTreeMap<String, Secret>,
}

impl Shelf {
    pub(super) fn load(store: Arc<Store>) -> Result<Self, StoreError> {
        let secrets = store.load::<Secret>(Kind::Secret)?;
        Ok(Self { store, by_name: secrets.into_iter().map(|secret| (secret.name.clone(), secret)).collect() })
    }

    pub(super) fn create(&mut self, request: CreateSecret, now_ms: i64) -> Answer {
        let CreateSecret { name, description, kms_key_id, value } = request;
        if let Some(existing) = self.by_name.get(&name) {
            return Err(match existing.deletion_ms {
                Some(_) => invalid_request("a secret with this name is already scheduled for deletion"),
                None => already_exists(&name),
            });
        }
        let mut secret = Secret::new(name, description, kms_key_id, now_ms);
        let version = if value.has_content() { Some(secret.put(value, now_ms)?) } else { None };
        let mut answer = secret.identity();
        if let Some(version) = version {
            answer["VersionId"] = version.into();
        }
        self.keep(secret)?;
        Ok(answer)
    }

    pub(super) fn put(&mut self, request: PutSecret, now_ms: i64) -> Answer {
        self.change(&request.secret_id, |secret| {
            let version = secret.put(request.value, now_ms)?;
            let mut answer = secret.identity();
            answer["VersionStages"] = secret.stages_of(&version);
            answer["VersionId"] = version.into();
            Ok(answer)
        })
    }

    pub(super) fn update(&mut self, request: PutSecret, now_ms: i64) -> Answer {
        self.change(&request.secret_id, |secret| {
            secret.description = request.description.unwrap_or_else(|| secret.description.clone());
            secret.kms_key = request.kms_key_id.or_else(|| secret.kms_key.take());
            let version = if request.value.has_content() { Some(secret.put(request.value, now_ms)?) } else { None };
            let mut answer = secret.identity();
            if let Some(version) = version {
                answer["VersionId"] = version.into();
            }
            Ok(answer)
        })
    }

    pub(super) fn batch_get(&self, ids: &[String]) -> Value {
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match self.alive(id).and_then(|secret| secret.value(None, None)) {
                Ok(value) => values.push(value),
                Err(error) => {
                    errors.push(json!({ "SecretId": id, "ErrorCode": error.code, "Message": error.body["message"] }));
                }
            }
        }
        json!({ "SecretValues": values, "Errors": errors })
    }

    pub(super) fn list(&self) -> Value {
        let alive = self.by_name.values().filter(|secret| secret.deletion_ms.is_none());
        json!({ "SecretList": alive.map(Secret::description).collect::<Vec<_>>() })
    }

    pub(super) fn delete(&mut self, request: &DeleteSecret, now_ms: i64) -> Answer {
        let days = request.recovery_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            return Err(ServiceError::new("InvalidParameterException", "The recovery window must be 7 to 30 days."));
        }
        let mut secret = self.find(&request.secret_id)?.clone();
        let mut answer = secret.identity();
        if request.force_delete_without_recovery {
            answer["DeletionDate"] = seconds(now_ms).into();
            self.drop_secret(&secret.name)?;
        } else {
            let deletion_ms = now_ms + days * DAY_MS;
            answer["DeletionDate"] = seconds(deletion_ms).into();
            secret.deletion_ms = Some(deletion_ms);
            self.keep(secret)?;
        }
        Ok(answer)
    }

    pub(super) fn restore(&mut self, id: &str) -> Answer {
        let mut secret = self.find(id)?.clone();
        secret.deletion_ms = None;
        let answer = secret.identity();
        self.keep(secret)?;
        Ok(answer)
    }

    pub(super) fn delete_due(&mut self, now_ms: i64) -> Result<(), ServiceError> {
        let is_due = |secret: &&Secret| secret.deletion_ms.is_some_and(|deletion_ms| deletion_ms <= now_ms);
        let due: Vec<String> = self.by_name.values().filter(is_due).map(|secret| secret.name.clone()).collect();
        due.iter().try_for_each(|name| self.drop_secret(name))
    }

    /// A secret by name, ARN, or ARN without its random suffix.
    pub(super) fn find(&self, id: &str) -> Result<&Secret, ServiceError> {
        let suffix_length = "-123456".len();
        let found = self.by_name.get(id).or_else(|| {
            self.by_name
                .values()
                .find(|secret| secret.arn == id || secret.arn[..secret.arn.len() - suffix_length] == *id)
        });
        found.ok_or_else(|| not_found("secret."))
    }

    pub(super) fn alive(&self, id: &str) -> Result<&Secret, ServiceError> {
        let secret = self.find(id)?;
        match secret.deletion_ms {
            Some(_) => Err(invalid_request("it was marked for deletion")),
            None => Ok(secret),
        }
    }

    /// Changes a secret, in memory only if it was changed on disk.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Secret) -> Answer) -> Answer {
        let mut secret = self.alive(id)?.clone();
        let answer = change(&mut secret)?;
        self.keep(secret)?;
        Ok(answer)
    }

    fn keep(&mut self, secret: Secret) -> Result<(), ServiceError> {
        self.store.apply(&[Change::put(Kind::Secret, &secret.name, &secret)?])?;
        self.by_name.insert(secret.name.clone(), secret);
        Ok(())
    }

    fn drop_secret(&mut self, name: &str) -> Result<(), ServiceError> {
        self.store.apply(&[Change::delete(Kind::Secret, name)])?;
        self.by_name.remove(name);
        Ok(())
    }
}
