//! A message of which nobody knows whether it went out.
//!
//! An echo settles it without anybody asking. Until then Meta's Conversations API is asked: a message that stands there was
//! sent, one that is proven absent is sent again, and everything else stays in doubt. A delivery waits at least half a
//! minute between the call that failed and the first question, so that what Meta was still working on has appeared.

use std::time::Duration;

use domain::{Dispatch, Message, Mid, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::graph::{Thread, ThreadMessage};
use meta::{FailureClass, GraphError};
use store::{Begun, StoreError};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::access::{Access, AccessError};
use crate::backoff;
use crate::deliver::attempt;
use crate::handler::{App, Delivery, Verdict};

/// Two questions, and perhaps a few for details. Leaves time to send what is absent before the function's own timeout.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often Meta is asked about a message before a person has to look: for a quarter of an hour. The conversation waits.
const MOST_QUESTIONS: u32 = 20;

/// How far Meta's clock may be behind ours.
const CLOCK_SKEW_MS: i64 = 2 * 60 * 1000;

/// How many of the newest messages are compared with what Meta shows: it shows 20.
const KNOWN_MESSAGES: u32 = 100;

/// The sweep leaves a message alone for so long once a person has to look: for good.
const FOR_GOOD_MS: i64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// What Meta's Conversations API tells about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// It stands there.
    Sent { mid: Mid, at: UnixMillis },
    /// Everything since is there, and it is not.
    Absent,
    /// Not everything is shown.
    Unknown,
}

/// Why there is no finding.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("Meta cannot be asked")]
    Access(#[from] AccessError),
    #[error("Meta did not show the conversation")]
    Graph(#[from] GraphError),
    #[error("Meta took too long to show the conversation")]
    Late,
    #[error("the conversation was not read")]
    Store(#[from] StoreError),
}

/// Asks Meta about an uncertain message and settles it, if the answer allows.
pub(crate) async fn settle(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, account, .. } = &delivery.dispatch;
    match look(app, delivery, message).await {
        Ok(Finding::Sent { mid, at }) => {
            Box::pin(app.outbound.settle_sent(tenant, conversation, &message.id, &mid, at)).await?;
            found("sent", message);
            Ok(Verdict::Done)
        }
        Ok(Finding::Absent) => {
            found("absent", message);
            send_again(app, delivery, message).await
        }
        Ok(Finding::Unknown) => {
            found("unknown", message);
            later(app, delivery, message).await
        }
        Err(LookError::Access(AccessError::Unusable(_))) => give_up(app, delivery, message).await,
        Err(failure) => {
            warn!(%account, message_id = %message.id, error = %Chain(&failure), "An uncertain message stays so");
            metric("reconciliations", 1, &[("finding", "failed")]);
            later(app, delivery, message).await
        }
    }
}

fn found(finding: &str, message: &Message) {
    info!(message_id = %message.id, finding, "Asked Meta about an uncertain message");
    metric("reconciliations", 1, &[("finding", finding)]);
}

/// Asks again in half a minute or so, but not for ever: then a person has to look.
pub(crate) async fn later(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    // What was no attempt to send was a question.
    let questions = delivery.tries.saturating_sub(message.attempts);
    if delivery.is_last() || questions >= MOST_QUESTIONS {
        return give_up(app, delivery, message).await;
    }
    Ok(Verdict::Again(backoff::before_asking(delivery.tries, &message.id)))
}

/// Leaves the message `uncertain`, with the sentence that it carries already. The conversation goes on.
async fn give_up(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let until = app.clock.now_ms().plus(FOR_GOOD_MS);
    app.outbound.postpone(tenant, conversation, &message.id, until).await?;
    warn!(message_id = %message.id, "Nobody knows whether a message was sent");
    metric("sends", 1, &[("outcome", "left_uncertain")]);
    Ok(Verdict::Done)
}

/// Sends what is proven absent. An echo that came meanwhile wins: then there is nothing to begin.
async fn send_again(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    app.outbound.requeue(tenant, conversation, &message.id, app.clock.now_ms()).await?;
    match Box::pin(app.outbound.begin(tenant, conversation, &message.id)).await? {
        Begun::Started(message) => attempt(app, delivery, &message).await,
        Begun::Running(_) | Begun::Settled(_) | Begun::Gone => Ok(Verdict::Done),
    }
}

async fn look(app: &App, delivery: &Delivery, message: &Message) -> Result<Finding, LookError> {
    let Dispatch { tenant, account, contact, conversation, .. } = &delivery.dispatch;
    let access = app.accounts.open(&app.connector, tenant, account, app.clock.now()).await?;
    let since = message.created_at.plus(-CLOCK_SKEW_MS);
    let graph = access.graph();
    let asked = graph.conversation_messages(access.account(), contact, since);
    let thread = match timeout(PATIENCE, asked).await.map_err(|_| LookError::Late)? {
        Ok(thread) => thread,
        Err(refusal) => {
            report_broken(app, &access, &refusal).await?;
            return Err(refusal.into());
        }
    };
    let known = app.inbox.messages(tenant, conversation, None, KNOWN_MESSAGES).await?.items;
    Ok(find(message, &thread, &known))
}

async fn report_broken(app: &App, access: &Access<'_>, refusal: &GraphError) -> Result<(), StoreError> {
    if let FailureClass::Account(problem) = refusal.class()
        && problem.breaks_connection()
    {
        app.accounts.forget(&access.connection.tenant, &access.connection.ig_user_id);
        app.connector.mark_broken(&access.connection, problem, app.clock.now_ms()).await?;
    }
    Ok(())
}

/// Looks for the message among those that no message of ours stands for. Of several the oldest: they went out in order.
fn find(message: &Message, thread: &Thread, known: &[Message]) -> Finding {
    let is_known = |mid: &Mid| known.iter().any(|message| message.provider_message_id.as_ref() == Some(mid));
    let is_it = |candidate: &&ThreadMessage| {
        !candidate.from_contact && same_text(message, candidate) && !is_known(&candidate.mid)
    };
    match thread.messages.iter().filter(is_it).min_by_key(|candidate| candidate.created_at) {
        Some(found) => Finding::Sent { mid: found.mid.clone(), at: found.created_at },
        None if thread.complete => Finding::Absent,
        None => Finding::Unknown,
    }
}

/// The same but for white space, which Meta may trim. What has no text is compared by that alone: Meta's copy of an
/// attachment has another address.
fn same_text(message: &Message, candidate: &ThreadMessage) -> bool {
    let ours = message.text.as_deref().unwrap_or_default().split_whitespace();
    ours.eq(candidate.text.as_deref().unwrap_or_default().split_whitespace())
}

#[cfg(test)]
mod tests {
    use domain::event::NewMessage;
    use domain::{Author, ConversationId, Direction, Kind, MessageId};

    use super::*;

    const AT: UnixMillis = UnixMillis::new(1_795_164_300_000);

    fn mid(text: &str) -> Mid {
        Mid::try_from(text).expect("a mid")
    }

    fn message(text: Option<&str>, mid: Option<Mid>) -> Message {
        let new = NewMessage {
            id: MessageId::new(AT, [1; 8]),
            mid,
            direction: Direction::Outbound,
            author: Author::Agent,
            kind: Kind::Message,
            text: text.map(str::to_owned),
            attachments: Vec::new(),
            reply_to: None,
            referral: None,
            opens_window: false,
            handled_elsewhere: false,
            metadata: serde_json::Map::new(),
            trace_id: None,
        };
        Message::from_event(ConversationId::try_from("0".repeat(32)).expect("a conversation"), new)
    }

    fn at_meta(id: &str, text: Option<&str>, seconds: i64) -> ThreadMessage {
        let created_at = AT.plus(seconds * 1000);
        ThreadMessage { mid: mid(id), created_at, from_contact: false, text: text.map(str::to_owned) }
    }

    fn thread(messages: Vec<ThreadMessage>) -> Thread {
        Thread { messages, complete: true }
    }

    #[test]
    fn the_oldest_message_with_the_text_that_nobody_knows_is_it() {
        let messages =
            vec![at_meta("c", Some("yes"), 9), at_meta("b", Some(" yes\n"), 5), at_meta("a", Some("yes"), 1)];
        let finding = find(&message(Some("yes"), None), &thread(messages), &[message(Some("yes"), Some(mid("a")))]);
        assert_eq!(finding, Finding::Sent { mid: mid("b"), at: AT.plus(5000) });
    }

    #[test]
    fn what_the_contact_wrote_is_not_it() {
        let from_contact = ThreadMessage { from_contact: true, ..at_meta("a", Some("yes"), 1) };
        assert_eq!(find(&message(Some("yes"), None), &thread(vec![from_contact]), &[]), Finding::Absent);
    }

    #[test]
    fn absence_is_proven_only_where_everything_is_shown() {
        let shown = thread(vec![at_meta("a", Some("another"), 1)]);
        assert_eq!(find(&message(Some("yes"), None), &shown, &[]), Finding::Absent);
        assert_eq!(find(&message(Some("yes"), None), &Thread { complete: false, ..shown }, &[]), Finding::Unknown);
    }

    #[test]
    fn a_message_without_text_is_found_by_having_none() {
        let shown = thread(vec![at_meta("a", Some("text"), 1), at_meta("b", None, 2)]);
        let finding = find(&message(None, None), &shown, &[]);
        assert_eq!(finding, Finding::Sent { mid: mid("b"), at: AT.plus(2000) });
    }
}
