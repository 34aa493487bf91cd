//! What may be called.

use std::collections::BTreeSet;

use edge::{ConfigError, Environment};

/// The ports, and hosts for which nothing else is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub(crate) ports: BTreeSet<u16>,
    pub(crate) allowed: BTreeSet<String>,
}

/// The port of https.
const HTTPS: u16 = 443;

impl Default for Reach {
    /// Port 443, and no host of our own.
    fn default() -> Self {
        Self { ports: BTreeSet::from([HTTPS]), allowed: BTreeSet::new() }
    }
}

impl Reach {
    /// `WEBHOOK_PORTS`, as `443,8443` (default: 443), and `WEBHOOK_ALLOWED_HOSTS`, as `127.0.0.1,localhost`: at these hosts any port is
    /// called, without TLS too. Only the local stack names any.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where what should be a port is none.
    pub fn new(env: &Environment) -> Result<Self, ConfigError> {
        let ports = env.optional("WEBHOOK_PORTS").unwrap_or_else(|| HTTPS.to_string());
        let ports = list(&ports).map(|port| port.parse().map_err(|error: std::num::ParseIntError| error));
        let ports = ports.collect::<Result<_, _>>().map_err(|error| ConfigError::invalid("WEBHOOK_PORTS", error))?;
        let allowed = env.optional("WEBHOOK_ALLOWED_HOSTS").unwrap_or_default();
        Ok(Self { ports, allowed: list(&allowed).map(str::to_owned).collect() })
    }

    /// The same, and these hosts.
    #[must_use]
    pub fn allowing(mut self, hosts: &[&str]) -> Self {
        self.allowed.extend(hosts.iter().map(|host| (*host).to_owned()));
        self
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
