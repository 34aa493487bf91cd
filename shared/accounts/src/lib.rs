//! A tenant's accounts at Meta: how they are connected, kept up and disconnected.
//!
//! | Module | What |
//! | --- | --- |
//! | [`registrations`] | our registrations at Meta, and a Graph client for each login |
//! | [`connector`], [`connecting`] | seal, store, subscribe, check; and the way back |
//! | [`open`] | an account is opened for calls |
//! | [`upkeep`], [`watch`] | keep a connection working; tell a broken connection from a blocked app |
//! | [`rewrapping`] | every token moves to another KMS key |
//! | [`fields`] | what Meta's dashboard delivers to an app |
//! | [`error`] | why an account was not connected, in words for programs and for people |

pub mod connecting;
pub mod connector;
pub mod error;
pub mod fields;
pub mod open;
pub mod registrations;
pub mod rewrapping;
pub mod upkeep;
pub mod watch;

mod audit_events;
mod broken;
mod choice;
mod disconnecting;
mod profiles;
mod subscribers;
mod subscription;

pub use choice::Choice;
pub use connector::Connector;
pub use error::{ConnectError, DisconnectError, Refusal};
pub use fields::AppFields;
pub use open::{OpenAccount, OpenError};
pub use registrations::{RegistrationError, Registrations};
pub use subscription::SubscriptionError;
pub use upkeep::{Occasion, UpkeepError, UpkeepOutcome};
pub use watch::AppWatch;
