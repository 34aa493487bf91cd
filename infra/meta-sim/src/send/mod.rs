//! The Send API of both channels: `POST /<IG_ID or PAGE_ID>/messages`.

mod apply;
mod content;
mod limits;
mod page_template;
mod recipient;
mod request;
mod template;
mod window;

pub(crate) use apply::{echo, send};
pub(crate) use content::upload;
pub(crate) use recipient::{can_reply_privately, too_many};
