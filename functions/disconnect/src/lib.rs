//! Revokes a connection: first here, so that nothing flows any more, then at Meta.

mod app;
pub mod error;
pub mod handler;

pub use app::App;
pub use handler::handle;
