//! `GET /`, `/settings/integrations…`, `/inbox`, `/ui/*`: the pages and the web components.
//!
//! Pages are static shells; what they show, the components fetch from the API with the person's token.
//! This is also the `$default` route: what no other route knows is answered here, as a problem document.

mod app;
mod assets;
mod discovery;
mod handler;
mod handover;
mod pages;
mod security;
mod settings;

pub use app::App;
pub use handler::handle;
