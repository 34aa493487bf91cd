//! KMS: keys that never leave it, data keys, encryption contexts, rotation, and the states of a key.

mod errors;
mod key;
mod ring;

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use self::key::{Ciphertext, Context, Key, State, Usage, random_bytes};
use self::ring::Ring;
use crate::clock::{Clock, seconds};
use crate::error::{Answer, ServiceError, input};
use crate::store::{Store, StoreError};

/// The most bytes `Encrypt` takes; larger data is sealed with a data key.
const MAX_PLAINTEXT: usize = 4096;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Bytes in JSON: base64 text.
struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// All keys.
#[derive(Debug)]
pub(crate) struct Kms {
    ring: Mutex<Ring>,
    clock: Clock,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfKey {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateKey {
    #[serde(default)]
    description: String,
    key_usage: Option<Usage>,
    key_spec: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt {
    key_id: String,
    plaintext: Blob,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    ciphertext_blob: Blob,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReEncrypt {
    ciphertext_blob: Blob,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: Context,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    alias_name: String,
    target_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListAliases {
    key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnableRotation {
    key_id: String,
    rotation_period_in_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Proof {
    key_id: String,
    message: Blob,
    mac: Option<Blob>,
    signature: Option<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateRandom {
    number_of_bytes: usize,
}

impl Kms {
    pub(crate) fn open(store: Arc<Store>, clock: Clock) -> Result<Self, StoreError> {
        Ok(Self { ring: Mutex::new(Ring::load(store)?), clock })
    }

    /// The key that a request names, or that its ciphertext does.
    pub(crate) fn arn(&self, request: &Value) -> Option<String> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let name = ["KeyId", "DestinationKeyId"].into_iter().find_map(|name| request[name].as_str());
        let key = if let Some(name) = name {
            ring.find(name).ok()
        } else {
            let Blob(ciphertext) = Blob::deserialize(&request["CiphertextBlob"]).ok()?;
            ring.by_id(Ciphertext::parse(&ciphertext).ok()?.key)
        };
        key.map(Key::arn)
    }

    pub(crate) fn call(&self, operation: &str, body: Value) -> Answer {
        let ring = &mut *self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.clock.now_ms();
        ring.delete_due(now_ms)?;
        match operation {
            "Encrypt" => encrypt(ring, input(body)?),
            "Decrypt" => decrypt(ring, &input(body)?),
            "ReEncrypt" => re_encrypt(ring, &input(body)?),
            "GenerateDataKey" => generate_data_key(ring, &input(body)?),
            "GenerateDataKeyWithoutPlaintext" => {
                let mut answer = generate_data_key(ring, &input(body)?)?;
                answer.as_object_mut().and_then(|members| members.remove("Plaintext"));
                Ok(answer)
            }
            "GenerateRandom" => {
                let GenerateRandom { number_of_bytes } = input(body)?;
                Ok(json!({ "Plaintext": BASE64.encode(random_bytes(number_of_bytes.min(1024))?) }))
            }
            "GenerateMac" | "VerifyMac" | "Sign" | "Verify" => prove(ring, operation, &input(body)?),
            "CreateAlias" | "UpdateAlias" | "DeleteAlias" => {
                let Alias { alias_name, target_key_id } = input(body)?;
                match (operation, target_key_id) {
                    ("DeleteAlias", _) => ring.delete_alias(&alias_name)?,
                    (_, Some(target)) => ring.set_alias(&alias_name, &target, operation == "CreateAlias")?,
                    (_, None) => return Err(ServiceError::validation("TargetKeyId must not be null")),
                }
                Ok(json!({}))
            }
            "ListAliases" => ring.aliases(input::<ListAliases>(body)?.key_id.as_deref()),
            _ => manage(ring, operation, body, now_ms),
        }
    }
}

/// The operations on keys themselves.
fn manage(ring: &mut Ring, operation: &str, body: Value, now_ms: i64) -> Answer {
    match operation {
        "CreateKey" => {
            let CreateKey { description, key_usage, key_spec } = input(body)?;
            let spec = key_spec.unwrap_or_else(|| "SYMMETRIC_DEFAULT".into());
            let key = Key::create(key_usage.unwrap_or(Usage::Encrypt), spec, description, now_ms)?;
            let metadata = key.metadata();
            ring.insert(key)?;
            Ok(json!({ "KeyMetadata": metadata }))
        }
        "DescribeKey" => Ok(json!({ "KeyMetadata": ring.find(&input::<OfKey>(body)?.key_id)?.metadata() })),
        "ListKeys" => Ok(ring.keys()),
        "EnableKey" | "DisableKey" => {
            let state = if operation == "EnableKey" { State::Enabled } else { State::Disabled };
            ring.change(&input::<OfKey>(body)?.key_id, |key| match key.state {
                State::PendingDeletion => Err(errors::invalid_state(&key.arn(), "is pending deletion")),
                State::Enabled | State::Disabled => {
                    key.state = state;
                    Ok(json!({}))
                }
            })
        }
        "ScheduleKeyDeletion" => {
            let ScheduleDeletion { key_id, pending_window_in_days } = input(body)?;
            let days = pending_window_in_days.unwrap_or(30);
            if !(7..=30).contains(&days) {
                return Err(ServiceError::validation("PendingWindowInDays must be between 7 and 30"));
            }
            ring.change(&key_id, |key| {
                let deletion_ms = now_ms + days * DAY_MS;
                key.state = State::PendingDeletion;
                key.deletion_ms = Some(deletion_ms);
                Ok(json!({
                    "KeyId": key.arn(), "DeletionDate": seconds(deletion_ms),
                    "KeyState": key.state, "PendingWindowInDays": days,
                }))
            })
        }
        "CancelKeyDeletion" => ring.change(&input::<OfKey>(body)?.key_id, |key| {
            if key.state != State::PendingDeletion {
                return Err(errors::invalid_state(&key.arn(), "is not pending deletion"));
            }
            key.state = State::Disabled;
            key.deletion_ms = None;
            Ok(json!({ "KeyId": key.arn() }))
        }),
        _ => rotate(ring, operation, body, now_ms),
    }
}

fn rotate(ring: &mut Ring, operation: &str, body: Value, now_ms: i64) -> Answer {
    match operation {
        "EnableKeyRotation" => {
            let EnableRotation { key_id, rotation_period_in_days } = input(body)?;
            ring.change(&key_id, |key| {
                key.check(Usage::Encrypt)?;
                key.rotation_days = Some(rotation_period_in_days.unwrap_or(365));
                Ok(json!({}))
            })
        }
        "DisableKeyRotation" => ring.change(&input::<OfKey>(body)?.key_id, |key| {
            key.rotation_days = None;
            Ok(json!({}))
        }),
        "GetKeyRotationStatus" => {
            let key = ring.find(&input::<OfKey>(body)?.key_id)?;
            let mut status = json!({ "KeyId": key.id, "KeyRotationEnabled": key.rotation_days.is_some() });
            if let Some(days) = key.rotation_days {
                status["RotationPeriodInDays"] = days.into();
            }
            Ok(status)
        }
        "RotateKeyOnDemand" => ring.change(&input::<OfKey>(body)?.key_id, |key| {
            key.check(Usage::Encrypt)?;
            key.rotate(now_ms)?;
            Ok(json!({ "KeyId": key.id }))
        }),
        "ListKeyRotations" => {
            let rotations = ring.find(&input::<OfKey>(body)?.key_id)?.rotations();
            Ok(json!({ "Rotations": rotations, "Truncated": false }))
        }
        _ => Err(ServiceError::unknown_operation()),
    }
}

fn encrypt(ring: &Ring, request: Encrypt) -> Answer {
    let Encrypt { key_id, plaintext: Blob(plaintext), encryption_context } = request;
    let key = usable(ring, &key_id, Usage::Encrypt)?;
    if plaintext.is_empty() || plaintext.len() > MAX_PLAINTEXT {
        let rule = "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have \
                    length between 1 and 4096";
        return Err(ServiceError::validation(rule));
    }
    let ciphertext = key.encrypt(&plaintext, &encryption_context)?;
    Ok(json!({
        "KeyId": key.arn(), "CiphertextBlob": BASE64.encode(ciphertext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn decrypt(ring: &Ring, request: &Decrypt) -> Answer {
    let Blob(ciphertext) = &request.ciphertext_blob;
    let (key, plaintext) = open(ring, ciphertext, request.key_id.as_deref(), &request.encryption_context)?;
    Ok(json!({
        "KeyId": key.arn(), "Plaintext": BASE64.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn re_encrypt(ring: &Ring, request: &ReEncrypt) -> Answer {
    let Blob(ciphertext) = &request.ciphertext_blob;
    let expected = request.source_key_id.as_deref();
    let (source, plaintext) = open(ring, ciphertext, expected, &request.source_encryption_context)?;
    let destination = usable(ring, &request.destination_key_id, Usage::Encrypt)?;
    let sealed = destination.encrypt(&plaintext, &request.destination_encryption_context)?;
    Ok(json!({
        "CiphertextBlob": BASE64.encode(sealed),
        "SourceKeyId": source.arn(),
        "KeyId": destination.arn(),
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

/// Opens a ciphertext with the key it names, after that key has been compared with the one the caller expects.
fn open<'a>(
    ring: &'a Ring,
    ciphertext: &[u8],
    expected: Option<&str>,
    context: &Context,
) -> Result<(&'a Key, Vec<u8>), ServiceError> {
    let ciphertext = Ciphertext::parse(ciphertext)?;
    if let Some(expected) = expected
        && ring.find(expected)?.id != ciphertext.key
    {
        let message = "The key ID in the request does not identify a KMS key that can perform this operation.";
        return Err(ServiceError::new("IncorrectKeyException", message));
    }
    let key = ring.by_id(ciphertext.key).ok_or_else(errors::invalid_ciphertext)?;
    key.check(Usage::Encrypt)?;
    Ok((key, key.decrypt(&ciphertext, context)?))
}

fn generate_data_key(ring: &Ring, request: &GenerateDataKey) -> Answer {
    let key = usable(ring, &request.key_id, Usage::Encrypt)?;
    let bytes = match (request.key_spec.as_deref(), request.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes)) if (1..=1024).contains(&bytes) => bytes,
        _ => {
            let rule = "Please specify either number of bytes or key spec.";
            return Err(ServiceError::validation(rule));
        }
    };
    let plaintext = random_bytes(bytes)?;
    let ciphertext = key.encrypt(&plaintext, &request.encryption_context)?;
    Ok(json!({
        "KeyId": key.arn(), "Plaintext": BASE64.encode(plaintext), "CiphertextBlob": BASE64.encode(ciphertext),
    }))
}

fn prove(ring: &Ring, operation: &str, request: &Proof) -> Answer {
    let usage = if operation.ends_with("Mac") { Usage::Mac } else { Usage::Sign };
    let key = usable(ring, &request.key_id, usage)?;
    let Blob(message) = &request.message;
    let given = |blob: &Option<Blob>| blob.as_ref().map(|Blob(bytes)| bytes.clone()).unwrap_or_default();
    let mut answer = match operation {
        "GenerateMac" => json!({ "Mac": BASE64.encode(key.mac(message)?), "MacAlgorithm": "HMAC_SHA_256" }),
        "VerifyMac" if key.is_mac_of(message, &given(&request.mac))? => {
            json!({ "MacValid": true, "MacAlgorithm": "HMAC_SHA_256" })
        }
        "VerifyMac" => return Err(ServiceError::new("KMSInvalidMacException", "The MAC is not valid.")),
        "Sign" => json!({ "Signature": BASE64.encode(key.sign(message)?), "SigningAlgorithm": "ECDSA_SHA_256" }),
        _ if key.is_signature_of(message, &given(&request.signature))? => {
            json!({ "SignatureValid": true, "SigningAlgorithm": "ECDSA_SHA_256" })
        }
        _ => return Err(ServiceError::new("KMSInvalidSignatureException", "The signature is not valid.")),
    };
    answer["KeyId"] = key.arn().into();
    Ok(answer)
}

fn usable<'a>(ring: &'a Ring, id: &str, usage: Usage) -> Result<&'a Key, ServiceError> {
    let key = ring.find(id)?;
    key.check(usage)?;
    Ok(key)
}
