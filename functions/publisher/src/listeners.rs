//! Who listens, for the tenants of one batch. The answer lives no longer than that.

use std::collections::{BTreeMap, BTreeSet};

use domain::TenantId;
use domain::endpoint::Endpoint;
use domain::live::Socket;
use edge::telemetry::Chain;
use futures::future::join_all;
use tracing::error;

use crate::app::App;
use crate::batch::Entry;

/// For so long the operator's endpoints are remembered.
const REMEMBERED_MS: i64 = 10_000;

/// Who listens.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    /// The operator's endpoints; `None` where they could not be read.
    operators: Option<Vec<Endpoint>>,
    /// By tenant; absent where it could not be read.
    tenants: BTreeMap<TenantId, store::Listeners>,
}

impl Listeners {
    pub(crate) async fn of(app: &App, entries: &[Entry]) -> Self {
        let tenants: BTreeSet<_> = entries.iter().map(|entry| &entry.news.tenant).collect();
        if tenants.is_empty() {
            return Self::default();
        }
        let reads: Vec<_> = tenants.into_iter().map(|tenant| read(app, tenant)).collect();
        let read = join_all(reads);
        let (operators, tenants) = futures::join!(operators(app), read);
        let operators = operators
            .inspect_err(|failure| error!(error = %Chain(failure), "The operator's endpoints could not be read"))
            .ok();
        Self { operators, tenants: tenants.into_iter().flatten().collect() }
    }

    /// The endpoints that may want to know of a tenant; `None` where nobody knows, so that it is asked again.
    pub(crate) fn endpoints(&self, tenant: &TenantId) -> Option<impl Iterator<Item = &Endpoint>> {
        Some(self.tenants.get(tenant)?.endpoints.iter().chain(self.operators.as_ref()?))
    }

    /// The tenant's open sockets.
    pub(crate) fn sockets(&self, tenant: &TenantId) -> &[Socket] {
        self.tenants.get(tenant).map(|found| found.sockets.as_slice()).unwrap_or_default()
    }
}

/// The operator's endpoints as they were a few seconds ago: they are asked for with every batch of every tenant.
async fn operators(app: &App) -> Result<Vec<Endpoint>, store::StoreError> {
    let now = app.clock.now_ms();
    if let Some((at, known)) = app.operators().as_ref()
        && now < at.plus(REMEMBERED_MS)
    {
        return Ok(known.clone());
    }
    let found = app.listeners.operators().await?;
    *app.operators() = Some((now, found.clone()));
    Ok(found)
}

async fn read(app: &App, tenant: &TenantId) -> Option<(TenantId, store::Listeners)> {
    match app.listeners.of(tenant).await {
        Ok(found) => Some((tenant.clone(), found)),
        Err(failure) => {
            error!(%tenant, error = %Chain(&failure), "Who listens to a tenant could not be read");
            None
        }
    }
}
