//! What was said, as the generator knows it, and as the inbox shows it.

use std::collections::BTreeMap;

use serde_json::Value;
use stories::Browser;

use crate::util::{all_conversations, all_messages};

/// A message: what it became after everything that happened to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) outbound: bool,
    pub(super) text: Option<String>,
    pub(super) attachments: Vec<String>,
    pub(super) reaction: Option<String>,
    pub(super) deleted: bool,
    /// When an echo was sent.
    pub(super) sent_ms: i64,
    /// The greatest number of an edit.
    pub(super) edits: u64,
}

/// What one contact and the account said to each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub(super) by_mid: BTreeMap<String, Said>,
    /// How many messages without a mid there are, by kind.
    pub(super) without_mid: BTreeMap<String, usize>,
    pub(super) unread: u64,
    /// The contact has read everything that was sent until then.
    pub(super) read_until_ms: i64,
}

/// What was said to all accounts.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    threads: BTreeMap<(String, String), Thread>,
}

/// A conversation as it is compared: unread messages, a line for each message with a mid, and the number of others.
pub(super) type Shown = (u64, BTreeMap<String, String>, BTreeMap<String, usize>);

impl Truth {
    pub(super) fn thread(&mut self, account: &str, contact: &str) -> &mut Thread {
        self.threads.entry((account.to_owned(), contact.to_owned())).or_default()
    }

    /// What is to be shown of an account's contacts.
    pub(super) fn of(&self, account: &str) -> BTreeMap<String, Shown> {
        let threads = self.threads.iter().filter(|((of, _), _)| of == account);
        threads
            .map(|((_, contact), thread)| (contact.clone(), thread.shown()))
            .filter(|(_, shown)| !shown.1.is_empty() || !shown.2.is_empty())
            .collect()
    }
}

impl Thread {
    fn shown(&self) -> Shown {
        let lines = self.by_mid.iter().map(|(mid, said)| (mid.clone(), said.line(self.read_until_ms)));
        (self.unread, lines.collect(), self.without_mid.clone())
    }
}

impl Said {
    fn line(&self, read_until_ms: i64) -> String {
        if self.deleted {
            return format!("{} deleted", self.kind);
        }
        let status = match (self.outbound, self.sent_ms <= read_until_ms) {
            (false, _) => "received",
            (true, true) => "read",
            (true, false) => "sent",
        };
        line(self.kind, status, self.text.as_deref(), &self.attachments.join("+"), self.reaction.as_deref())
    }
}

fn line(kind: &str, status: &str, text: Option<&str>, attachments: &str, reaction: Option<&str>) -> String {
    format!("{kind} {status} {text:?} [{attachments}] {reaction:?}")
}

/// What a person's inbox shows, by contact.
pub(super) async fn shown(person: &Browser<'_>) -> BTreeMap<String, Shown> {
    let mut shown = BTreeMap::new();
    for conversation in all_conversations(person).await {
        let mut thread: Shown =
            (conversation["unread_count"].as_u64().unwrap_or_default(), BTreeMap::new(), BTreeMap::new());
        for message in all_messages(person, &conversation).await {
            let kind = text(&message["kind"]).to_owned();
            match message["provider_message_id"].as_str() {
                Some(mid) => {
                    let earlier = thread.1.insert(mid.to_owned(), line_of(&message));
                    assert_eq!(earlier, None, "{mid} is there twice");
                }
                None => *thread.2.entry(kind).or_default() += 1,
            }
        }
        shown.insert(text(&conversation["contact"]["id"]).to_owned(), thread);
    }
    shown
}

fn line_of(message: &Value) -> String {
    let (kind, status) = (text(&message["kind"]), text(&message["status"]));
    if status == "deleted" {
        return format!("{kind} deleted");
    }
    let attachments = message["attachments"].as_array().expect("a list").iter().map(|one| text(&one["type"]));
    let attachments = attachments.collect::<Vec<_>>().join("+");
    let reactions = message["reactions"].as_array().expect("a list");
    let reaction = reactions.first().map(|reaction| text(&reaction["emoji"]));
    line(kind, status, message["text"].as_str(), &attachments, reaction)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
