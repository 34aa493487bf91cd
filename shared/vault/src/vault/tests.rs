use std::collections::HashMap;
use std::sync::Mutex;

use aws_sdk_kms::error::ErrorMetadata;
use aws_sdk_kms::operation::decrypt::{DecryptError, DecryptInput, DecryptOutput};
use aws_sdk_kms::operation::generate_data_key::{GenerateDataKeyInput, GenerateDataKeyOutput};
use aws_sdk_kms::operation::re_encrypt::{ReEncryptError, ReEncryptInput, ReEncryptOutput};
use aws_sdk_kms::types::error::InvalidCiphertextException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};

use super::*;
use crate::context::tests::context;
use crate::data_key::KEY_BYTES;

const NOW: UnixSeconds = UnixSeconds::new(1_795_158_000);
const OLD_KEY: &str = "arn:aws:kms:eu-west-1:1:key/old";
const NEW_KEY: &str = "arn:aws:kms:eu-west-1:1:key/new";

/// A KMS that remembers what it wrapped, for whom and under which key.
#[derive(Clone, Default)]
struct Kms(Arc<Mutex<HashMap<Vec<u8>, Wrapped>>>);

#[derive(Clone, PartialEq)]
struct Wrapped {
    key_id: String,
    context: HashMap<String, String>,
    plain: Vec<u8>,
}

impl Kms {
    fn wrap(&self, wrapped: Wrapped) -> Blob {
        let mut known = self.0.lock().expect("no rule panicked");
        let number = u8::try_from(known.len()).expect("a test wraps few keys");
        let name = [b"wrapped ".as_slice(), &[number]].concat();
        known.insert(name.clone(), wrapped);
        Blob::new(name)
    }

    fn unwrap(&self, blob: &Blob, key_id: &str, context: &HashMap<String, String>) -> Option<Vec<u8>> {
        let known = self.0.lock().expect("no rule panicked");
        let wrapped = known.get(blob.as_ref())?;
        (wrapped.key_id == key_id && wrapped.context == *context).then(|| wrapped.plain.clone())
    }

    fn generate(&self) -> Rule {
        let kms = self.clone();
        mock!(Client::generate_data_key).then_compute_output(move |input: &GenerateDataKeyInput| {
            assert_eq!(input.key_spec(), Some(&DataKeySpec::Aes256));
            let number = u8::try_from(kms.0.lock().expect("no rule panicked").len()).expect("few keys");
            let plain = vec![number; KEY_BYTES];
            let key_id = input.key_id().expect("names a key").to_owned();
            let context = input.encryption_context().expect("has a context").clone();
            GenerateDataKeyOutput::builder()
                .plaintext(Blob::new(plain.clone()))
                .ciphertext_blob(kms.wrap(Wrapped { key_id: key_id.clone(), context, plain }))
                .key_id(key_id)
                .build()
        })
    }

    fn decrypt(&self) -> Rule {
        let kms = self.clone();
        mock!(Client::decrypt).then_compute_response(move |input: &DecryptInput| {
            let blob = input.ciphertext_blob().expect("has a wrapped key");
            let context = input.encryption_context().expect("has a context");
            let key_id = input.key_id().expect("names a key");
            match kms.unwrap(blob, key_id, context) {
                Some(plain) => MockResponse::Output(decrypted(plain, key_id)),
                None => MockResponse::Error(DecryptError::InvalidCiphertextException(invalid_ciphertext())),
            }
        })
    }

    fn re_encrypt(&self) -> Rule {
        let kms = self.clone();
        mock!(Client::re_encrypt).then_compute_response(move |input: &ReEncryptInput| {
            let blob = input.ciphertext_blob().expect("has a wrapped key");
            let source = input.source_encryption_context().expect("has a context");
            let source_key_id = input.source_key_id().expect("names a key");
            let Some(plain) = kms.unwrap(blob, source_key_id, source) else {
                return MockResponse::Error(ReEncryptError::InvalidCiphertextException(invalid_ciphertext()));
            };
            let key_id = input.destination_key_id().expect("names a key").to_owned();
            let context = input.destination_encryption_context().expect("has a context").clone();
            let rewrapped = kms.wrap(Wrapped { key_id: key_id.clone(), context, plain });
            let answer = ReEncryptOutput::builder().ciphertext_blob(rewrapped).key_id(key_id);
            MockResponse::Output(answer.source_key_id(source_key_id).build())
        })
    }
}

fn decrypted(plain: Vec<u8>, key_id: &str) -> DecryptOutput {
    DecryptOutput::builder().plaintext(Blob::new(plain)).key_id(key_id).build()
}

fn invalid_ciphertext() -> InvalidCiphertextException {
    InvalidCiphertextException::builder()
        .meta(ErrorMetadata::builder().code("InvalidCiphertextException").build())
        .build()
}

fn vault(key_id: &str, rules: [&Rule; 3]) -> Vault {
    let [generate, decrypt, re_encrypt] = rules;
    let kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, [generate, decrypt, re_encrypt]);
    Vault::new(kms, key_id.to_owned())
}

fn vault_of(kms: &Kms, key_id: &str) -> Vault {
    vault(key_id, [&kms.generate(), &kms.decrypt(), &kms.re_encrypt()])
}

fn token() -> AccessToken {
    AccessToken::new("IGAAtoken".to_owned())
}

#[tokio::test]
async fn a_sealed_token_opens_in_another_environment() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");

    let opened = vault_of(&kms, OLD_KEY).open(&context("acme", "1"), &sealed, NOW).await.expect("opens");

    assert_eq!(opened.expose(), "IGAAtoken");
    assert!(sealed.as_str().starts_with("v1."));
}

#[tokio::test]
async fn each_seal_has_a_data_key_and_a_nonce_of_its_own() {
    let kms = Kms::default();
    let vault = vault_of(&kms, OLD_KEY);
    let one = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let other = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");

    let one = Envelope::parse(&one).expect("is an envelope");
    let other = Envelope::parse(&other).expect("is an envelope");
    assert_ne!(one.wrapped_key, other.wrapped_key);
    assert_ne!(one.nonce, other.nonce);
    assert_ne!(one.ciphertext, other.ciphertext);
}

#[tokio::test]
async fn a_token_of_another_tenant_or_account_does_not_open_whether_the_key_is_held_or_not() {
    let kms = Kms::default();
    let warm = vault_of(&kms, OLD_KEY);
    let sealed = warm.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    for vault in [warm, vault_of(&kms, OLD_KEY)] {
        for stranger in [context("other", "1"), context("acme", "2")] {
            let outcome = vault.open(&stranger, &sealed, NOW).await;
            assert!(matches!(outcome, Err(VaultError::Tampered)), "{stranger:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn the_cipher_refuses_another_context_even_if_kms_would_not() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let careless = mock!(Client::decrypt).then_output(|| decrypted(vec![0; KEY_BYTES], OLD_KEY));
    let vault = vault(OLD_KEY, [&kms.generate(), &careless, &kms.re_encrypt()]);

    let own = vault.open(&context("acme", "1"), &sealed, NOW).await;
    let stranger = vault.open(&context("other", "1"), &sealed, NOW).await;

    assert!(own.is_ok(), "{own:?}");
    assert!(matches!(stranger, Err(VaultError::Tampered)), "{stranger:?}");
}

#[tokio::test]
async fn a_data_key_from_another_kms_key_than_the_named_one_is_not_used() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let lenient = mock!(Client::decrypt).then_output(|| decrypted(vec![0; KEY_BYTES], NEW_KEY));
    let vault = vault(OLD_KEY, [&kms.generate(), &lenient, &kms.re_encrypt()]);
    let outcome = vault.open(&context("acme", "1"), &sealed, NOW).await;
    assert!(matches!(outcome, Err(VaultError::Tampered)), "{outcome:?}");
}

#[tokio::test]
async fn a_data_key_is_unwrapped_once_in_five_minutes() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let decrypt = kms.decrypt();
    let vault = vault(OLD_KEY, [&kms.generate(), &decrypt, &kms.re_encrypt()]);

    for second in [0, 1, 299] {
        vault.open(&context("acme", "1"), &sealed, NOW.plus(second)).await.expect("opens");
    }
    assert_eq!(decrypt.num_calls(), 1);

    vault.open(&context("acme", "1"), &sealed, NOW.plus(300)).await.expect("opens");
    assert_eq!(decrypt.num_calls(), 2);
}

#[tokio::test]
async fn what_was_sealed_here_opens_here_without_a_call() {
    let kms = Kms::default();
    let decrypt = kms.decrypt();
    let vault = vault(OLD_KEY, [&kms.generate(), &decrypt, &kms.re_encrypt()]);
    let sealed = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");

    assert_eq!(vault.open(&context("acme", "1"), &sealed, NOW).await.expect("opens").expose(), "IGAAtoken");
    assert_eq!(decrypt.num_calls(), 0);
}

#[tokio::test]
async fn a_rewrapped_token_opens_under_the_new_key_and_was_not_decrypted_on_the_way() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let decrypt = kms.decrypt();
    let vault_of_new_key = vault(NEW_KEY, [&kms.generate(), &decrypt, &kms.re_encrypt()]);

    let moved = vault_of_new_key.rewrap(&context("acme", "1"), &sealed).await.expect("rewraps");

    assert_eq!(decrypt.num_calls(), 0);
    assert_eq!(Envelope::parse(&moved).expect("is an envelope").key_id, NEW_KEY);
    for (form, name) in [(&moved, "new"), (&sealed, "old")] {
        let opened = vault_of(&kms, NEW_KEY).open(&context("acme", "1"), form, NOW).await;
        assert_eq!(opened.expect("opens").expose(), "IGAAtoken", "{name}");
    }
}

#[tokio::test]
async fn a_token_is_not_rewrapped_into_another_context() {
    let kms = Kms::default();
    let vault = vault_of(&kms, OLD_KEY);
    let sealed = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let outcome = vault.rewrap(&context("other", "1"), &sealed).await;
    assert!(matches!(outcome, Err(VaultError::Tampered)), "{outcome:?}");
}

#[tokio::test]
async fn a_version_of_the_future_is_refused_without_asking_kms() {
    let kms = Kms::default();
    let decrypt = kms.decrypt();
    let vault = vault(OLD_KEY, [&kms.generate(), &decrypt, &kms.re_encrypt()]);
    let outcome = vault.open(&context("acme", "1"), &SealedToken::new("v2.AAAA".to_owned()), NOW).await;
    assert!(matches!(outcome, Err(VaultError::UnknownVersion)), "{outcome:?}");
    assert_eq!(decrypt.num_calls(), 0);
}

#[tokio::test]
async fn when_kms_does_not_answer_nothing_is_wrong_with_the_token() {
    let kms = Kms::default();
    let sealed = vault_of(&kms, OLD_KEY).seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let denied = mock!(Client::decrypt)
        .then_error(|| DecryptError::generic(ErrorMetadata::builder().code("AccessDeniedException").build()));
    let vault = vault(OLD_KEY, [&kms.generate(), &denied, &kms.re_encrypt()]);

    let outcome = vault.open(&context("acme", "1"), &sealed, NOW).await;

    assert!(matches!(outcome, Err(VaultError::Kms(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_without_a_usable_key_is_kms_failing() {
    let kms = Kms::default();
    let short = mock!(Client::generate_data_key).then_output(|| {
        GenerateDataKeyOutput::builder()
            .plaintext(Blob::new(vec![1; 16]))
            .ciphertext_blob(Blob::new(vec![2; 16]))
            .key_id(OLD_KEY)
            .build()
    });
    let vault = vault(OLD_KEY, [&short, &kms.decrypt(), &kms.re_encrypt()]);
    let outcome = vault.seal(&context("acme", "1"), &token(), NOW).await;
    assert!(matches!(outcome, Err(VaultError::Kms(_))), "{outcome:?}");
}

#[tokio::test]
async fn no_failure_shows_the_token() {
    let kms = Kms::default();
    let vault = vault_of(&kms, OLD_KEY);
    let sealed = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    let refusal = vault.open(&context("other", "1"), &sealed, NOW).await.expect_err("another tenant");
    let shown = format!("{refusal} {refusal:?}");
    assert!(!shown.contains("IGAA") && !shown.contains(sealed.as_str()), "{shown}");
}

#[tokio::test]
async fn a_sealed_token_with_any_character_changed_does_not_open() {
    let kms = Kms::default();
    let vault = vault_of(&kms, OLD_KEY);
    let sealed = vault.seal(&context("acme", "1"), &token(), NOW).await.expect("seals");
    for (position, original) in sealed.as_str().char_indices() {
        for other in ["A", "_", "z", "."].into_iter().filter(|other| *other != original.to_string()) {
            let mut altered = sealed.as_str().to_owned();
            altered.replace_range(position..=position, other);

            let outcome = vault.open(&context("acme", "1"), &SealedToken::new(altered), NOW).await;

            let refused = matches!(outcome, Err(VaultError::Tampered | VaultError::UnknownVersion));
            assert!(refused, "{other} at {position}: {outcome:?}");
        }
    }
}
