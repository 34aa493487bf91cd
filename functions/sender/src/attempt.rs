//! One attempt to send a message, and what Meta's answer makes of it.

use std::borrow::Cow;
use std::time::Duration;

use accounts::OpenAccount;
use domain::breaker::Seen;
use domain::message::{ReplyTo, SendFailure};
use domain::{Connection, Dispatch, Message, Mid, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::graph::{AccountProblem, Content, OutboundAttachment, OutboundMessage, Sent};
use meta::{FailureClass, GraphError};
use store::StoreError;
use tracing::{error, info, warn};

use crate::access::AccessError;
use crate::app::App;
use crate::delivery::{Delivery, Verdict};
use crate::{backoff, blame, failures};

/// How long an answer may wait. Later it would surprise the contact, and no window is open that long for sure.
pub(crate) const LONGEST_WAIT_MS: i64 = 24 * 60 * 60 * 1000;

/// Above this share of a limit, in percent, Meta advises to slow down.
const NEAR_LIMIT_PERCENT: u32 = 80;

/// A message that is ours to send, once.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) app: &'a App,
    pub(crate) delivery: &'a Delivery,
    pub(crate) message: &'a Message,
}

impl<'a> Attempt<'a> {
    pub(crate) async fn run(self) -> Result<Verdict, StoreError> {
        let now = self.app.clock.now_ms();
        if self.message.created_at.plus(LONGEST_WAIT_MS) <= now {
            return self.fail(failures::not_sent_in_time()).await;
        }
        match self.open(now).await {
            Ok((account, message)) => Attempt { message: &message, ..self }.send(&account, now).await,
            Err(AccessError::Unusable(failure)) => self.fail(failure).await,
            Err(failure) => {
                error!(account = %self.delivery.dispatch.account, error = %Chain(&failure), "Meta could not be called");
                metric("sends", 1, &[("outcome", "not_tried")]);
                self.again(self.own_wait(), failures::unavailable()).await
            }
        }
    }

    /// The account, and the message with the tag that it needs now.
    async fn open(self, now: UnixMillis) -> Result<(OpenAccount<'a>, Cow<'a, Message>), AccessError> {
        let Dispatch { tenant, account, .. } = &self.delivery.dispatch;
        let account = self.app.accounts.open(tenant, account, now.seconds()).await?;
        let message = self.tagged(&account).await?;
        Ok((account, message))
    }

    async fn send(self, account: &OpenAccount<'_>, now: UnixMillis) -> Result<Verdict, StoreError> {
        match self.post(account).await {
            Ok(sent) => {
                let settled = self.settle_sent(account, &sent, now).await;
                self.app.watch.works(account.connection.login, now).await;
                settled
            }
            Err(refusal) => self.settle_refusal(account, &refusal, now).await,
        }
    }

    async fn post(self, account: &OpenAccount<'_>) -> Result<Sent, GraphError> {
        let Message { attachments, text, reply_to, tag, .. } = self.message;
        let attachments: Vec<OutboundAttachment<'_>> = attachments
            .iter()
            .filter_map(|attachment| {
                Some(OutboundAttachment { kind: &attachment.kind, url: attachment.url.as_deref()? })
            })
            .collect();
        let outbound = OutboundMessage {
            id: &self.message.id,
            recipient: &self.delivery.dispatch.contact,
            content: text.as_deref().map_or(Content::Attachments(&attachments), Content::Text),
            reply_to: reply_to.as_ref().and_then(reply_target),
            human_agent: tag.is_some(),
        };
        account.graph().send(account.access(), outbound).await
    }

    /// Sent when the call was begun, and not when it was answered: by then the contact may have it, and Meta tell up to when.
    async fn settle_sent(
        self,
        account: &OpenAccount<'_>,
        sent: &Sent,
        tried_at: UnixMillis,
    ) -> Result<Verdict, StoreError> {
        let Dispatch { tenant, conversation, message, account: id, .. } = &self.delivery.dispatch;
        // On the heap: the future of a step that may have to correct an echo is large.
        Box::pin(self.app.outbound.settle_sent(tenant, conversation, message, &sent.mid, tried_at)).await?;
        metric("sends", 1, &[("outcome", "sent")]);
        if sent.usage.percent >= NEAR_LIMIT_PERCENT {
            warn!(account = %id, percent = sent.usage.percent, "An account is near a limit of Meta's");
            metric("sends_near_limit", 1, &[]);
        }
        info!(message_id = %message, "Sent a message");
        self.app.accounts.leave_alone(account, sent.usage.regain_seconds, self.app.clock.now_ms()).await;
        Ok(Verdict::Done)
    }

    /// The table of outcomes. Has no `_` arm: a new class does not compile until someone chose what happens.
    async fn settle_refusal(
        self,
        account: &OpenAccount<'_>,
        refusal: &GraphError,
        tried_at: UnixMillis,
    ) -> Result<Verdict, StoreError> {
        let Self { app, delivery, message } = self;
        let channel = account.access().account.channel;
        let explained = refusal.explain(channel);
        let reason = &explained.reason;
        info!(message_id = %message.id, reason, error = %Chain(refusal), "Meta did not take a message");
        app.accounts.leave_alone(account, refusal.regain_seconds(), app.clock.now_ms()).await;
        match refusal.class() {
            FailureClass::Permanent if refusal.says_window_closed() => {
                if self.close_window(account, tried_at).await? {
                    return self.again(self.own_wait(), explained).await;
                }
                self.fail(explained).await
            }
            FailureClass::Account(_) => match blame::connection_problem(account, refusal).await {
                Some(problem) => self.break_connection(account, problem, explained).await,
                None => self.fail(blame::of_the_message(refusal, channel)).await,
            },
            FailureClass::Permanent | FailureClass::InvalidGrant => self.fail(explained).await,
            FailureClass::RetryAtMost(more) if message.attempts > more => self.fail(explained).await,
            FailureClass::RetryAtMost(_) | FailureClass::Retry => self.again(self.own_wait(), explained).await,
            FailureClass::RetryLater { after } => {
                let asked = Duration::from_secs(after.unwrap_or_default().into());
                self.again(backoff::at_least(asked, delivery.tries, &message.id), explained).await
            }
            FailureClass::AppLevel => {
                // Every account fails alike: an operator has to look, and no tenant has to reconnect.
                error!(error = %Chain(refusal), "The Meta app has lost its access");
                self.tell_operator(account).await;
                self.again(backoff::for_app(delivery.tries, &message.id), explained).await
            }
            FailureClass::Uncertain => delivery.doubt(app, &explained).await,
        }
    }

    fn own_wait(self) -> Duration {
        backoff::after(self.delivery.tries, &self.message.id)
    }

    /// Tells the app's breaker. Further tries of the same message are no further evidence: they would open the breaker again
    /// each time that a probe has closed it, where it is not the app after all.
    async fn tell_operator(self, account: &OpenAccount<'_>) {
        let Connection { login, tenant, .. } = &account.connection;
        if self.message.attempts > 1 {
            metric("app_level_failures", 1, &[("login", login.as_str())]);
            return;
        }
        if let Err(failure) = self.app.watch.refused(*login, tenant, Seen::InSending, self.app.clock.now_ms()).await {
            warn!(error = %Chain(&failure), "A refusal of the app was not noted");
        }
    }

    /// Meta refuses the token. Where the connection is another one by now, the next try goes by that.
    async fn break_connection(
        self,
        account: &OpenAccount<'_>,
        problem: AccountProblem,
        explained: SendFailure,
    ) -> Result<Verdict, StoreError> {
        let Dispatch { tenant, account: id, .. } = &self.delivery.dispatch;
        if self.app.accounts.mark_broken(account, problem, self.app.clock.now_ms()).await? {
            warn!(%tenant, account = %id, reason = problem.as_str(), "A connection does not work any more");
            metric("connections_broken", 1, &[("reason", problem.as_str())]);
            return self.fail(explained).await;
        }
        self.again(backoff::after(1, &self.message.id), explained).await
    }
}

const fn reply_target(reply_to: &ReplyTo) -> Option<&Mid> {
    match reply_to {
        ReplyTo::Message { mid } => Some(mid),
        ReplyTo::Story { .. } | ReplyTo::Other(_) => None,
    }
}
