//! What a tenant may use: the catalogue of plans.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::channel::Channel;

/// A plan's limits. `None` is without limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The plan's name as people read it, as `Pro`.
    pub name: String,
    /// The channels that can be connected.
    pub channels: BTreeSet<Channel>,
    /// How many accounts of all channels together may be connected at once.
    pub max_connections: Option<u32>,
    /// How many messages may be sent in a calendar month (UTC).
    pub monthly_messages: Option<u32>,
    /// How long messages are kept.
    pub retention_days: Option<u32>,
    /// Whether programs may answer.
    pub auto_reply: bool,
    /// How many endpoints may be told of what happens.
    pub endpoints: Option<u32>,
}

/// The catalogue is part of what is deployed.
const DEPLOYED: &str = include_str!("../../../infra/plans.json");

/// Every plan by its key, and the one of a tenant that has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The key of the default plan.
    pub default: String,
    /// The plans.
    pub plans: BTreeMap<String, Plan>,
}

/// The catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that it should be.
    #[error("the catalogue of plans is not valid JSON")]
    Shape(#[from] serde_json::Error),
    /// The default names no plan.
    #[error("the default plan is not in the catalogue")]
    NoDefault,
}

impl Catalogue {
    /// The catalogue that this was built with: `infra/plans.json`.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn deployed() -> Result<Self, CatalogueError> {
        Self::parse(DEPLOYED)
    }

    /// Reads the catalogue.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] where it could not serve every tenant.
    pub fn parse(json: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self = serde_json::from_str(json)?;
        if catalogue.plans.contains_key(&catalogue.default) { Ok(catalogue) } else { Err(CatalogueError::NoDefault) }
    }

    /// The plan of this key; the default for no key or an unknown one.
    #[must_use]
    pub fn plan(&self, key: Option<&str>) -> &Plan {
        key.and_then(|key| self.plans.get(key)).unwrap_or_else(|| &self.plans[&self.default])
    }
}
