//! What a name leads to: public addresses only, each time that a connection is opened.
//!
//! The connection is opened to the addresses that were looked at here and to no others, so a name that leads elsewhere the next
//! time it is asked for (DNS rebinding) gains nothing. Numbers in an address do not come by here: [`crate::Address`] has looked at them.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::OnceCell;

use crate::public::is_public;
use crate::reach::Reach;

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// There is no such name, or nobody says.
    #[error("the name was not found")]
    Unknown,
    /// It leads to nothing that everybody on the Internet could call.
    #[error("the name leads to no public address")]
    NotPublic,
}

type Found = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>>> + Send>>;
type Lookup = dyn Fn(String) -> Found + Send + Sync;

/// The resolver.
#[derive(Clone)]
pub struct Names {
    lookup: Arc<Lookup>,
    allowed: Arc<BTreeSet<String>>,
}

impl Names {
    /// Asks the name servers of this machine. Makes no call.
    #[must_use]
    pub fn new(reach: &Reach) -> Self {
        let resolver: Arc<OnceCell<TokioResolver>> = Arc::default();
        let ask = move |name: String| -> Found {
            let resolver = Arc::clone(&resolver);
            Box::pin(async move {
                let resolver = resolver.get_or_try_init(|| async { TokioResolver::builder_tokio()?.build() }).await?;
                Ok(resolver.lookup_ip(name).await?.iter().collect())
            })
        };
        Self::asking(reach, ask)
    }

    /// Asks somebody else.
    #[must_use]
    pub fn asking(reach: &Reach, lookup: impl Fn(String) -> Found + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), allowed: Arc::new(reach.allowed.clone()) }
    }

    async fn addresses(self, name: String) -> Result<Vec<IpAddr>, Unreachable> {
        if self.allowed.contains(&name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into()]); // the local stack's own, `localhost`
        }
        // With a dot at the end no search list of the machine's is tried.
        let found = (self.lookup)(format!("{name}.")).await.map_err(|_| Unreachable::Unknown)?;
        if found.is_empty() {
            return Err(Unreachable::Unknown);
        }
        let public: Vec<_> = found.into_iter().filter(|address| is_public(*address)).collect();
        if public.is_empty() { Err(Unreachable::NotPublic) } else { Ok(public) }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = addresses.await?;
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
