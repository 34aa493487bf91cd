//! What a function is given once, before its first event.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, SdkConfig};
use aws_smithy_http_client::tls;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};

use crate::clock::Clock;
use crate::environment::Environment;

/// A TCP and TLS handshake inside a region takes milliseconds: whoever needs longer will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Who signs for AWS's endpoints. Reading a system's hundred and fifty roots instead was five sixths of the work of a cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Names a file or folder of certificates to trust, here as in OpenSSL: then the system's way is taken.
const OTHER_ROOTS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// How long a function waits for AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// With one attempt of one call. Ours are single reads and writes of a few kilobytes.
    pub attempt: Duration,
    /// With one call, all its attempts, and the waits between them.
    pub call: Duration,
}

impl Patience {
    /// What AWS's clients are told.
    #[must_use]
    pub fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(self.attempt)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.call)
            .build()
    }
}

impl Default for Patience {
    /// Every function has ten seconds or more.
    fn default() -> Self {
        Self { attempt: Duration::from_secs(5), call: Duration::from_secs(8) }
    }
}

/// Everything a function takes from outside: configuration, time, and the way to AWS.
#[derive(Clone)]
pub struct Setup {
    /// The function's environment variables.
    pub env: Environment,
    /// Its clock.
    pub clock: Clock,
    /// What its AWS clients are made from. The app name is the function's, so that a log of AWS calls tells who called.
    pub aws: SdkConfig,
}

impl Setup {
    /// What Lambda provides. Makes no network call.
    ///
    /// Credentials and region come from the environment, which is the only place Lambda puts them: the SDK's default chains
    /// would also ask containers and instance metadata. All clients share one connection pool and with it
    /// one TLS root store, which holds Amazon's authorities only; `SSL_CERT_FILE` or `SSL_CERT_DIR` names others.
    /// `AWS_ENDPOINT_URL` is honoured. `function` is the name outside of Lambda.
    pub async fn from_process(function: &'static str) -> Self {
        let env = Environment::from_process();
        let name = env.optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| function.to_owned());
        let loader = aws_config::from_env()
            .region(EnvironmentVariableRegionProvider::new())
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
                    .tls_context(tls_context(&env))
                    .build_https(),
            )
            // Watches bodies that trickle. Ours are kilobytes, and an attempt that takes too long is given up anyway.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard())
            .timeout_config(Patience::default().timeouts());
        let loader = match app_name(&name) {
            Some(name) => loader.app_name(name),
            None => loader,
        };
        Self { env, clock: Clock::System, aws: loader.load().await }
    }
}

fn tls_context(env: &Environment) -> TlsContext {
    let asked = OTHER_ROOTS.iter().any(|name| env.optional(name).is_some());
    let trusted = if asked { TrustStore::default() } else { TrustStore::empty().with_pem_certificate(AMAZON_ROOTS) };
    TlsContext::builder().with_trust_store(trusted).build().expect("a trust store is all it needs")
}

/// The SDK knows fewer characters for an app name than Lambda for a function's; 50 is its own recommended limit.
fn app_name(function: &str) -> Option<AppName> {
    let allowed = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    AppName::new(function.chars().take(50).map(allowed).collect::<String>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_name_becomes_an_app_name_whatever_its_characters_and_length() {
        let name = app_name(&format!("buzón:{}", "x".repeat(60))).expect("is a name");
        assert_eq!(name.as_ref(), format!("buz-n-{}", "x".repeat(44)));
        assert!(app_name("").is_none());
    }

    #[tokio::test]
    async fn outside_of_lambda_the_function_has_the_name_it_gives_itself() {
        let setup = Setup::from_process("status").await;
        assert_eq!(setup.aws.app_name().map(AsRef::as_ref), Some("status"));
        assert!(matches!(setup.clock, Clock::System));
    }

    #[tokio::test]
    async fn a_call_to_aws_is_retried_and_gives_up_in_time() {
        let aws = Setup::from_process("status").await.aws;
        assert_eq!(aws.retry_config().map(RetryConfig::max_attempts), Some(3));
        let timeouts = aws.timeout_config().expect("are set");
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT_TIMEOUT));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(5)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(8)));
    }
}
