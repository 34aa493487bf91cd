//! What really stands in a conversation.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api>

use domain::channel::{Channel, ContactId};
use domain::id::Mid;
use domain::time::UnixMillis;
use reqwest::Method;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use tracing::info;

use super::answer::{List, Next};
use super::call::Call;
use super::transport::execute;
use super::{AccountAccess, FailureClass, GraphClient, GraphError};

/// Of older messages Meta shows no details.
const MAX_DETAILS: usize = 20;

/// How many pages of a list are read: the first has all, unless Meta cuts it short.
const MAX_PAGES: usize = 4;

const FIELDS: &str = "id,created_time,from,message";

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
    /// Its id. On Messenger nothing says that webhooks call it the same: what has another id may be the same message by time
    /// and text.
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
struct Listing {
    id: Mid,
    participants: Option<Participants>,
}

/// A name is a courtesy: what cannot be read hides no conversation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Participants {
    Listed(List<Participant>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Participant {
    id: Option<Mid>,
    name: Option<String>,
}

impl Listing {
    fn name_of(&self, contact: &ContactId) -> Option<String> {
        let Some(Participants::Listed(participants)) = &self.participants else { return None };
        let is_contact = |one: &&Participant| one.id.as_ref().is_some_and(|id| id.as_str() == contact.as_str());
        let mut names = participants.data.iter().filter(is_contact).filter_map(|one| one.name.clone());
        names.find(|name| !name.is_empty())
    }
}

#[derive(Deserialize)]
struct Messages {
    messages: Option<List<Item>>,
}

#[derive(Deserialize)]
struct Item {
    id: Mid,
    #[serde(deserialize_with = "time")]
    created_time: UnixMillis,
    from: Option<From>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct From {
    id: Option<Mid>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixMillis, D::Error> {
    UnixMillis::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Item {
    /// Meta's times are whole seconds.
    fn is_since(&self, since: UnixMillis) -> bool {
        self.created_time.seconds() >= since.seconds()
    }
}

/// The messages that Meta lists, and whether they are all since the asked time.
#[derive(Default)]
struct Listed {
    items: Vec<Item>,
    is_whole: bool,
}

/// Whether a failure concerns nothing but what was asked for, so that other questions may be answered. `false` also where Meta
/// wants no more questions.
fn concerns_one(failure: &GraphError) -> bool {
    let concerns_all = match failure.class() {
        FailureClass::RetryLater { .. } | FailureClass::AppLevel => true,
        FailureClass::Account(problem) => problem.is_of_token(),
        _ => matches!(failure, GraphError::NotSent(_) | GraphError::NoAnswer { .. }),
    };
    !concerns_all
}

/// Whose conversations are meant: a Page has those of both channels.
const fn platform(access: AccountAccess<'_>) -> &'static str {
    match access.account.channel {
        Channel::Instagram => "instagram",
        Channel::Messenger => "messenger",
    }
}

impl GraphClient<'_> {
    /// Asks for any one conversation of the account. It takes the permission that sending takes, and concerns no contact: what
    /// Meta refuses here it refuses the account.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn try_messaging(&self, access: AccountAccess<'_>) -> Result<(), GraphError> {
        let path = format!("{}/conversations", self.node(access));
        let request = self.request(Method::GET, &path, access.token);
        let request = request.query(&[("platform", platform(access)), ("limit", "1")]);
        execute::<List<Listing>>(Call::Read, request).await.map(drop)
    }

    /// The contact's name as the conversation with them tells it, for those whose profile Meta does not show; `None` where it tells
    /// none. One call, of those of which Meta allows two a second.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`].
    pub async fn contact_name(
        &self,
        access: AccountAccess<'_>,
        contact: &ContactId,
    ) -> Result<Option<String>, GraphError> {
        let conversation = self.conversation(access, contact, "id,participants").await?;
        Ok(conversation.and_then(|conversation| conversation.name_of(contact)))
    }

    /// The messages of the conversation with `contact` since `since`, which should allow for clocks that differ.
    ///
    /// Two calls, and one for each message whose details Meta leaves out of the list. A message that cannot be read (it was unsent
    /// since it was listed, say) is left out: nobody knows which one it was, so the thread is not complete.
    ///
    /// # Errors
    ///
    /// Any [`GraphError`]: nothing is known.
    pub async fn conversation_messages(
        &self,
        access: AccountAccess<'_>,
        contact: &ContactId,
        since: UnixMillis,
    ) -> Result<Thread, GraphError> {
        let Some(conversation) = self.conversation(access, contact, "id").await? else {
            // Meta hides threads of the Requests folder: not listed does not mean not there.
            return Ok(Thread::default());
        };
        let Listed { mut items, is_whole } = self.listed(access, &conversation.id, since).await?;
        items.retain(|item| item.is_since(since));
        items.sort_by_key(|item| std::cmp::Reverse(item.created_time));
        let mut thread = Thread { messages: Vec::new(), complete: is_whole && items.len() <= MAX_DETAILS };
        for item in items.into_iter().take(MAX_DETAILS) {
            match self.detailed(access, contact, item).await {
                Ok(message) => thread.messages.push(message),
                Err(failure) if concerns_one(&failure) => {
                    info!(error = %failure, "Meta did not show a message that it lists");
                    thread.complete = false;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(thread)
    }

    async fn conversation(
        &self,
        access: AccountAccess<'_>,
        contact: &ContactId,
        fields: &str,
    ) -> Result<Option<Listing>, GraphError> {
        let path = format!("{}/conversations", self.node(access));
        let of_contact = ("user_id", contact.to_string());
        let mut query = vec![("platform", platform(access).to_owned()), of_contact, ("fields", fields.to_owned())];
        for _ in 0..MAX_PAGES {
            let request = self.request(Method::GET, &path, access.token).query(&query);
            let list = execute::<List<Listing>>(Call::Read, request).await?.body;
            if let Some(conversation) = list.data.into_iter().next() {
                return Ok(Some(conversation));
            }
            let Next::After(cursor) = list.next else { break };
            query.retain(|(name, _)| *name != "after");
            query.push(("after", cursor));
        }
        Ok(None)
    }

    /// Reads the list on until it reaches back to `since`, or has more than Meta shows details of.
    async fn listed(
        &self,
        access: AccountAccess<'_>,
        conversation: &Mid,
        since: UnixMillis,
    ) -> Result<Listed, GraphError> {
        let path = Self::segment(conversation);
        let request = self.request(Method::GET, &path, access.token);
        let request = request.query(&[("fields", format!("messages{{{FIELDS}}}"))]);
        let Some(mut page) = execute::<Messages>(Call::Read, request).await?.body.messages else {
            return Ok(Listed::default());
        };
        let mut listed = Listed { items: Vec::new(), is_whole: true };
        let mut continuations = 1..MAX_PAGES;
        loop {
            let reaches_back = page.data.iter().any(|item| !item.is_since(since));
            listed.is_whole &= page.is_readable;
            listed.items.extend(page.data);
            if reaches_back || page.next == Next::Nowhere {
                return Ok(listed);
            }
            let Next::After(cursor) = page.next else { break };
            if listed.items.len() > MAX_DETAILS || continuations.next().is_none() {
                break;
            }
            let request = self.request(Method::GET, &format!("{path}/messages"), access.token);
            page = match execute(Call::Read, request.query(&[("fields", FIELDS), ("after", &cursor)])).await {
                Ok(answer) => answer.body,
                Err(failure) if concerns_one(&failure) => break,
                Err(failure) => return Err(failure),
            };
        }
        Ok(Listed { is_whole: false, ..listed })
    }

    async fn detailed(
        &self,
        access: AccountAccess<'_>,
        contact: &ContactId,
        listed: Item,
    ) -> Result<ThreadMessage, GraphError> {
        let created_at = listed.created_time;
        let item = if listed.from.is_some() { listed } else { self.message(access, &listed.id).await? };
        let author = item.from.and_then(|from| from.id);
        let from_contact = author.is_some_and(|author| author.as_str() == contact.as_str());
        Ok(ThreadMessage { mid: item.id, created_at, from_contact, text: item.message })
    }

    async fn message(&self, access: AccountAccess<'_>, mid: &Mid) -> Result<Item, GraphError> {
        let request = self.request(Method::GET, &Self::segment(mid), access.token);
        Ok(execute(Call::Read, request.query(&[("fields", FIELDS)])).await?.body)
    }
}
