//! How an answer may go out: decided when it is sent, since it may have waited over the end of a window.

use std::borrow::Cow;

use accounts::OpenAccount;
use domain::policy::{HUMAN_AGENT, Permission, WindowClosed};
use domain::{Author, Dispatch, Message, UnixMillis};
use store::StoreError;
use tracing::info;

use crate::attempt::Attempt;

impl<'a> Attempt<'a> {
    /// The message with the tag that it needs now. The conversation is read only where the window may be another one than when
    /// the message was accepted.
    pub(crate) async fn tagged(self, account: &OpenAccount<'_>) -> Result<Cow<'a, Message>, StoreError> {
        let Self { app, delivery, message } = self;
        let tag = self.tag(account).await?;
        if tag == message.tag {
            return Ok(Cow::Borrowed(message));
        }
        let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
        app.outbound.retag(tenant, conversation, &message.id, tag.as_deref()).await?;
        Ok(Cow::Owned(Message { tag, ..message.clone() }))
    }

    async fn tag(self, account: &OpenAccount<'_>) -> Result<Option<String>, StoreError> {
        let Self { app, delivery, message } = self;
        let Dispatch { tenant, conversation, plain_until, .. } = &delivery.dispatch;
        let now = app.clock.now_ms();
        if message.attempts <= 1 && plain_until.is_some_and(|until| now < until) {
            return Ok(None);
        }
        let Some(conversation) = app.inbox.conversation(tenant, conversation).await? else {
            return Ok(message.tag.clone());
        };
        Ok(match conversation.reply_window().permission(message.author, account.human_agent(), now) {
            Ok(Permission::HumanAgent) => Some(HUMAN_AGENT.to_owned()),
            // Also where we take the window for closed: the answer was accepted in time, and Meta knows.
            Ok(Permission::Response) | Err(_) => None,
        })
    }

    /// Meta says that the window is closed: so it is shown from now on. Tells whether the answer may still go out with the tag
    /// that a person has; that is tried once.
    pub(crate) async fn close_window(
        self,
        account: &OpenAccount<'_>,
        tried_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let Self { app, delivery, message } = self;
        let Dispatch { tenant, conversation, .. } = &delivery.dispatch;
        let closed = WindowClosed { at: tried_at, for_everybody: message.tag.is_some() };
        app.outbound.close_window(tenant, conversation, closed).await?;
        info!(conversation_id = %conversation, "Meta calls a window closed");
        let may_be_tagged = message.author == Author::Agent && account.human_agent();
        Ok(message.tag.is_none() && message.attempts <= 1 && may_be_tagged)
    }
}
