//! The integrator's endpoints: made known, changed, tried, and what they were told.
//!
//! | Route, under `/api/tenants/{tenantId}/webhooks` | Answer |
//! | --- | --- |
//! | `GET`, `POST` | the tenant's endpoints; a new one with its secret, which is shown this once |
//! | `GET`, `PATCH`, `DELETE /{endpointId}` | one endpoint; changed; gone |
//! | `POST /{endpointId}/rotate` | a new secret; for a day the old one signs as well |
//! | `POST /{endpointId}/test` | a `webhook.test` is on its way |
//! | `GET /{endpointId}/deliveries` | what it was told in the last 30 days, with every try |
//! | `POST /{endpointId}/deliveries/{deliveryId}/redeliver` | the same bytes are on their way again; 410 once they were deleted |
//!
//! The same under `/api/admin/webhooks` for the operator's endpoints, which are told of all tenants.

mod app;
mod body;
mod deliveries;
mod error;
mod handler;
mod manage;
mod view;

pub use app::App;
pub use error::EndpointError;
pub use handler::handle;
