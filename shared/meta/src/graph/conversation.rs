//! Who a contact is, and what really stands in a conversation.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api>

use domain::id::{Igsid, Mid};
use domain::time::UnixMillis;
use reqwest::Method;
use serde::Deserialize;

use super::answer::List;
use super::transport::{Call, execute};
use super::{AccountAccess, GraphClient, GraphError};

/// Of older messages Meta shows no details.
const MAX_DETAILS: usize = 20;

/// A contact's public profile. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// The name they gave themselves.
    pub name: Option<String>,
    /// Without `@`.
    pub username: Option<String>,
    /// The picture's address; expires after days.
    #[serde(rename = "profile_pic")]
    pub picture_url: Option<String>,
}

/// The newest messages of one conversation, as Meta has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Newest first.
    pub messages: Vec<ThreadMessage>,
    /// Every message since the asked time is among them: what is not there does not exist.
    pub complete: bool,
}

/// A message as the Conversations API shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ThreadMessage {
    /// Its id.
    pub mid: Mid,
    /// When it was sent: whole seconds.
    pub created_at: UnixMillis,
    /// Whether the contact wrote it.
    pub from_contact: bool,
    /// Its text.
    pub text: Option<String>,
}

/// A message's text is in no log.
impl std::fmt::Debug for ThreadMessage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ThreadMessage")
            .field("mid", &self.mid)
            .field("at", &self.created_at)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct ConversationId {
    id: Mid,
}

#[derive(Deserialize)]
struct Messages {
    messages: Option<List<Item>>,
}

#[derive(Deserialize)]
struct Item {
    id: Mid,
    created_time: String,
    from: Option<From>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct From {
    id: Option<Mid>,
}

impl Item {
    fn created_at(&self) -> Result<UnixMillis, GraphError> {
        UnixMillis::parse(&self.created_time).map_err(|_| GraphError::Shape { call: Call::Read })
    }
}

impl GraphClient<'_> {
    /// A contact's profile. Meta shows it only of people who wrote to the account.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]; codes 230, 9010 and 100 are everyday, and no reason to lose a message.
    pub async fn profile(&self, access: AccountAccess<'_>, contact: &Igsid) -> Result<Profile, GraphError> {
        let request = self.request(Method::GET, contact.as_str(), access.token);
        let request = request.query(&[("fields", "name,username,profile_pic")]);
        Ok(execute(Call::Read, request).await?.body)
    }

    /// Asks for any one conversation of the account. It takes the permission that sending takes, and concerns no contact: what
    /// Meta refuses here it refuses the account.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn try_messaging(&self, access: AccountAccess<'_>) -> Result<(), GraphError> {
        let path = format!("{}/conversations", self.node(access));
        let request = self.request(Method::GET, &path, access.token);
        let request = request.query(&[("platform", "instagram"), ("limit", "1")]);
        execute::<List<ConversationId>>(Call::Read, request).await.map(drop)
    }

    /// The messages of the conversation with `contact` since `since`, which should allow for clocks that differ.
    ///
    /// Two calls, and one for each message whose details Meta leaves out of the list.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]: nothing is known.
    pub async fn conversation_messages(
        &self,
        access: AccountAccess<'_>,
        contact: &Igsid,
        since: UnixMillis,
    ) -> Result<Thread, GraphError> {
        let Some(conversation) = self.conversation(access, contact).await? else {
            // Meta hides threads of the Requests folder: not listed does not mean not there.
            return Ok(Thread::default());
        };
        let request = self.request(Method::GET, &Self::segment(&conversation), access.token);
        let request = request.query(&[("fields", "messages{id,created_time,from,message}")]);
        let Some(list) = execute::<Messages>(Call::Read, request).await?.body.messages else {
            return Ok(Thread::default());
        };
        let is_whole = list.paging.is_none_or(|paging| paging.next.is_none());
        let mut items = Vec::new();
        for item in list.data {
            items.push((item.created_at()?, item));
        }
        items.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        // Meta's times are whole seconds.
        let recent = items.iter().take_while(|(at, _)| at.seconds() >= since.seconds()).count();
        let complete = recent <= MAX_DETAILS && (recent < items.len() || is_whole);
        let mut messages = Vec::new();
        for (created_at, item) in items.into_iter().take(recent.min(MAX_DETAILS)) {
            messages.push(self.detailed(access, contact, created_at, item).await?);
        }
        Ok(Thread { messages, complete })
    }

    async fn conversation(&self, access: AccountAccess<'_>, contact: &Igsid) -> Result<Option<Mid>, GraphError> {
        let path = format!("{}/conversations", self.node(access));
        let request = self.request(Method::GET, &path, access.token);
        let request = request.query(&[("platform", "instagram"), ("user_id", contact.as_str())]);
        let conversations = execute::<List<ConversationId>>(Call::Read, request).await?.body.data;
        Ok(conversations.into_iter().next().map(|conversation| conversation.id))
    }

    async fn detailed(
        &self,
        access: AccountAccess<'_>,
        contact: &Igsid,
        created_at: UnixMillis,
        listed: Item,
    ) -> Result<ThreadMessage, GraphError> {
        let item = if listed.from.is_some() { listed } else { self.message(access, &listed.id).await? };
        let author = item.from.and_then(|from| from.id);
        let from_contact = author.is_some_and(|author| author.as_str() == contact.as_str());
        Ok(ThreadMessage { mid: item.id, created_at, from_contact, text: item.message })
    }

    async fn message(&self, access: AccountAccess<'_>, mid: &Mid) -> Result<Item, GraphError> {
        let request = self.request(Method::GET, &Self::segment(mid), access.token);
        let request = request.query(&[("fields", "id,created_time,from,message")]);
        Ok(execute(Call::Read, request).await?.body)
    }
}
