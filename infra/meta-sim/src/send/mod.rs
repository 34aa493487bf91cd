//! The Send API: `POST /<IG_ID or PAGE_ID>/messages`.

mod apply;
mod content;
mod request;
mod template;

pub(crate) use apply::{echo, send};
pub(crate) use content::upload;
