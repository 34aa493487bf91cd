//! Random text for passwords and ARNs.

use rand::RngExt;

use super::api::RandomPassword;

const LETTERS_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const WITH_PUNCTUATION: &[u8] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~";

pub(super) fn random_password(request: &RandomPassword) -> String {
    let alphabet = if request.exclude_punctuation { LETTERS_AND_DIGITS } else { WITH_PUNCTUATION };
    random_text(request.password_length, alphabet)
}

fn random_text(length: usize, alphabet: &[u8]) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(alphabet[random.random_range(0..alphabet.len())])).collect()
}

/// The six characters that end a secret's ARN.
pub(super) fn random_suffix() -> String {
    random_text(6, LETTERS_AND_DIGITS)
}
