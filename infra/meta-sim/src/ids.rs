//! Identifiers that look like Meta's. Those of people and accounts follow from their names, so that they are the same
//! in every run; those of messages, tokens and codes are random.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Conversation ids begin so; `mid`s begin otherwise.
const CONVERSATION_PREFIX: &str = "aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6";
const MID_PREFIX: &str = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOj";

const MESSENGER_CONVERSATION: &str = "t_";
const MESSENGER_MID: &str = "m_";

/// How `mid`s of Messenger look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MidShape {
    /// `m_…`
    M,
    /// `mid.$c…`
    Dollar,
    /// `mid.<milliseconds>:<hexadecimal digits>`
    Hex,
}

/// Decimal digits that follow from a seed and begin with a prefix.
pub(crate) fn digits(seed: &str, prefix: &str, length: usize) -> String {
    let mut text = prefix.to_owned();
    for byte in Sha256::digest(seed.as_bytes()) {
        text.push(char::from(b'0' + byte % 10));
    }
    text.truncate(length);
    text
}

/// The IGSID of a person towards one professional account: another one for each account.
pub(crate) fn igsid(account_id: &str, contact: &str) -> String {
    digits(&format!("igsid/{account_id}/{contact}"), "8", 16)
}

/// The PSID of a person towards one Page: another one for each Page, and none of their IGSIDs.
pub(crate) fn psid(page_id: &str, contact: &str) -> String {
    digits(&format!("psid/{page_id}/{contact}"), "7", 16)
}

/// What a plugin on a website calls a person who has not written to the Page yet.
pub(crate) fn user_ref(page_id: &str, contact: &str) -> String {
    format!("box-{}", digits(&format!("user_ref/{page_id}/{contact}"), "", 12))
}

/// What a person who opted in to notification messages is reached by.
pub(crate) fn notification_token(page_id: &str, contact: &str) -> String {
    digits(&format!("notification/{page_id}/{contact}"), "5", 19)
}

/// The id of an account holder towards one app.
pub(crate) fn app_scoped(app_id: &str, holder: &str) -> String {
    digits(&format!("scoped/{app_id}/{holder}"), "2", 17)
}

/// A new `mid`: pseudo-base64 of about 170 characters.
pub(crate) fn mid(account_id: &str) -> String {
    let inside = format!("{account_id}:{}:{}", random_digits(39), random_digits(40));
    format!("{MID_PREFIX}{}ZD", BASE64_STANDARD_NO_PAD.encode(inside))
}

/// A new `mid` of Messenger, in one of the shapes that are seen.
pub(crate) fn messenger_mid(shape: MidShape, now_ms: i64) -> String {
    match shape {
        MidShape::M => format!("{MESSENGER_MID}{}", random_text(108)),
        MidShape::Dollar => format!("mid.$c{}", random_text(32)),
        MidShape::Hex => format!("mid.{now_ms}:{}", hex::encode(rand::random::<[u8; 9]>())),
    }
}

/// What the Conversations API calls a message where it has an id of its own.
pub(crate) fn listed_mid(mid: &str) -> String {
    format!("{MESSENGER_MID}{}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(mid.as_bytes())))
}

/// The id of the conversation of a Page with a person.
pub(crate) fn messenger_conversation(page_id: &str, contact: &str) -> String {
    digits(&format!("thread/{page_id}/{contact}"), MESSENGER_CONVERSATION, 18)
}

/// The id of the conversation of an account with a person.
pub(crate) fn conversation(account_id: &str, contact: &str) -> String {
    let inside = format!("{account_id}:{}", digits(&format!("thread/{account_id}/{contact}"), "3", 32));
    format!("{CONVERSATION_PREFIX}{}ZD", BASE64_STANDARD_NO_PAD.encode(inside))
}

pub(crate) fn is_conversation(id: &str) -> bool {
    id.starts_with(CONVERSATION_PREFIX) || id.starts_with(MESSENGER_CONVERSATION)
}

pub(crate) fn is_mid(id: &str) -> bool {
    ["aWdf", MESSENGER_MID, "mid."].iter().any(|prefix| id.starts_with(prefix)) && !is_conversation(id)
}

/// Whether the id of a conversation or a message is one of Messenger.
pub(crate) fn is_of_messenger(id: &str) -> bool {
    [MESSENGER_CONVERSATION, MESSENGER_MID, "mid."].iter().any(|prefix| id.starts_with(prefix))
}

/// A new access token of `graph.instagram.com`.
pub(crate) fn instagram_token() -> String {
    format!("IGAA{}ZD", random_text(132))
}

/// A new access token of `graph.facebook.com`.
pub(crate) fn facebook_token() -> String {
    format!("EAA{}ZD", random_text(180))
}

/// A new authorization code.
pub(crate) fn code() -> String {
    format!("AQB{}", random_text(120))
}

/// A new media, comment or attachment id.
pub(crate) fn object() -> String {
    format!("179{}", random_digits(14))
}

/// What Meta's support would ask for.
pub(crate) fn trace() -> String {
    format!("A{}", random_text(16))
}

fn random_digits(length: usize) -> String {
    (0..length).map(|_| char::from(b'0' + rand::random::<u8>() % 10)).collect()
}

fn random_text(bytes: usize) -> String {
    let noise: Vec<u8> = (0..bytes * 3 / 4).map(|_| rand::random()).collect();
    BASE64_URL_SAFE_NO_PAD.encode(noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mid_is_about_170_characters_and_new_each_time() {
        let (one, other) = (mid("17841405726653026"), mid("17841405726653026"));
        assert!((160..180).contains(&one.len()), "{}", one.len());
        assert_ne!(one, other);
        assert!(is_mid(&one) && !is_conversation(&one));
    }

    #[test]
    fn an_igsid_differs_for_each_account_and_stays() {
        assert_ne!(igsid("1", "ines"), igsid("2", "ines"));
        assert_eq!(igsid("1", "ines"), igsid("1", "ines"));
    }
}
