//! One secret: its versions, and the labels that move between them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{MoveStage, NewValue};
use super::errors::{already_exists, not_found};
use super::random::random_suffix;
use crate::clock::seconds;
use crate::error::{Answer, ServiceError};
use crate::{ACCOUNT, REGION};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A version's value. It has no `Debug` form, so that no log shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    text: Option<String>,
    /// Base64, as on the wire.
    binary: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Version {
    content: Content,
    stages: BTreeSet<String>,
    created_ms: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub kms_key: Option<String>,
    pub created_ms: i64,
    pub changed_ms: i64,
    pub deletion_ms: Option<i64>,
    versions: BTreeMap<String, Version>,
}

impl Secret {
    /// A secret without a version.
    pub(super) fn new(name: String, description: String, kms_key: Option<String>, now_ms: i64) -> Self {
        Self {
            arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{}", random_suffix()),
            name,
            description,
            kms_key,
            created_ms: now_ms,
            changed_ms: now_ms,
            deletion_ms: None,
            versions: BTreeMap::new(),
        }
    }

    /// The labels of a version.
    pub(super) fn stages_of(&self, version: &str) -> Value {
        json!(self.versions.get(version).map(|version| &version.stages))
    }

    pub(super) fn identity(&self) -> Value {
        json!({ "ARN": self.arn, "Name": self.name })
    }

    /// Adds a version, or recognises the same one by its token.
    pub(super) fn put(&mut self, value: NewValue, now_ms: i64) -> Result<String, ServiceError> {
        if value.secret_string.is_some() == value.secret_binary.is_some() {
            let message = "You must provide either SecretString or SecretBinary.";
            return Err(ServiceError::new("InvalidParameterException", message));
        }
        let id = value.client_request_token.unwrap_or_else(|| Uuid::new_v4().to_string());
        let content = Content { text: value.secret_string, binary: value.secret_binary };
        if let Some(existing) = self.versions.get(&id) {
            return if existing.content == content { Ok(id) } else { Err(already_exists(&self.name)) };
        }
        self.versions.insert(id.clone(), Version { content, stages: BTreeSet::new(), created_ms: now_ms });
        for stage in value.version_stages.unwrap_or_else(|| [CURRENT.to_owned()].into()) {
            self.attach(&stage, &id);
        }
        self.changed_ms = now_ms;
        Ok(id)
    }

    /// Moves a label to a version; the version that was current becomes the previous one.
    fn attach(&mut self, stage: &str, id: &str) {
        let holder = self.holder(stage);
        if holder.as_deref() == Some(id) {
            return;
        }
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
        if stage == CURRENT
            && let Some(former) = holder
        {
            self.attach(PREVIOUS, &former);
        }
    }

    fn holder(&self, stage: &str) -> Option<String> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage)).map(|(id, _)| id.clone())
    }

    pub(super) fn move_stage(&mut self, request: &MoveStage) -> Answer {
        let holder = self.holder(&request.version_stage);
        if holder.is_some() && request.move_to_version_id.is_some() && request.remove_from_version_id != holder {
            if request.move_to_version_id != holder {
                let message = "RemoveFromVersionId must be the version that has the staging label.";
                return Err(ServiceError::new("InvalidParameterException", message));
            }
            return Ok(self.identity());
        }
        match &request.move_to_version_id {
            Some(id) if self.versions.contains_key(id) => self.attach(&request.version_stage, id),
            Some(_) => return Err(not_found("secret version.")),
            None => self.detach(&request.version_stage, request.remove_from_version_id.as_deref())?,
        }
        Ok(self.identity())
    }

    fn detach(&mut self, stage: &str, from: Option<&str>) -> Result<(), ServiceError> {
        if stage == CURRENT {
            let message = "AWSCURRENT can only be moved to another version, not removed.";
            return Err(ServiceError::new("InvalidParameterException", message));
        }
        let version = from.and_then(|id| self.versions.get_mut(id)).ok_or_else(|| not_found("secret version."))?;
        version.stages.remove(stage);
        Ok(())
    }

    pub(super) fn value(&self, id: Option<&str>, stage: Option<&str>) -> Answer {
        let id = id.map(str::to_owned).or_else(|| self.holder(stage.unwrap_or(CURRENT)));
        let found = id.as_ref().and_then(|id| self.versions.get_key_value(id));
        let found = found.filter(|(_, version)| stage.is_none_or(|stage| version.stages.contains(stage)));
        let Some((id, version)) = found else {
            let what = format!("secret value for staging label: {}", stage.unwrap_or(CURRENT));
            return Err(not_found(&what));
        };
        let mut value = self.identity();
        value["VersionId"] = id.as_str().into();
        value["VersionStages"] = json!(version.stages);
        value["CreatedDate"] = seconds(version.created_ms).into();
        if let Some(text) = &version.content.text {
            value["SecretString"] = text.as_str().into();
        }
        if let Some(binary) = &version.content.binary {
            value["SecretBinary"] = binary.as_str().into();
        }
        Ok(value)
    }

    pub(super) fn description(&self) -> Value {
        let labelled = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        let stages: BTreeMap<_, _> = labelled.map(|(id, version)| (id, &version.stages)).collect();
        let mut description = self.identity();
        description["Description"] = self.description.as_str().into();
        description["CreatedDate"] = seconds(self.created_ms).into();
        description["LastChangedDate"] = seconds(self.changed_ms).into();
        description["VersionIdsToStages"] = json!(stages);
        if let Some(key) = &self.kms_key {
            description["KmsKeyId"] = key.as_str().into();
        }
        if let Some(deletion_ms) = self.deletion_ms {
            description["DeletedDate"] = seconds(deletion_ms).into();
        }
        description
    }

    pub(super) fn version_ids(&self, include_deprecated: bool) -> Value {
        let shown = self.versions.iter().filter(|(_, version)| include_deprecated || !version.stages.is_empty());
        let versions: Vec<_> = shown
            .map(|(id, version)| {
                json!({ "VersionId": id, "VersionStages": version.stages, "CreatedDate": seconds(version.created_ms) })
            })
            .collect();
        let mut answer = self.identity();
        answer["Versions"] = versions.into();
        answer
    }
}
