//! Secrets Manager: secrets, their versions, and the labels that move between versions.

mod api;
mod errors;
mod random;
mod secret;
mod shelf;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use self::api::{BatchGet, GetSecretValue, ListVersions, MoveStage, OfSecret};
use self::random::random_password;
use self::shelf::Shelf;
use crate::clock::Clock;
use crate::error::{Answer, ServiceError, input};
use crate::store::{Store, StoreError};

/// All secrets.
pub(crate) struct Secrets {
    shelf: Mutex<Shelf>,
    clock: Clock,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    pub(crate) fn open(store: Arc<Store>, clock: Clock) -> Result<Self, StoreError> {
        Ok(Self { shelf: Mutex::new(Shelf::load(store)?), clock })
    }

    pub(crate) fn arn(&self, id: &str) -> Option<String> {
        let secrets = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.find(id).ok().map(|secret| secret.arn.clone())
    }

    pub(crate) fn call(&self, operation: &str, body: Value) -> Answer {
        let secrets = &mut *self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.clock.now_ms();
        secrets.delete_due(now_ms)?;
        match operation {
            "CreateSecret" => secrets.create(input(body)?, now_ms),
            "PutSecretValue" => secrets.put(input(body)?, now_ms),
            "UpdateSecret" => secrets.update(input(body)?, now_ms),
            "GetSecretValue" => {
                let GetSecretValue { secret_id, version_id, version_stage } = input(body)?;
                secrets.alive(&secret_id)?.value(version_id.as_deref(), version_stage.as_deref())
            }
            "BatchGetSecretValue" => Ok(secrets.batch_get(&input::<BatchGet>(body)?.secret_id_list)),
            "DescribeSecret" => Ok(secrets.find(&input::<OfSecret>(body)?.secret_id)?.description()),
            "ListSecrets" => Ok(secrets.list()),
            "ListSecretVersionIds" => {
                let ListVersions { secret_id, include_deprecated } = input(body)?;
                Ok(secrets.find(&secret_id)?.version_ids(include_deprecated))
            }
            "UpdateSecretVersionStage" => {
                let request: MoveStage = input(body)?;
                secrets.change(&request.secret_id, |secret| secret.move_stage(&request))
            }
            "DeleteSecret" => secrets.delete(&input(body)?, now_ms),
            "RestoreSecret" => secrets.restore(&input::<OfSecret>(body)?.secret_id),
            "GetRandomPassword" => Ok(json!({ "RandomPassword": random_password(&input(body)?) })),
            _ => Err(ServiceError::unknown_operation()),
        }
    }
}
