//! What Meta and people may demand about their data.
//!
//! | Route | What |
//! | --- | --- |
//! | `POST /webhooks/meta/deauthorize` | a person removed the app: their connections end, the history stays |
//! | `POST /webhooks/meta/data-deletion` | a person wants their data deleted: tokens at once, the rest by `eraser` |
//! | `GET /data-deletion/{code}` | how far that is, for a person without an account here |
//! | `DELETE /api/tenants/{tenantId}/conversations/{conversationId}` | a tenant has one contact deleted |
//!
//! Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>

mod app;
mod callback;
mod confirmation;
mod contact;
mod error;
mod handler;
mod page;

pub use app::App;
pub use handler::handle;
