//! A message of which nobody knows whether it went out.
//!
//! An echo settles it without anybody asking; the message is looked at every few seconds at first, so that the next answer does
//! not wait for longer than the echo did. Then Meta's Conversations API is asked: a message that stands there was sent. One that
//! is absent is sent again once that is proven: after the longest time that Meta may work on its kind, and by two looks that
//! agree. Everything else stays in doubt.

use std::time::Duration;

use accounts::OpenAccount;
use domain::{Channel, Direction, Dispatch, Message, Mid, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::GraphError;
use meta::graph::{Thread, ThreadMessage};
use store::{Doubt, StoreError};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::access::AccessError;
use crate::app::App;
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

/// Between the begin of a call that was answered and the time that Meta gives its message.
const LONGEST_CALL_MS: u64 = 10 * 1000;

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

/// What asking about a message in doubt came to.
pub(crate) enum Searched {
    /// It was settled, or has to wait.
    Ended(Verdict),
    /// It is proven that it did not go out: it is to be sent again.
    Absent,
}

/// A message in doubt that Meta is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) app: &'a App,
    pub(crate) delivery: &'a Delivery,
    pub(crate) message: &'a Message,
    pub(crate) doubt: Doubt,
}

impl Search<'_> {
    /// Asks Meta, once it is time to, and settles the message if the answer allows.
    pub(crate) async fn run(self) -> Result<Searched, StoreError> {
        let Self { app, delivery, message, .. } = self;
        let Dispatch { tenant, conversation, account, .. } = &delivery.dispatch;
        let since = self.since_ms();
        if since < FIRST_QUESTION_MS && !delivery.is_last() {
            return Ok(Searched::Ended(Verdict::Again(before_asking(since))));
        }
        let ended = match self.look().await {
            Ok(Finding::Sent { mid, at }) => {
                match account.channel {
                    Channel::Instagram => {
                        Box::pin(app.outbound.settle_sent(tenant, conversation, &message.id, &mid, at)).await?;
                    }
                    // Nothing says that the list calls a message what its webhooks do.
                    Channel::Messenger => {
                        app.outbound.settle_listed(tenant, conversation, &message.id, &mid, at).await?;
                    }
                }
                self.found("sent");
                Verdict::Done
            }
            Ok(Finding::Absent) => {
                self.found("absent");
                return self.absent().await;
            }
            Ok(Finding::Unknown) => {
                self.found("unknown");
                self.later().await?
            }
            Err(LookError::Access(AccessError::Unusable(_))) => self.give_up().await?,
            Err(failure) => {
                warn!(%account, message_id = %message.id, error = %Chain(&failure), "An uncertain message stays so");
                metric("reconciliations", 1, &[("finding", "failed")]);
                self.later().await?
            }
        };
        Ok(Searched::Ended(ended))
    }

    /// How long ago the last call was begun.
    fn since_ms(self) -> i64 {
        self.app.clock.now_ms().get() - self.doubt.tried_at.get()
    }

    fn found(self, finding: &str) {
        info!(message_id = %self.message.id, finding, "Asked Meta about an uncertain message");
        metric("reconciliations", 1, &[("finding", finding)]);
    }

    /// Whether the absence is proven; notes the first look that counts.
    async fn absent(self) -> Result<Searched, StoreError> {
        let Self { app, delivery, message, doubt } = self;
        let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
        let now = app.clock.now_ms();
        let ended = match doubt.absent_at {
            _ if doubt.tried_at.plus(message.longest_processing()) > now => Verdict::Again(QUESTION),
            Some(first) if first.plus(APART_MS) <= now => return Ok(Searched::Absent),
            _ if delivery.is_last() => self.give_up().await?,
            Some(_) => Verdict::Again(QUESTION),
            None => {
                app.outbound.note_absent(tenant, conversation, &message.id, now).await?;
                Verdict::Again(QUESTION)
            }
        };
        Ok(Searched::Ended(ended))
    }

    /// Asks again in half a minute, but not for ever: then a person has to look.
    async fn later(self) -> Result<Verdict, StoreError> {
        if self.delivery.is_last() || self.since_ms() >= LONGEST_SEARCH_MS {
            return self.give_up().await;
        }
        Ok(Verdict::Again(QUESTION))
    }

    /// Leaves the message `uncertain`, with the sentence that it carries already. The conversation goes on.
    async fn give_up(self) -> Result<Verdict, StoreError> {
        let Dispatch { tenant, conversation, .. } = &self.delivery.dispatch;
        self.app.outbound.leave_in_doubt(tenant, conversation, &self.message.id).await?;
        warn!(message_id = %self.message.id, "Nobody knows whether a message was sent");
        metric("sends", 1, &[("outcome", "left_uncertain")]);
        Ok(Verdict::Done)
    }

    async fn look(self) -> Result<Finding, LookError> {
        let Self { app, delivery, message, .. } = self;
        let Dispatch { tenant, account, contact, conversation, .. } = &delivery.dispatch;
        let channel = account.channel;
        let account = app.accounts.open(tenant, account, app.clock.now()).await?;
        let since = message.created_at.plus(-CLOCK_SKEW_MS);
        let graph = account.graph();
        let asked = graph.conversation_messages(account.access(), contact, since);
        let thread = match timeout(PATIENCE, asked).await.map_err(|_| LookError::Late)? {
            Ok(thread) => thread,
            Err(refusal) => {
                self.report(&account, &refusal).await?;
                return Err(refusal.into());
            }
        };
        app.watch.works(account.connection.login, app.clock.now_ms()).await;
        let known = app.inbox.messages(tenant, conversation, None, KNOWN_MESSAGES).await?.items;
        Ok(find(channel, message, &thread, &known))
    }

    /// Notes what the refusal of one question says about the account.
    async fn report(self, account: &OpenAccount<'_>, refusal: &GraphError) -> Result<(), StoreError> {
        let Self { app, .. } = self;
        app.accounts.leave_alone(account, refusal.regain_seconds(), app.clock.now_ms()).await;
        if let Some(problem) = blame::connection_problem(account, refusal).await {
            app.accounts.mark_broken(account, problem, app.clock.now_ms()).await?;
        }
        Ok(())
    }
}

/// The wait before the next look for an echo: as long as the message has waited already.
fn before_asking(since_ms: i64) -> Duration {
    let left = Duration::from_millis(u64::try_from(FIRST_QUESTION_MS - since_ms).unwrap_or_default());
    let waited = Duration::from_millis(u64::try_from(since_ms).unwrap_or_default());
    waited.min(left).max(backoff::FIRST)
}

/// Looks for the message among those that no other message of ours stands for. Of several the oldest: they went out in order.
fn find(channel: Channel, message: &Message, thread: &Thread, known: &[Message]) -> Finding {
    let shown = thread.messages.iter().filter(|shown| !shown.from_contact && same_text(message, shown));
    let is = |known: &Message, shown: &ThreadMessage| known.provider_message_id.as_ref() == Some(&shown.mid);
    let (mut unknown, by_mid): (Vec<_>, Vec<_>) = shown.partition(|shown| !known.iter().any(|known| is(known, shown)));
    match channel {
        Channel::Instagram => {}
        Channel::Messenger => {
            let is_found = |known: &&Message| by_mid.iter().any(|shown| is(known, shown));
            let same = |known: &&Message| known.id != message.id && known.text == message.text;
            let written = known.iter().filter(|known| known.direction == Direction::Outbound && same(known));
            let sent_at = written.filter(|known| !is_found(known)).filter_map(|known| known.sent_at);
            leave_out(&mut unknown, &sent_at.collect::<Vec<_>>());
        }
    }
    match unknown.into_iter().min_by_key(|shown| shown.created_at) {
        Some(found) => Finding::Sent { mid: found.mid.clone(), at: found.created_at },
        None if thread.complete => Finding::Absent,
        None => Finding::Unknown,
    }
}

/// Leaves out what was sent at these times, where the list may know it by another id than we do: the nearest of each, and each once.
fn leave_out(shown: &mut Vec<&ThreadMessage>, sent_at: &[UnixMillis]) {
    let apart = |at: UnixMillis, shown: &ThreadMessage| at.get().abs_diff(shown.created_at.get());
    let mut left = sent_at.to_vec();
    loop {
        let pairs = left.iter().enumerate().flat_map(|(one, at)| {
            let distances = shown.iter().enumerate().map(move |(other, shown)| (apart(*at, shown), one, other));
            distances.filter(|(apart, ..)| *apart <= LONGEST_CALL_MS)
        });
        let Some((_, one, other)) = pairs.min() else { return };
        left.swap_remove(one);
        shown.swap_remove(other);
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
    use domain::{Author, ConversationId, Kind, MessageId};

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
            sent_as: None,
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

    /// What is found of a message where nothing else is known.
    fn looked_for(text: Option<&str>, thread: &Thread) -> Finding {
        let [finding, other] = Channel::ALL.map(|channel| find(channel, &message(text, None), thread, &[]));
        assert_eq!(finding, other);
        finding
    }

    /// One that is known by a mid that the list does not have, sent so many seconds after the first.
    fn sent(id: u8, seconds: i64) -> Message {
        let known = message(Some("yes"), Some(mid(&format!("webhook {id}"))));
        Message { id: MessageId::new(AT, [id; 8]), sent_at: Some(AT.plus(seconds * 1000)), ..known }
    }

    #[test]
    fn on_messenger_a_message_that_the_list_knows_by_another_id_is_told_by_its_time() {
        let look = |listed: &[i64], known: &[i64]| {
            let id = |index: usize| u8::try_from(index + 2).expect("few");
            let known: Vec<_> = known.iter().enumerate().map(|(index, at)| sent(id(index), *at)).collect();
            let listed = listed.iter().map(|at| at_meta(&format!("listed {at}"), Some("yes"), *at));
            find(Channel::Messenger, &message(Some("yes"), None), &thread(listed.collect()), &known)
        };
        let found = |at: i64| Finding::Sent { mid: mid(&format!("listed {at}")), at: AT.plus(at * 1000) };
        assert_eq!(look(&[0, 9], &[1]), found(9));
        assert_eq!(look(&[0], &[1]), Finding::Absent);
        assert_eq!(look(&[0, 3, 40], &[0, 2]), found(40));
        assert_eq!(look(&[3], &[-60]), found(3), "sent long before");
        assert_eq!(look(&[0, 3], &[-20, 0]), found(3), "nobody's twice, and the nearest first");
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
        let known = [Message { id: MessageId::new(AT, [2; 8]), ..message(Some("yes"), Some(mid("a"))) }];
        for channel in Channel::ALL {
            let finding = find(channel, &message(Some("yes"), None), &thread(messages.clone()), &known);
            assert_eq!(finding, Finding::Sent { mid: mid("b"), at: AT.plus(5000) }, "{channel}");
        }
    }

    #[test]
    fn what_the_contact_wrote_is_not_it() {
        let from_contact = ThreadMessage { from_contact: true, ..at_meta("a", Some("yes"), 1) };
        assert_eq!(looked_for(Some("yes"), &thread(vec![from_contact])), Finding::Absent);
    }

    #[test]
    fn absence_is_proven_only_where_everything_is_shown() {
        let shown = thread(vec![at_meta("a", Some("another"), 1)]);
        assert_eq!(looked_for(Some("yes"), &shown), Finding::Absent);
        assert_eq!(looked_for(Some("yes"), &Thread { complete: false, ..shown }), Finding::Unknown);
    }

    #[test]
    fn a_message_without_text_is_found_by_having_none() {
        let shown = thread(vec![at_meta("a", Some("text"), 1), at_meta("b", None, 2)]);
        assert_eq!(looked_for(None, &shown), Finding::Sent { mid: mid("b"), at: AT.plus(2000) });
    }
}
