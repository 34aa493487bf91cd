use serde::Serialize;

use crate::channel::Channel;
use crate::entitlement::EffectivePlan;

/// A tenant's plan, as far as connections go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanView {
    /// Its key in the catalogue.
    pub key: String,
    /// As people read it.
    pub name: String,
    /// Accounts of all channels connected at once, none where the plan is without this one; `null`: without limit.
    pub max_connections: Option<u32>,
    /// How many more can be connected; `null`: any number.
    pub connections_left: Option<u32>,
    /// The plan that would allow one more, where this one does not and another does.
    pub required: Option<String>,
}

impl PlanView {
    /// The plan of a tenant with so many connections, as the card of a channel shows it.
    #[must_use]
    pub fn new(plan: &EffectivePlan<'_>, channel: Channel, connected: u32) -> Self {
        Self {
            key: plan.key.to_owned(),
            name: plan.limits.name.clone(),
            max_connections: plan.max_connections(channel),
            connections_left: plan.connections_left(channel, connected),
            required: plan.check_connection(channel, connected).err().and_then(|refusal| refusal.required),
        }
    }
}
