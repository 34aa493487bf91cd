//! Why a request about endpoints was refused, and what the caller reads about it.

use delivery::AddressError;
use domain::PlanRefusal;
use edge::Problem;
use edge::page::invalid_cursor;
use outbox::EnqueueError;
use store::StoreError;
use vault::VaultError;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Request(Problem),
    /// There is no such endpoint, or it is somebody else's.
    #[error("there is no such endpoint")]
    NotFound,
    /// The address may not be called.
    #[error("the address cannot be used")]
    Address(#[from] AddressError),
    /// Longer than 200 characters.
    #[error("the description is too long")]
    Description,
    /// Not a type that can be asked for.
    #[error("there is no such type of event")]
    UnknownType,
    /// The plan allows no more endpoints.
    #[error("the plan does not allow it")]
    Plan(PlanRefusal),
    /// More than anybody may have.
    #[error("there are too many endpoints")]
    TooMany,
    /// It is switched off, so nothing is sent to it.
    #[error("the endpoint is switched off")]
    Off,
    /// Somebody else changed it at the same moment.
    #[error("somebody else was faster")]
    Conflict,
    /// What was sent is not kept any more: it was deleted with its contact, or 30 days are over.
    #[error("the delivery is not kept any more")]
    Gone,
    /// The database did not do its part.
    #[error("the database did not do its part")]
    Store(#[from] StoreError),
    /// The secret could not be sealed.
    #[error("the secret was not sealed")]
    Vault(#[from] VaultError),
    /// This machine has no random numbers.
    #[error("no secret could be made")]
    Random,
    /// The queue did not take the order.
    #[error("the order was not queued")]
    Queue(#[from] EnqueueError),
    /// The queue refused the order.
    #[error("the queue refused the order")]
    NotQueued,
}

impl From<Problem> for EndpointError {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl From<&EndpointError> for Problem {
    fn from(error: &EndpointError) -> Self {
        use EndpointError::{
            Address, Conflict, Description, Gone, NotFound, NotQueued, Off, Plan, Queue, Random, Request, Store,
            TooMany, UnknownType, Vault,
        };
        match error {
            Request(problem) => problem.clone(),
            NotFound => Self::NOT_FOUND,
            Address(error) => Self::new(422, "webhook-address", "This address cannot be used").detail(address(*error)),
            Description => Self::new(422, "description-too-long", "The description is too long").with("limit", 200),
            UnknownType => Self::new(422, "unknown-event-type", "There is no such type of event"),
            Plan(refusal) => Self::from(refusal),
            TooMany => Self::new(409, "too-many-webhooks", "There are too many endpoints")
                .detail("Delete one that is not needed any more."),
            Off => Self::new(409, "webhook-off", "This endpoint is switched off").detail("Switch it on first."),
            Conflict => Self::new(409, "changed-meanwhile", "This was changed meanwhile"),
            Gone => Self::new(410, "delivery-gone", "This is not kept any more")
                .detail("It was deleted with the contact that it is about, or is older than 30 days."),
            Store(StoreError::BadCursor) => invalid_cursor(),
            Store(error) => Self::failure(error.passes()),
            Vault(error) => Self::failure(error.passes()),
            Queue(_) | NotQueued => Self::UNAVAILABLE,
            Random => Self::INTERNAL,
        }
    }
}

const fn address(error: AddressError) -> &'static str {
    match error {
        AddressError::Malformed => "It is no address, or longer than 2048 bytes.",
        AddressError::Scheme => "It has to begin with https://.",
        AddressError::UserInfo => "It must not carry a name or a password.",
        AddressError::Fragment => "It must not have a fragment.",
        AddressError::Port => "It has to be at port 443, or one that the operator allows.",
        AddressError::Host => "It has to be one that everybody on the Internet can call.",
    }
}
