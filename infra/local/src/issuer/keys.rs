//! The issuer's signing key, kept so that yesterday's browser sessions survive a restart.

use std::{io, path::Path, sync::OnceLock};

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde_json::{Map, Value as Json};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key's file.
    #[error("the issuer's key could not be read or written")]
    File(#[from] io::Error),
    /// The file's content.
    #[error("the issuer's key is unusable")]
    Unusable(#[from] jsonwebtoken::errors::Error),
    /// The generator.
    #[error("no key could be made")]
    Generate,
}

/// A private RSA key with its public half.
pub(crate) struct SigningKey {
    private: EncodingKey,
    id: String,
    public: JwkSet,
}

/// Providers may sign access tokens with another key than ID tokens. Here it is the same one under two names.
const OF_ACCESS_TOKENS: &str = "access";

impl SigningKey {
    /// Finds the key of the last run in a file, or makes one.
    pub(crate) fn load(file: &Path) -> Result<Self, KeyError> {
        let pem = match std::fs::read_to_string(file) {
            Ok(known) => known,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = generated()?;
                write_private(file, &fresh)?;
                fresh
            }
            Err(error) => return Err(error.into()),
        };
        let private = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::RS256)?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let mut second = public.clone();
        second.common.key_id = Some(OF_ACCESS_TOKENS.to_owned());
        Ok(Self { private, id, public: JwkSet { keys: vec![public, second] } })
    }

    pub(crate) const fn public(&self) -> &JwkSet {
        &self.public
    }

    /// Signs an ID token.
    pub(crate) fn sign(&self, claims: &Map<String, Json>) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign_as(&self.id, claims)
    }

    /// Signs an access token.
    pub(crate) fn sign_access(&self, claims: &Map<String, Json>) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign_as(OF_ACCESS_TOKENS, claims)
    }

    fn sign_as(&self, key_id: &str, claims: &Map<String, Json>) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.private)
    }
}

/// One key for all stacks of a process: making one takes a noticeable part of a second.
fn generated() -> Result<String, KeyError> {
    static KEY: OnceLock<String> = OnceLock::new();
    if let Some(known) = KEY.get() {
        return Ok(known.clone());
    }
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
    let der = AsDer::as_der(&pair).map_err(|_| KeyError::Generate)?;
    Ok(KEY.get_or_init(|| pem(der.as_ref())).clone())
}

/// PKCS #8 in the text form of RFC 7468.
fn pem(der: &[u8]) -> String {
    const LINE: usize = 64;
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(LINE).map(|at| &text[at..text.len().min(at + LINE)]).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

fn write_private(file: &Path, content: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)?.write_all(content.as_bytes())
}
