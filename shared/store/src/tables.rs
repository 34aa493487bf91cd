//! Names of the tables.

use edge::Environment;

/// The tables' names. A store uses those of its own row in the crate's table; the others may stay empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Connections and routes.
    pub connections: String,
    /// Authorization requests.
    pub oauth_states: String,
    /// Conversations.
    pub conversations: String,
    /// Messages, and changes that wait for one.
    pub messages: String,
    /// Tenants, their usage, idempotency records.
    pub tenants: String,
    /// The audit log.
    pub events: String,
    /// Who is told: open browsers, and endpoints.
    pub listeners: String,
    /// What endpoints were told, or wait to be.
    pub deliveries: String,
}

impl From<&Environment> for Tables {
    /// Takes the names from the variables that `template.yaml` gives a function, as `CONVERSATIONS_TABLE`.
    ///
    /// A function is given those that it may use, so an absent one is no error here.
    fn from(env: &Environment) -> Self {
        let name = |variable| env.optional(variable).unwrap_or_default();
        Self {
            connections: name("CONNECTIONS_TABLE"),
            oauth_states: name("OAUTH_STATES_TABLE"),
            conversations: name("CONVERSATIONS_TABLE"),
            messages: name("MESSAGES_TABLE"),
            tenants: name("TENANTS_TABLE"),
            events: name("EVENTS_TABLE"),
            listeners: name("LISTENERS_TABLE"),
            deliveries: name("DELIVERIES_TABLE"),
        }
    }
}
