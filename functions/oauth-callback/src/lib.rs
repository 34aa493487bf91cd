//! Ends the authorization code flow at Meta's redirect (RFC 6749 section 4.1.2).
//!
//! It is a page visit: whatever comes of it, the browser is sent on to a page that says so.

mod app;
pub mod candidates;
pub mod error;
pub mod handler;
pub mod landing;
pub mod response;

pub use app::App;
pub use handler::handle;
