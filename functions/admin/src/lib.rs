//! Administration, for the staff of whoever operates this, and in parts for a tenant's admins.
//!
//! | Route | Answer |
//! | --- | --- |
//! | `GET /api/admin/tenants` | a page of tenants with plan and limits |
//! | `GET`, `PUT /api/admin/tenants/{tenantId}` | one tenant with its usage; sets plan, overrides and switches |
//! | `GET /api/admin/tenants/{tenantId}/events` | the audit log, filtered, also as CSV |
//! | `GET /api/admin/connections` | a page of all tenants' connections with their health |
//! | `POST /api/admin/connections` | connects an account by its id and a token |
//! | `POST /api/admin/connections/{accountId}/refresh` | renews the token now |
//! | `POST /api/admin/connections/{accountId}/resubscribe` | reads the webhook subscription back and restores it |
//! | `POST /api/admin/erasures` | has everything deleted that a list of people have connected |
//! | `POST /api/admin/queues/{name}/replay` | delivers what is in a dead-letter queue again |
//!
//! Who may use which is in `edge::access`. No answer holds a token.

mod app;
mod audit;
mod connections;
mod csv;
mod dead_letters;
mod erasures;
mod error;
mod handler;
mod manual;
mod queues;
mod tenants;

pub use app::App;
pub use error::AdminError;
pub use handler::handle;
