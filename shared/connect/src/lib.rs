//! How an account is connected and disconnected, and what the functions of the authorization code flow share.
//!
//! | Module | What |
//! | --- | --- |
//! | [`nonce`], [`browser`], [`redirect_uri`] | a `state`, the browser it is bound to, and where Meta sends the browser |
//! | [`registrations`] | our registrations at Meta, and a Graph client for each login |
//! | [`connector`], [`connecting`] | seal, store, subscribe, check; and the way back |
//! | [`upkeep`], [`watch`] | keep a connection working; tell a broken connection from a blocked app |
//! | [`fields`] | what Meta's dashboard delivers to an app |
//! | [`plans`] | what a tenant's plan allows, and keeping its connections to it |
//! | [`trail`] | what the tenant can read about it later |
//! | [`error`] | why an account was not connected, in words for programs and for people |

pub mod browser;
pub mod connecting;
pub mod connector;
pub mod error;
pub mod fields;
pub mod nonce;
pub mod plans;
pub mod redirect_uri;
pub mod registrations;
pub mod trail;
pub mod upkeep;
pub mod watch;

mod broken;
mod disconnecting;
mod keeper;
mod notes;
mod profiles;
mod subscription;

pub use browser::BrowserCookie;
pub use connecting::Choice;
pub use connector::Connector;
pub use error::{ConnectError, DisconnectError, Refusal};
pub use fields::AppFields;
pub use nonce::Nonce;
pub use plans::{PlanError, Plans};
pub use redirect_uri::RedirectUri;
pub use registrations::{RegistrationError, Registrations};
pub use subscription::SubscriptionError;
pub use trail::Trail;
pub use upkeep::{Kept, Occasion, UpkeepError};
pub use watch::AppWatch;
