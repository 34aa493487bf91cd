//! `GET /webhooks/meta/instagram`, and `…/messenger`: proves to Meta that the address is ours.
//!
//! Meta asks when the address is saved in the app dashboard, and now and then again. The answer needs the
//! registered apps' verify tokens and no database.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>

mod app;
mod error;
mod handler;

pub use app::App;
pub use error::VerifyError;
pub use handler::handle;
