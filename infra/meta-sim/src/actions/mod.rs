//! What contacts do on Instagram and on Messenger, and what becomes of it: state and webhooks.

mod action;
mod apply;
mod comments;
mod elements;
mod feed;
mod messenger;
mod page;
mod system;

pub(crate) use self::{
    action::Action,
    apply::{ActionError, apply, party},
};
