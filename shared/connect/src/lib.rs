//! How an account is connected and disconnected, and what the functions of the authorization code flow share.
//!
//! | Module | What |
//! | --- | --- |
//! | [`nonce`], [`browser`], [`redirect_uri`] | a `state`, the browser it is bound to, and where Meta sends the browser |
//! | [`registrations`] | our registrations at Meta, and a Graph client for each login |
//! | [`connector`], [`connecting`] | seal, store, subscribe, check; and the way back |
//! | [`trail`] | what the tenant can read about it later |
//! | [`error`] | why an account was not connected, in words for programs and for people |

pub mod browser;
pub mod connecting;
pub mod connector;
pub mod error;
pub mod nonce;
pub mod redirect_uri;
pub mod registrations;
pub mod trail;

mod broken;
mod disconnecting;
mod notes;
mod subscription;

pub use browser::BrowserCookie;
pub use connecting::Choice;
pub use connector::Connector;
pub use error::{ConnectError, DisconnectError, Refusal};
pub use nonce::Nonce;
pub use redirect_uri::RedirectUri;
pub use registrations::{RegistrationError, Registrations};
pub use trail::Trail;
