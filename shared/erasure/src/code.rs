//! The codes that deletions are known by.

use domain::id::AppScopedId;
use domain::secret::AppSecret;
use domain::{ErasureCode, UnixSeconds};
use hmac::{Hmac, KeyInit as _, Mac as _};
use login::Nonce;
use sha2::Sha256;

/// A code for a deletion that only its answer names: nobody guesses it.
///
/// # Panics
///
/// When the operating system has no random bytes.
#[must_use]
pub fn random_code() -> ErasureCode {
    let digits = Nonce::random().hash()[..32].to_owned();
    ErasureCode::try_from(digits).expect("a hash is hexadecimal")
}

/// The code of what Meta demands for a person: the same whenever the same demand comes, and nobody can make it who has not
/// the app's secret. A demand is another one when it was issued at another time.
///
/// # Panics
///
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn demand_code(secret: &AppSecret, person: &AppScopedId, issued_at: Option<UnixSeconds>) -> ErasureCode {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes any key");
    mac.update(format!("data-deletion\n{person}\n{:?}", issued_at.map(UnixSeconds::get)).as_bytes());
    let digest = mac.finalize().into_bytes();
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest[..16]);
    ErasureCode::new(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_has_its_code_by_secret_person_and_time() {
        let code = |secret: &str, person: &str, at: Option<i64>| {
            let person = person.try_into().expect("an id");
            demand_code(&AppSecret::new(secret.to_owned()), &person, at.map(UnixSeconds::new))
        };
        let demand = code("secret", "1", Some(7));
        assert_eq!(code("secret", "1", Some(7)), demand);
        for other in [
            code("other", "1", Some(7)),
            code("secret", "2", Some(7)),
            code("secret", "1", Some(8)),
            code("secret", "1", None),
        ] {
            assert_ne!(other, demand);
        }
    }
}
