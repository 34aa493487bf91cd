//! Consumer of the `outbound` queue: calls Meta once for each message, and settles what became of it.
//!
//! | Meta's answer | What happens |
//! | --- | --- |
//! | message id | `sent`; an echo that came first has become the same message |
//! | permanent refusal | `failed`, with Meta's code, a sentence for a person and what to do; in the audit log |
//! | the token's end, or what Meta then refuses the account as well | `failed`; the connection is `error` and its card asks to reconnect |
//! | rate limit | `queued` again; the account is left alone for as long as Meta asks, by all of its lanes |
//! | passing trouble | `queued` again; the queue hides the message until it is worth a try, so order is kept |
//! | the window is closed | `failed`, and so it is shown; or once more with the `HUMAN_AGENT` tag, where a person may |
//! | the app's own trouble | the same, a quarter of an hour apart at most, and the app's breaker is told; no account is blamed |
//! | a server error of any kind, or none at all: nobody knows | `uncertain`: an echo settles it, else Meta's Conversations API is asked; only a message that is proven absent is sent again |
//!
//! An account's answers go out in a few lanes, each one FIFO group: of two deliveries of a group never both are under way.
//! That is why a message found `sending` at the start of a delivery was left so by a process that died. An answer that waited
//! when the next one was accepted is sent first, whatever of the two the queue has.
//!
//! A message is given up by the clock and not by the number of its tries: after a day nobody expects it any more. An open
//! breaker holds no message back, because it may be wrong: each message finds out itself whether Meta takes it.
//!
//! Every few minutes a schedule sweeps up messages that were stored but never reached the queue.

mod access;
mod app;
mod attempt;
mod backoff;
mod blame;
mod deliver;
mod delivery;
mod failures;
mod handler;
mod reconcile;
mod settle;
mod sweep;
mod trigger;
mod window;

pub use app::App;
pub use handler::handle;
pub use trigger::{Task, Trigger};
