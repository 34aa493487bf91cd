//! What people do with Buzón, told over HTTP against the whole local stack. A module for each story.

mod admin;
mod bootstraps;
mod browser;
mod budgets;
mod connect;
mod contract;
mod disconnect;
mod echo;
mod exactly_once;
mod inbox;
mod interrupted;
mod isolation;
mod lifecycle;
mod oauth_state;
mod order;
mod outage;
mod outcomes;
mod plans;
mod receive;
mod refresh;
mod refusals;
mod roles;
mod secrets;
mod send;
mod unfilled;
mod util;
