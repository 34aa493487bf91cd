//! Creates in the emulated AWS what the template declares. A second start finds yesterday's data.

mod permissions;
mod queues;
mod tables;

use std::collections::BTreeMap;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_kms::operation::describe_key::DescribeKeyError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use serde_json::Value as Json;

use crate::template::{Identities, Identity, Key, REGION, Secret, Template, TemplateError};

pub(crate) use permissions::permit;

/// Why the template's resources are not there.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The template cannot be resolved.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The emulated AWS refused.
    #[error("`{resource}` could not be created")]
    Refused {
        /// Its name in the template.
        resource: String,
        /// The answer.
        #[source]
        source: BoxError,
    },
    /// A table of an earlier run has another form than the template now says.
    #[error(
        "table `{table}`: the template has {what} that the stored table cannot be given; `cargo dev --fresh` starts over"
    )]
    Changed {
        /// The table.
        table: String,
        /// What differs.
        what: &'static str,
    },
}

/// Any error of a client.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn refused<E: Into<BoxError>>(resource: &str) -> impl FnOnce(E) -> ProvisionError {
    move |source| ProvisionError::Refused { resource: resource.to_owned(), source: source.into() }
}

/// The configuration of an AWS client that talks to the emulator and says whose it is.
pub(crate) async fn sdk_config(endpoint: &str, caller: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::from_keys("local", "local", None))
        .endpoint_url(endpoint)
        .app_name(app_name(caller))
        .load()
        .await
}

/// The same connections under another caller's name.
pub(crate) fn named(config: &SdkConfig, caller: &str) -> SdkConfig {
    config.to_builder().app_name(app_name(caller)).build()
}

fn app_name(caller: &str) -> AppName {
    AppName::new(caller.to_owned()).unwrap_or_else(|_| AppName::new("function").expect("letters are an app name"))
}

/// What everything that exists is called, for `!Ref` and `!GetAtt`.
///
/// `secrets` are the values of secrets by their names in the template; others get an empty object.
pub(crate) async fn provision(
    template: &Template,
    config: &SdkConfig,
    secrets: &BTreeMap<String, Json>,
) -> Result<Identities, ProvisionError> {
    let apis = ["HttpApi", "LiveApi"].map(|api| (api.to_owned(), Identity::with_arn("local", "local")));
    let mut identities = Identities::from(apis);
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    for table in template.tables(&identities)? {
        let identity = tables::ensure(&dynamodb, &table).await?;
        identities.insert(table.logical_id, identity);
    }
    let kms = aws_sdk_kms::Client::new(config);
    for key in template.keys(&identities)? {
        let identity = ensure_key(&kms, &key).await.map_err(refused(&key.logical_id))?;
        identities.insert(key.logical_id, identity);
    }
    let manager = aws_sdk_secretsmanager::Client::new(config);
    for secret in template.secrets(&identities)? {
        let value = secrets.get(&secret.logical_id).cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
        let identity = ensure_secret(&manager, &secret, &value).await.map_err(refused(&secret.logical_id))?;
        identities.insert(secret.logical_id, identity);
    }
    queues::ensure_all(&aws_sdk_sqs::Client::new(config), template, &mut identities).await?;
    Ok(identities)
}

/// Keys have no names in AWS: an alias of ours finds yesterday's.
async fn ensure_key(kms: &aws_sdk_kms::Client, key: &Key) -> Result<Identity, BoxError> {
    let alias = format!("alias/local/{}", key.logical_id);
    let known = kms.describe_key().key_id(&alias).send().await;
    let metadata = match known {
        Ok(known) => known.key_metadata,
        Err(error) if error.as_service_error().is_some_and(DescribeKeyError::is_not_found_exception) => {
            let created = kms.create_key().description(&key.description).send().await?.key_metadata;
            let id = created.as_ref().map(|metadata| metadata.key_id.clone());
            kms.create_alias().alias_name(alias).set_target_key_id(id).send().await?;
            created
        }
        Err(error) => return Err(error.into()),
    };
    let metadata = metadata.ok_or("the answer describes no key")?;
    let arn = metadata.arn.ok_or("the key has no ARN")?;
    Ok(Identity::with_arn(&metadata.key_id, &arn))
}

/// A new version is written only when the value changed, so that a restart does not look like a rotation.
async fn ensure_secret(
    manager: &aws_sdk_secretsmanager::Client,
    secret: &Secret,
    value: &Json,
) -> Result<Identity, BoxError> {
    let known = manager.get_secret_value().secret_id(&secret.name).send().await;
    let arn = match known {
        Ok(known) => {
            let current = known.secret_string.as_deref().and_then(|text| serde_json::from_str::<Json>(text).ok());
            if current.as_ref() != Some(value) {
                manager.put_secret_value().secret_id(&secret.name).secret_string(value.to_string()).send().await?;
            }
            known.arn
        }
        Err(error) if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) => {
            manager.create_secret().name(&secret.name).secret_string(value.to_string()).send().await?.arn
        }
        Err(error) => return Err(error.into()),
    };
    let arn = arn.ok_or("the secret has no ARN")?;
    let mut identity = Identity::with_arn(&arn, &arn);
    identity.attributes.insert("Id".to_owned(), arn);
    Ok(identity)
}
