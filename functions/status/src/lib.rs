//! Tells what is connected.

mod app;
pub mod error;
pub mod handler;

pub use app::App;
pub use handler::handle;
