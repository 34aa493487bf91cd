//! Identifiers that look like Meta's. Those of people and accounts follow from their names, so that they are the same
//! in every run; those of messages, tokens and codes are random.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};

/// Conversation ids begin so; `mid`s begin otherwise.
const CONVERSATION_PREFIX: &str = "aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6";
const MID_PREFIX: &str = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOj";

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

/// The id of an account holder towards one app.
pub(crate) fn app_scoped(app_id: &str, holder: &str) -> String {
    digits(&format!("scoped/{app_id}/{holder}"), "2", 17)
}

/// A new `mid`: pseudo-base64 of about 170 characters.
pub(crate) fn mid(account_id: &str) -> String {
    let inside = format!("{account_id}:{}:{}", random_digits(39), random_digits(40));
    format!("{MID_PREFIX}{}ZD", BASE64_STANDARD_NO_PAD.encode(inside))
}

/// The id of the conversation of an account with a person.
pub(crate) fn conversation(account_id: &str, contact: &str) -> String {
    let inside = format!("{account_id}:{}", digits(&format!("thread/{account_id}/{contact}"), "3", 32));
    format!("{CONVERSATION_PREFIX}{}ZD", BASE64_STANDARD_NO_PAD.encode(inside))
}

pub(crate) fn is_conversation(id: &str) -> bool {
    id.starts_with(CONVERSATION_PREFIX)
}

pub(crate) fn is_mid(id: &str) -> bool {
    id.starts_with("aWdf") && !is_conversation(id)
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
