//! Several accounts came with one login: shows them, and connects those that the person chooses.

mod app;
pub mod error;
pub mod handler;
pub mod selection;

pub use app::App;
pub use handler::handle;
