//! A running emulator with a folder of its own, and clients for it.

use std::path::Path;

use aws_config::retry::RetryConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use local_aws::{Clock, LocalAws, Settings};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) aws: LocalAws,
    pub(crate) clock: Clock,
    pub(crate) data: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let data = TempDir::new().unwrap();
        let clock = Clock::default();
        let aws = start(data.path(), &clock).await;
        Self { aws, clock, data }
    }

    /// The configuration of a function of this name, which does not retry.
    pub(crate) async fn sdk(&self, function: &'static str) -> SdkConfig {
        sdk(&self.aws, function).await
    }

    pub(crate) async fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk("tests").await)
    }

    pub(crate) async fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.sdk("tests").await)
    }

    pub(crate) async fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.sdk("tests").await)
    }

    pub(crate) async fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk("tests").await)
    }
}

pub(crate) async fn start(data: &Path, clock: &Clock) -> LocalAws {
    let settings = Settings { port: 0, data_dir: data.to_owned(), clock: clock.clone(), transcript: None };
    LocalAws::start(settings).await.unwrap()
}

pub(crate) async fn sdk(aws: &LocalAws, function: &'static str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .app_name(AppName::new(function).unwrap())
        .endpoint_url(aws.url())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}
