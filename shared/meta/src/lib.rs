//! Meta's side: signatures, webhook payloads, the Graph API of both logins.
//!
//! | Module | What |
//! | --- | --- |
//! | [`signature`] | the one way to a webhook's body |
//! | [`signed_request`] | what deauthorize and data-deletion callbacks carry |
//! | [`webhook`] | from a signed body to single events, and from an event to the domain's words |
//! | [`graph`] | the client of the Graph API, and what its failures mean |
//! | `instagram`, `messenger` | what only one channel has: its events, bodies, fields and words |

mod mac;

pub mod graph;
mod instagram;
mod messenger;
pub mod signature;
pub mod signed_request;
pub mod webhook;

pub use graph::{AccountAccess, AppCredentials, FailureClass, GraphClient, GraphError, Hosts, Pool, authorize_url};
pub use signature::{SignatureError, SignedPayload};
pub use webhook::{EntryList, Notification, QueuedEvent, RawEvent, read};
