//! What contacts do on Instagram, and what becomes of it: state and webhooks.

mod action;
mod apply;
mod comments;
mod elements;
mod system;

pub(crate) use self::{
    action::Action,
    apply::{ActionError, apply},
};
