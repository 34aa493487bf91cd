//! The vault and the app secrets against emulated services, over HTTP.

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{AccessToken, Account, SealedToken, TenantId, UnixSeconds};
use local_aws::{Clock, LocalAws, Settings};
use serde_json::json;
use tempfile::TempDir;
use vault::{AppSecrets, TokenContext, Vault, VaultError};

const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);

struct Aws {
    local: LocalAws,
    _data: TempDir,
}

impl Aws {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let settings =
            Settings { port: 0, data_dir: data.path().to_owned(), clock: Clock::default(), transcript: None };
        Self { local: LocalAws::start(settings).await.expect("starts"), _data: data }
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(local_aws::REGION))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(self.local.url())
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }

    fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(local_aws::REGION))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(self.local.url())
            .build();
        aws_sdk_secretsmanager::Client::from_conf(config)
    }

    async fn new_key(&self) -> String {
        let answer = self.kms().create_key().send().await.expect("makes a key");
        answer.key_metadata.expect("describes it").key_id
    }

    fn vault(&self, key_id: &str) -> Vault {
        Vault::new(self.kms(), key_id.to_owned())
    }
}

fn context(tenant: &str, account: &str) -> TokenContext {
    TokenContext::access_token(
        TenantId::try_from(tenant).expect("a tenant id"),
        Account::instagram(account.try_into().expect("an account id")),
    )
}

fn token() -> AccessToken {
    AccessToken::new("IGAAtoken".to_owned())
}

#[tokio::test]
async fn a_sealed_token_opens_in_its_own_context_only() {
    let aws = Aws::start().await;
    let key_id = aws.new_key().await;
    let sealed = aws.vault(&key_id).seal(&context("acme", "17841"), &token(), NOW).await.expect("seals");

    let opened = aws.vault(&key_id).open(&context("acme", "17841"), &sealed, NOW).await.expect("opens");
    assert_eq!(opened.expose(), "IGAAtoken");
    for stranger in [context("other", "17841"), context("acme", "17842")] {
        let outcome = aws.vault(&key_id).open(&stranger, &sealed, NOW).await;
        assert!(matches!(outcome, Err(VaultError::Tampered)), "{stranger:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_token_moves_to_another_kms_key_and_still_opens_when_the_old_key_is_gone() {
    let aws = Aws::start().await;
    let (old_key, new_key) = (aws.new_key().await, aws.new_key().await);
    let sealed = aws.vault(&old_key).seal(&context("acme", "17841"), &token(), NOW).await.expect("seals");

    let moved = aws.vault(&new_key).rewrap(&context("acme", "17841"), &sealed).await.expect("rewraps");
    aws.kms().disable_key().key_id(&old_key).send().await.expect("disables");

    let opened = aws.vault(&new_key).open(&context("acme", "17841"), &moved, NOW).await.expect("opens");
    assert_eq!(opened.expose(), "IGAAtoken");
    let outcome = aws.vault(&new_key).open(&context("acme", "17841"), &sealed, NOW).await;
    assert!(matches!(outcome, Err(VaultError::Kms(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_sealed_token_with_any_byte_flipped_does_not_open() {
    let aws = Aws::start().await;
    let key_id = aws.new_key().await;
    let sealed = aws.vault(&key_id).seal(&context("acme", "17841"), &token(), NOW).await.expect("seals");
    let bytes = URL_SAFE_NO_PAD.decode(&sealed.as_str()[3..]).expect("is base64url");
    let vault = aws.vault(&key_id);
    for position in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[position] ^= 1;
        let altered = SealedToken::new(format!("v1.{}", URL_SAFE_NO_PAD.encode(altered)));

        let outcome = vault.open(&context("acme", "17841"), &altered, NOW).await;

        assert!(outcome.is_err(), "byte {position} of {}", bytes.len());
    }
}

#[tokio::test]
async fn a_rotated_secret_is_found_and_its_previous_version_stays_known_until_it_is_revoked() {
    let aws = Aws::start().await;
    let client = aws.secrets_manager();
    let document = |secret: &str| {
        json!({ "apps": [{
            "login": "instagram", "app_id": "1", "app_secret": secret, "verify_token": "t", "graph_version": "v25.0",
        }] })
        .to_string()
    };
    client.create_secret().name("apps").secret_string(document("first")).send().await.expect("creates");
    let secrets = AppSecrets::new(client.clone(), "apps".to_owned());
    let signers = |secrets: &vault::Secrets| {
        let signers = secrets.signers(NOW).into_iter().map(|app| app.app_secret.expose().to_owned());
        signers.collect::<Vec<_>>()
    };
    assert_eq!(signers(&secrets.current(NOW).await.expect("is readable")), ["first"]);

    client.put_secret_value().secret_id("apps").secret_string(document("second")).send().await.expect("rotates");
    let knows_second = |secrets: &vault::Secrets| Some(signers(secrets)).filter(|known| known[0] == "second");
    let newer = secrets.find(NOW.plus(1), knows_second).await.expect("is readable");

    assert_eq!(newer.expect("was rotated"), ["second", "first"]);

    let previous =
        client.get_secret_value().secret_id("apps").version_stage("AWSPREVIOUS").send().await.expect("is there");
    let label = client.update_secret_version_stage().secret_id("apps").version_stage("AWSPREVIOUS");
    label.remove_from_version_id(previous.version_id().expect("an id")).send().await.expect("loses its label");
    let later = NOW.plus(6 * 60);
    assert_eq!(signers(&secrets.current(later).await.expect("is readable")), ["second"]);
}
