//! The state in DynamoDB: a module for each entity, every key built in one place, the tenant in each of them.
//!
//! | Store | Tables | What |
//! | --- | --- | --- |
//! | [`ConnectionStore`] | connections | a tenant's accounts, and the routes that webhooks follow |
//! | [`AuthorizationStore`] | oauth-states | runs of the authorization code flow, each step taken once |
//! | [`InboxStore`] | connections, conversations, messages | receives exactly once; lists; marks |
//! | [`OutboundStore`] | connections, conversations, messages, tenants | queues answers and settles them |
//! | [`TenantStore`] | tenants | plan and usage |
//! | [`BreakerStore`] | connections | whether Meta refuses an app as a whole |
//! | [`ErasureStore`], [`EraseStore`] | connections; all with a person's data | deletions: how far they are; the deleting itself |
//! | [`EndpointStore`] | listeners | the integrator's endpoints, and how they fare |
//! | [`DeliveryStore`] | deliveries | what endpoints were told, or wait to be |
//! | [`AuditStore`] | integration-events | the audit log |
//!
//! Items are the serde shapes of the domain's types beside their keys. A caller that is told of an error may do the
//! same again: every operation is idempotent or says what makes it so. What passes within a moment is waited out by the
//! [`client`], which every store is given.

mod all;
mod audit;
mod authorizations;
mod batch;
mod breakers;
mod connections;
mod cursor;
mod deliveries;
mod endpoints;
mod erase;
mod erasures;
mod error;
mod expiry;
mod inbox;
mod item;
mod key;
mod listeners;
mod metrics;
mod outbound;
mod outbox;
mod retention;
mod retry;
mod sockets;
mod tables;
mod tenants;
mod threads;
mod told;
mod transaction;

pub use audit::{AUDIT_DAYS, AuditFilter, AuditStore};
pub use authorizations::{AuthorizationStore, Claim};
pub use breakers::BreakerStore;
pub use connections::{ActivateError, Allowance, AppUserAccount, Appointment, ConnectionStore, Due, DueCursor, Next};
pub use cursor::Page;
pub use deliveries::{Again, DeliveryPlace, DeliveryStore};
pub use endpoints::{EndpointChange, EndpointStore, NEXT_SHARDS, Waiting};
pub use erase::{About, EraseStore, Found, Look, Mark};
pub use erasures::ErasureStore;
pub use error::{AwsFailure, StoreError};
pub use inbox::{Filter, InboxStore, Outcome, Place, Prefetched, Received};
pub use listeners::{ListenerStore, Listeners};
pub use outbound::{
    Begun, Doubt, Draft, Earlier, OutboundStore, QueueError, Queued, SHARDS, SendContext, Stuck, Unsettled,
};
pub use outbox::{News, NewsItem, OutboxReader, StreamRecord};
pub use retry::client;
pub use tables::Tables;
pub use tenants::{TenantStore, Terms, Usage};
