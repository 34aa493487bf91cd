//! Starts an authorization request and answers Meta's login page (RFC 6749 section 4.1.1).

mod app;
pub mod error;
pub mod handler;
pub mod return_to;

pub use app::App;
pub use handler::handle;
