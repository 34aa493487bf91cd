//! The inputs of the operations, as the SDKs send them.

use std::collections::BTreeSet;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfSecret {
    pub secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSecret {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub kms_key_id: Option<String>,
    #[serde(flatten)]
    pub value: NewValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutSecret {
    pub secret_id: String,
    pub description: Option<String>,
    pub kms_key_id: Option<String>,
    #[serde(flatten)]
    pub value: NewValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewValue {
    pub secret_string: Option<String>,
    pub secret_binary: Option<String>,
    pub client_request_token: Option<String>,
    pub version_stages: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSecretValue {
    pub secret_id: String,
    pub version_id: Option<String>,
    pub version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchGet {
    #[serde(default)]
    pub secret_id_list: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersions {
    pub secret_id: String,
    #[serde(default)]
    pub include_deprecated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveStage {
    pub secret_id: String,
    pub version_stage: String,
    pub move_to_version_id: Option<String>,
    pub remove_from_version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSecret {
    pub secret_id: String,
    pub recovery_window_in_days: Option<i64>,
    #[serde(default)]
    pub force_delete_without_recovery: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RandomPassword {
    #[serde(default = "default_password_length")]
    pub password_length: usize,
    #[serde(default)]
    pub exclude_punctuation: bool,
}

fn default_password_length() -> usize {
    32
}

impl NewValue {
    pub(super) fn has_content(&self) -> bool {
        self.secret_string.is_some() || self.secret_binary.is_some()
    }
}
