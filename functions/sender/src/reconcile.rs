//! A message of which nobody knows whether it went out.
//!
//! An echo settles it without anybody asking; the message is looked at every few seconds at first, so that the next answer does
//! not wait for longer than the echo did. Then Meta's Conversations API is asked: a message that stands there was sent. One that
//! is absent is sent again once that is proven: after the longest time that Meta may work on its kind, and by two looks that
//! agree. Everything else stays in doubt.

use std::time::Duration;

use accounts::OpenAccount;
use domain::{Dispatch, Message, Mid, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::GraphError;
use meta::graph::{Thread, ThreadMessage};
use store::{Begun, Doubt, StoreError};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::access::AccessError;
use crate::app::App;
use crate::deliver::{attempt, leave_alone};
use crate::delivery::{Delivery, Verdict};
use crate::{backoff, blame};

/// Two questions, and perhaps a few for details. Leaves time to send what is absent before the function's own timeout.
const PATIENCE: Duration = Duration::from_secs(10);

/// From then on Meta is asked; before it only an echo can settle a message.
const FIRST_QUESTION_MS: i64 = 30 * 1000;

/// Between two questions.
const QUESTION: Duration = Duration::from_secs(30);

/// Two looks that are nearer to each other are one.
const APART_MS: i64 = 20 * 1000;

/// How long Meta is asked about a message before a person has to look. Its lane waits.
const LONGEST_SEARCH_MS: i64 = 15 * 60 * 1000;

/// How far Meta's clock may be behind ours.
const CLOCK_SKEW_MS: i64 = 2 * 60 * 1000;

/// How many of the newest messages are compared with what Meta shows: it shows 20.
const KNOWN_MESSAGES: u32 = 100;

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

/// Asks Meta about an uncertain message, once it is time to, and settles it if the answer allows.
pub(crate) async fn settle(
    app: &App,
    delivery: &Delivery,
    message: &Message,
    doubt: Doubt,
) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, account, .. } = &delivery.dispatch;
    let since = app.clock.now_ms().get() - doubt.tried_at.get();
    if since < FIRST_QUESTION_MS && !delivery.is_last() {
        return Ok(Verdict::Again(before_asking(since)));
    }
    match look(app, delivery, message).await {
        Ok(Finding::Sent { mid, at }) => {
            Box::pin(app.outbound.settle_sent(tenant, conversation, &message.id, &mid, at)).await?;
            found("sent", message);
            Ok(Verdict::Done)
        }
        Ok(Finding::Absent) => {
            found("absent", message);
            absent(app, delivery, message, doubt).await
        }
        Ok(Finding::Unknown) => {
            found("unknown", message);
            later(app, delivery, message, since).await
        }
        Err(LookError::Access(AccessError::Unusable(_))) => give_up(app, delivery, message).await,
        Err(failure) => {
            warn!(%account, message_id = %message.id, error = %Chain(&failure), "An uncertain message stays so");
            metric("reconciliations", 1, &[("finding", "failed")]);
            later(app, delivery, message, since).await
        }
    }
}

/// The wait before the next look for an echo: as long as the message has waited already.
fn before_asking(since_ms: i64) -> Duration {
    let left = Duration::from_millis(u64::try_from(FIRST_QUESTION_MS - since_ms).unwrap_or_default());
    let waited = Duration::from_millis(u64::try_from(since_ms).unwrap_or_default());
    waited.min(left).max(backoff::FIRST)
}

/// Sends an absent message again once its absence is proven; notes the first look that counts.
async fn absent(app: &App, delivery: &Delivery, message: &Message, doubt: Doubt) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let now = app.clock.now_ms();
    if doubt.tried_at.plus(message.longest_processing()) > now {
        return Ok(Verdict::Again(QUESTION));
    }
    match doubt.absent_at {
        Some(first) if first.plus(APART_MS) <= now => send_again(app, delivery, message).await,
        _ if delivery.is_last() => give_up(app, delivery, message).await,
        Some(_) => Ok(Verdict::Again(QUESTION)),
        None => {
            app.outbound.note_absent(tenant, conversation, &message.id, now).await?;
            Ok(Verdict::Again(QUESTION))
        }
    }
}

fn found(finding: &str, message: &Message) {
    info!(message_id = %message.id, finding, "Asked Meta about an uncertain message");
    metric("reconciliations", 1, &[("finding", finding)]);
}

/// Asks again in half a minute, but not for ever: then a person has to look.
async fn later(app: &App, delivery: &Delivery, message: &Message, since_ms: i64) -> Result<Verdict, StoreError> {
    if delivery.is_last() || since_ms >= LONGEST_SEARCH_MS {
        return give_up(app, delivery, message).await;
    }
    Ok(Verdict::Again(QUESTION))
}

/// Leaves the message `uncertain`, with the sentence that it carries already. The conversation goes on.
async fn give_up(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    app.outbound.leave_in_doubt(tenant, conversation, &message.id).await?;
    warn!(message_id = %message.id, "Nobody knows whether a message was sent");
    metric("sends", 1, &[("outcome", "left_uncertain")]);
    Ok(Verdict::Done)
}

/// Sends what is proven absent. An echo that came meanwhile wins: then there is nothing to begin.
async fn send_again(app: &App, delivery: &Delivery, message: &Message) -> Result<Verdict, StoreError> {
    let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
    let now = app.clock.now_ms();
    app.outbound.requeue(tenant, conversation, &message.id, now).await?;
    match Box::pin(app.outbound.begin(tenant, conversation, &message.id, now)).await? {
        Begun::Started(message) => attempt(app, delivery, &message).await,
        Begun::Running(_) | Begun::Uncertain(..) | Begun::Settled(_) | Begun::Gone => Ok(Verdict::Done),
    }
}

async fn look(app: &App, delivery: &Delivery, message: &Message) -> Result<Finding, LookError> {
    let Dispatch { tenant, account, contact, conversation, .. } = &delivery.dispatch;
    let access = app.accounts.open(&app.connector, tenant, account, app.clock.now()).await?;
    let since = message.created_at.plus(-CLOCK_SKEW_MS);
    let graph = access.graph();
    let asked = graph.conversation_messages(access.access(), contact, since);
    let thread = match timeout(PATIENCE, asked).await.map_err(|_| LookError::Late)? {
        Ok(thread) => thread,
        Err(refusal) => {
            report(app, &access, &refusal).await?;
            return Err(refusal.into());
        }
    };
    app.watch.works(access.connection.login, app.clock.now_ms()).await;
    let known = app.inbox.messages(tenant, conversation, None, KNOWN_MESSAGES).await?.items;
    Ok(find(message, &thread, &known))
}

/// Notes what the refusal of one question says about the account.
async fn report(app: &App, access: &OpenAccount<'_>, refusal: &GraphError) -> Result<(), StoreError> {
    leave_alone(app, access, refusal.regain_seconds()).await;
    if let Some(problem) = blame::connection_problem(access, refusal).await {
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
            untimed: false,
            ahead: None,
            mid,
            direction: Direction::Outbound,
            author: Author::Agent,
            kind: Kind::Message,
            text: text.map(str::to_owned),
            attachments: Vec::new(),
            reply_to: None,
            referral: None,
            username: None,
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
    fn an_echo_is_looked_for_soon_and_often_before_meta_is_asked() {
        let mut since = 0;
        let mut looks = Vec::new();
        while since < FIRST_QUESTION_MS {
            since += i64::try_from(before_asking(since).as_millis()).expect("a short time");
            looks.push(since / 1000);
        }
        assert_eq!(looks, [2, 4, 8, 16, 30]);
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
