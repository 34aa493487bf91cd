//! What every message goes through.

use std::hint::black_box;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use domain::secret::AppSecret;
use domain::{AccessToken, Account, Login, TenantId, UnixMillis, UnixSeconds};
use hmac::{Hmac, KeyInit as _, Mac as _};
use meta::{QueuedEvent, SignedPayload};
use serde_json::{Value, json};
use sha2::Sha256;
use store::{Filter, InboxStore, Tables};
use tokio::runtime::Runtime;
use vault::{TokenContext, Vault};

use crate::Failure;
use crate::canned::Canned;

/// What is counted, once everything that it needs is there.
pub(crate) type Step = Box<dyn FnMut() -> Result<(), Failure>>;

/// Gets everything ready.
type Path = fn() -> Result<Step, Failure>;

/// All of them, by the name in the baseline.
pub(crate) const PATHS: [(&str, Path); 5] = [
    ("receive: verify, split, queue", receive),
    ("process: read an event", read),
    ("vault: seal, without KMS", seal),
    ("vault: open, data key known", open),
    ("inbox: a page after a cursor", page),
];

/// Two DMs as Meta sends them.
const NOTIFICATION: &str = r#"{"object":"instagram","entry":[{"time":1795164301447,"id":"17841400000000001","messaging":[{"sender":{"id":"7340000000000001"},"recipient":{"id":"17841400000000001"},"timestamp":1795164300447,"message":{"mid":"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAxOjM0MDI4MjM2Njg0MTcxMDMwMTI0NDI3","text":"\u00bfAbr\u00eds ma\u00f1ana?"}},{"sender":{"id":"7340000000000001"},"recipient":{"id":"17841400000000001"},"timestamp":1795164301259,"message":{"mid":"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAxOjM0MDI4MjM2Njg0MTcxMDMwMTI0NDI4","text":"Somos cuatro personas"}}]}]}"#;

/// What KMS answers `GenerateDataKey`: 32 bytes, and the same wrapped.
const DATA_KEY: &str = r#"{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000001","Plaintext":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","CiphertextBlob":"AQIDAHgAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw=="}"#;

const NOW: UnixSeconds = UnixSeconds::new(1_795_164_301);

/// A page of the inbox, and one conversation more: there is a next page.
const CONVERSATIONS: u64 = 26;

fn receive() -> Result<Step, Failure> {
    let secret = AppSecret::new("0123456789abcdef0123456789abcdef".to_owned());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())?;
    mac.update(NOTIFICATION.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    Ok(Box::new(move || {
        let body = black_box(NOTIFICATION.as_bytes());
        let (payload, ()) = SignedPayload::verify(body, Some(&signature), std::iter::once((&secret, ())))?;
        for event in &payload.split()?.events {
            let queued = event.queued(Login::Instagram, UnixMillis::new(1_795_164_301_539));
            black_box((serde_json::to_string(&queued)?, queued.group_id(), queued.deduplication_id()));
        }
        Ok(())
    }))
}

fn read() -> Result<Step, Failure> {
    let sample: Value = serde_json::from_str(include_str!("../../../../events/processor.json"))?;
    let body = sample["Records"][0]["body"].as_str().ok_or("the sample has a record")?.to_owned();
    Ok(Box::new(move || {
        let queued: QueuedEvent = serde_json::from_str(black_box(&body))?;
        black_box(meta::read(&queued)?);
        Ok(())
    }))
}

fn seal() -> Result<Step, Failure> {
    let (vault, context, token) = vault()?;
    let runtime = runtime()?;
    Ok(Box::new(move || {
        black_box(runtime.block_on(vault.seal(&context, &token, NOW))?);
        Ok(())
    }))
}

fn open() -> Result<Step, Failure> {
    let (vault, context, token) = vault()?;
    let runtime = runtime()?;
    let sealed = runtime.block_on(vault.seal(&context, &token, NOW))?;
    Ok(Box::new(move || {
        black_box(runtime.block_on(vault.open(&context, black_box(&sealed), NOW))?);
        Ok(())
    }))
}

fn page() -> Result<Step, Failure> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials())
        .http_client(Canned(conversations()))
        .build();
    let tables = Tables { conversations: "buzon-conversations".to_owned(), ..Tables::default() };
    let inbox = InboxStore::new(aws_sdk_dynamodb::Client::from_conf(config), &tables);
    let tenant = TenantId::try_from("acme")?;
    let runtime = runtime()?;
    let first = runtime.block_on(inbox.conversations(&tenant, None, 25, Filter::default()))?;
    let cursor = first.cursor.ok_or("the page has a next one")?;
    Ok(Box::new(move || {
        let page = inbox.conversations(&tenant, Some(black_box(&cursor)), 25, Filter::default());
        black_box(runtime.block_on(page)?);
        Ok(())
    }))
}

/// What `DynamoDB` answers a query of the list's index.
fn conversations() -> String {
    let items: Vec<Value> = (0..CONVERSATIONS).map(conversation).collect();
    json!({"Count": CONVERSATIONS, "ScannedCount": CONVERSATIONS, "Items": items}).to_string()
}

fn conversation(number: u64) -> Value {
    let (id, at) = (format!("{number:032x}"), (1_795_164_300_000 - number).to_string());
    let last_message = json!({
        "id": {"S": format!("{at}-0f1e2d3c4b5a6978")}, "direction": {"S": "inbound"}, "author": {"S": "customer"},
        "kind": {"S": "message"}, "preview": {"S": "¿Tenéis mesa para cuatro personas esta noche?"},
    });
    let contact = json!({
        "id": {"S": format!("7340000000{number:06}")}, "name": {"S": "Inès Moreau"}, "username": {"S": "ines.moreau"},
        "picture_url": {"S": "https://scontent.cdninstagram.com/v/t51.2885-19/1.jpg?stp=dst-jpg_s206x206"},
        "picture_at": {"N": at}, "profile_state": {"S": "known"}, "profile_checked_at": {"N": at},
    });
    json!({
        "pk": {"S": "TENANT#acme"}, "sk": {"S": format!("CONVERSATION#{id}")}, "id": {"S": id},
        "account": {"S": "meta_instagram#17841400000000001"}, "contact": {"M": contact},
        "state": {"S": "open"}, "last_message": {"M": last_message}, "last_message_at": {"N": at}, "unread": {"N": "1"},
        "window_opened_at": {"N": at}, "created_at": {"N": at},
    })
}

fn vault() -> Result<(Vault, TokenContext, AccessToken), Failure> {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials())
        .http_client(Canned(DATA_KEY.to_owned()))
        .build();
    let context =
        TokenContext::access_token(TenantId::try_from("acme")?, Account::instagram("17841400000000001".try_into()?));
    let token = AccessToken::new("IGAA0123456789".repeat(12));
    Ok((Vault::new(aws_sdk_kms::Client::from_conf(config), "alias/tokens".to_owned()), context, token))
}

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "instructions")
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_time().build()?)
}
