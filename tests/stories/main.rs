//! What people do with Buzón, told over HTTP against the whole local stack. A module for each story.

mod connect;
mod disconnect;
mod isolation;
mod oauth_state;
mod refusals;
