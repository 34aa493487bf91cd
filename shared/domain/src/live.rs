//! Open browsers: who is let in to be told, and what they are told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, TenantId, UserId};
use crate::outbox::LastChange;
use crate::time::UnixSeconds;

/// For so long a ticket opens a socket.
pub const TICKET_SECONDS: i64 = 30;

/// For so long a socket stays open at most: then API Gateway closes it.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
pub const SOCKET_SECONDS: i64 = 2 * 60 * 60;

/// What a ticket lets in: stored under the digest of the ticket, and taken away by who uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// To whose inbox.
    pub tenant: TenantId,
    /// Whom.
    pub user: UserId,
    /// When the token ends that the ticket was asked for with; `None`: that was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ends_at: Option<UnixSeconds>,
}

/// An open browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// API Gateway's name for it.
    pub connection_id: String,
    /// Whose inbox is told of.
    pub tenant: TenantId,
    /// Who looks at it.
    pub user: UserId,
    /// When it was let in.
    pub opened_at: UnixSeconds,
    /// Then it is nobody's any more: with the token, or where API Gateway closes it.
    pub ends_at: UnixSeconds,
}

impl Ticket {
    /// The socket that the ticket opens.
    #[must_use]
    pub fn open(self, connection_id: String, now: UnixSeconds) -> Socket {
        let longest = now.plus(SOCKET_SECONDS);
        let ends_at = self.token_ends_at.map_or(longest, |end| end.min(longest));
        Socket { connection_id, tenant: self.tenant, user: self.user, opened_at: now, ends_at }
    }
}

/// Whoever is let in is not there at once: what API Gateway says to be gone may be about to open for so long.
const OPENING_SECONDS: i64 = 60;

impl Socket {
    /// Whether a socket that API Gateway calls gone is.
    #[must_use]
    pub fn has_opened(&self, now: UnixSeconds) -> bool {
        now >= self.opened_at.plus(OPENING_SECONDS)
    }
}

/// What about a conversation is to be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Its messages.
    Messages,
    /// What the list shows of it.
    Summary,
}

/// What an open browser is told: what to ask for, and nothing that anybody wrote or is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hint {
    conversations: BTreeMap<ConversationId, BTreeSet<Aspect>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    connections: bool,
}

/// So many conversations are named in one hint: a frame holds 32 KB.
///
/// Source: as of [`SOCKET_SECONDS`]
const CONVERSATIONS: usize = 500;

impl Hint {
    /// Adds what has changed about a conversation.
    pub fn conversation(&mut self, id: &ConversationId, changes: &[LastChange]) {
        let aspects = self.conversations.entry(id.clone()).or_default();
        for change in changes {
            aspects.extend(aspects_of(*change));
        }
    }

    /// Adds that a connection has changed.
    pub const fn connection(&mut self) {
        self.connections = true;
    }

    /// The JSON texts to send, none where there is nothing to tell: each fits into a frame.
    #[must_use]
    pub fn frames(&self) -> Vec<String> {
        let named: Vec<_> = self.conversations.iter().collect();
        let mut frames: Vec<_> = named
            .chunks(CONVERSATIONS)
            .map(|chunk| frame(chunk.iter().map(|(id, aspects)| (*id, *aspects)), false))
            .collect();
        if self.connections {
            frames.push(frame(std::iter::empty(), true));
        }
        frames
    }
}

fn frame<'h>(
    conversations: impl Iterator<Item = (&'h ConversationId, &'h BTreeSet<Aspect>)>,
    connections: bool,
) -> String {
    let conversations: Vec<_> =
        conversations.map(|(id, aspects)| serde_json::json!({"id": id, "what": aspects})).collect();
    serde_json::json!({"type": "changed", "conversations": conversations, "connections": connections}).to_string()
}

const fn aspects_of(change: LastChange) -> &'static [Aspect] {
    match change {
        LastChange::Received
        | LastChange::Noted
        | LastChange::Queued
        | LastChange::Sent
        | LastChange::Failed
        | LastChange::Uncertain
        | LastChange::Edited
        | LastChange::Deleted
        | LastChange::Reacted
        | LastChange::Erased => &[Aspect::Messages, Aspect::Summary],
        LastChange::Seen | LastChange::Delivered => &[Aspect::Messages],
        LastChange::Opened | LastChange::Closed | LastChange::Read | LastChange::Contact | LastChange::Window => {
            &[Aspect::Summary]
        }
        LastChange::Connected
        | LastChange::Broken
        | LastChange::Recovered
        | LastChange::Paused
        | LastChange::Disconnected
        | LastChange::Kept => &[],
    }
}
