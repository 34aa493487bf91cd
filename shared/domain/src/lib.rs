//! Types and rules of the inbox, pure: no AWS, no HTTP, no async.
//!
//! | Module | What |
//! | --- | --- |
//! | [`id`], [`time`], [`secret`] | values that are valid once they exist |
//! | [`channel`] | where people write, which account, and through which login it is connected |
//! | [`connection`] | a tenant's connected account, and the authorization that leads to it |
//! | [`contact`] | the person on the other side, and when the provider is asked who they are |
//! | [`event`] | what a channel tells us, in words no channel owns |
//! | [`message`], [`conversation`] | what the inbox shows; how events change it, in any order |
//! | [`policy`] | who may be written to, when, and with what |
//! | [`dispatch`] | the order to send a message, as a queue carries it |
//! | [`outbox`] | what others are told about: events, and how they leave |
//! | [`endpoint`], [`live`] | who is told: addresses of programs, and open browsers |
//! | [`upkeep`], [`breaker`] | when a connection is due for upkeep, and when Meta is left in peace |
//! | [`erasure`] | a deletion: what is asked for, how far it is, what was deleted |
//! | [`plan`], [`tenant`], [`entitlement`], [`seats`] | what a tenant may use, and which of its connections fit in |
//! | [`audit`] | what is written down about it |
//! | [`trace`] | the id under which a message can be followed |
//! | [`view`] | what the HTTP API shows |
//! | [`word`] | what a newer version has stored and this one does not know |

pub mod audit;
pub mod breaker;
pub mod channel;
pub mod connection;
pub mod contact;
pub mod conversation;
pub mod dispatch;
pub mod endpoint;
pub mod entitlement;
pub mod erasure;
pub mod event;
pub mod id;
pub mod live;
pub mod message;
pub mod outbox;
pub mod plan;
pub mod policy;
mod reduce;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod seats;
pub mod secret;
pub mod tenant;
pub mod time;
pub mod trace;
pub mod upkeep;
pub mod view;
pub mod word;

pub use audit::{AuditEvent, AuditKind};
pub use breaker::Breaker;
pub use channel::{Account, AccountId, Channel, ContactId, Login};
pub use connection::{AuthorizationRequest, Candidate, Connection, ConnectionStatus, Route};
pub use contact::{Contact, ProfileRequest};
pub use conversation::Conversation;
pub use dispatch::{Dispatch, LANES, lane};
pub use entitlement::{EffectivePlan, PlanRefusal, PlanSource};
pub use erasure::{Erasure, ErasureCode};
pub use event::{Event, Payload};
pub use id::{AppScopedId, ConversationId, MessageId, Mid, PageId, TenantId, UserId};
pub use message::{Author, Change, Direction, Kind, Message, Status};
pub use plan::{Catalogue, Plan};
pub use secret::{AccessToken, AppSecret, SealedToken};
pub use tenant::{PlanClaim, TenantProfile};
pub use time::{UnixMillis, UnixSeconds};
pub use trace::TraceId;
pub use word::Word;
