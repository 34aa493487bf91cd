//! The simulation over real HTTP, as an app sees it.

mod connect;
mod control;
mod facebook;
mod messenger;
mod pages;
mod permissions;
mod profiles;
mod send;
mod unified;
mod util;
mod webhooks;
