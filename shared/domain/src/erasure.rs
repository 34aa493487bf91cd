//! A deletion of somebody's data: what is asked for, how far it is, how much was deleted.
//!
//! It is worked off in pieces. Once it is done nothing in it says whose data it was.

use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::audit::{AuditEvent, AuditKind};
use crate::channel::Account;
use crate::connection::Login;
use crate::id::{AppScopedId, ConversationId, ParseIdError, TenantId};
use crate::time::UnixMillis;
use crate::word::Word;

/// Names a deletion towards the person who asked for it: 32 hexadecimal digits that nobody guesses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ErasureCode(String);

impl ErasureCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code in 128 bits, which have to be secret or random.
    #[must_use]
    pub fn new(bits: [u8; 16]) -> Self {
        Self(hex::encode(bits))
    }
}

impl fmt::Display for ErasureCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for ErasureCode {
    type Error = ParseIdError;

    /// The rule is that of a [`ConversationId`].
    fn try_from(text: String) -> Result<Self, Self::Error> {
        ConversationId::try_from(text.as_str()).map(|_| Self(text))
    }
}

impl From<ErasureCode> for String {
    fn from(code: ErasureCode) -> Self {
        code.0
    }
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person, at Meta.
    Person,
    /// The tenant, for one of its contacts.
    Tenant,
    /// The operator, with a list of ids.
    Operator,
    /// A newer version wrote this word. It is kept as it is.
    #[serde(untagged)]
    Other(Word),
}

impl Origin {
    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Tenant => "tenant",
            Self::Operator => "operator",
            Self::Other(_) => "unknown",
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Tokens are gone; the rest waits.
    Received,
    /// Being deleted.
    Running,
    /// Nothing is left.
    Done,
    /// The person has connected nothing. What they may have written is stored under ids that nobody can tell from theirs: a person
    /// of the operator's has to look.
    Unmatched,
    /// A newer version wrote this word. It is kept until a piece is worked off.
    #[serde(untagged)]
    Other(Word),
}

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Connections with what was known of the account and the person.
    #[serde(default)]
    pub connections: u64,
    /// Conversations with the contact's profile.
    #[serde(default)]
    pub conversations: u64,
    /// Messages.
    #[serde(default)]
    pub messages: u64,
    /// Lines of the audit log.
    #[serde(default)]
    pub events: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.conversations += other.conversations;
        self.messages += other.messages;
        self.events += other.events;
    }
}

/// What is to be deleted of a tenant's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scope")]
pub enum Scope {
    /// An account with all its conversations.
    Account {
        /// Which.
        account: Account,
        /// Who connected it, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<AppUser>,
    },
    /// One contact.
    Contact {
        /// The contact's one conversation.
        conversation: ConversationId,
    },
    /// Everything.
    Tenant,
    /// A newer version wrote this. It is kept as it is, for that one to delete.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

impl Scope {
    /// A stable word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Account { .. } => "account",
            Self::Contact { .. } => "contact",
            Self::Tenant => "tenant",
            Self::Other(_) => "unknown",
        }
    }
}

/// A person as a Meta app of one login sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppUser {
    /// The app's login.
    pub login: Login,
    /// The person's id there.
    pub id: AppScopedId,
}

/// How far a task is: everything before this is deleted and counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What is being deleted.
    #[serde(default)]
    pub stage: Stage,
    /// The conversation that was counted last; it may still have to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The sort key up to which everything is deleted: the next piece looks behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// The sort key of the last message or line that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<String>,
    /// When everything was deleted for the first time. What a function that was under way wrote after that is found by
    /// a second look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept_at: Option<UnixMillis>,
}

/// What a task deletes, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Conversations, each after its messages.
    #[default]
    Conversations,
    /// Lines of the audit log: those that name the account or the contact, or all but the receipts of deletions.
    Events,
    /// The connection and what leads to it.
    Connection,
    /// A tenant's profile, and what is counted and remembered for it.
    Records,
    /// A newer version wrote this word. It is kept as it is, for that one to go on.
    #[serde(untagged)]
    Other(Word),
}

/// A part of a deletion, within one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Whose data.
    pub tenant: TenantId,
    /// Which.
    #[serde(flatten)]
    pub scope: Scope,
    /// How far it is.
    #[serde(default)]
    pub place: Place,
    /// What it has deleted.
    #[serde(default)]
    pub counts: Counts,
}

impl Task {
    /// A task that nothing was done of.
    #[must_use]
    pub fn new(tenant: TenantId, scope: Scope) -> Self {
        Self { tenant, scope, place: Place::default(), counts: Counts::default() }
    }

    /// An event about it in the audit log of the tenant, or of the operator where the tenant is what is deleted.
    #[must_use]
    pub fn audit_event(&self, kind: AuditKind, at: UnixMillis) -> AuditEvent {
        match self.scope {
            Scope::Tenant => AuditEvent::new(TenantId::operator(), kind, at).with("tenant", self.tenant.as_str()),
            Scope::Account { .. } | Scope::Contact { .. } | Scope::Other(_) => {
                AuditEvent::new(self.tenant.clone(), kind, at)
            }
        }
    }
}

/// A deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Names it.
    pub code: ErasureCode,
    /// Who asked.
    pub origin: Origin,
    /// What is left to do; empty once it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// What the finished tasks have deleted.
    #[serde(default)]
    pub counts: Counts,
    /// How far it is.
    pub progress: Progress,
    /// Asked for at.
    pub requested_at: UnixMillis,
    /// Done at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<UnixMillis>,
    /// Raised by each change, for optimistic locking.
    #[serde(default)]
    pub version: u64,
}

impl Erasure {
    /// A deletion that was just asked for; done at once where there is nothing to delete.
    #[must_use]
    pub fn new(code: ErasureCode, origin: Origin, tasks: Vec<Task>, now: UnixMillis) -> Self {
        let nothing = tasks.is_empty();
        Self {
            code,
            origin,
            tasks,
            counts: Counts::default(),
            progress: if nothing { Progress::Done } else { Progress::Received },
            requested_at: now,
            finished_at: nothing.then_some(now),
            version: 0,
        }
    }

    /// A deletion for a person of whom nothing is known by this id: see [`Progress::Unmatched`].
    #[must_use]
    pub fn unmatched(code: ErasureCode, origin: Origin, now: UnixMillis) -> Self {
        Self { progress: Progress::Unmatched, finished_at: None, ..Self::new(code, origin, Vec::new(), now) }
    }

    /// The same deletion, once somebody has found out what is meant: it is done where that is nothing.
    #[must_use]
    pub fn matched(self, tasks: Vec<Task>, now: UnixMillis) -> Self {
        let Self { code, origin, requested_at, version, .. } = self;
        let found = Self::new(code, origin, tasks, now);
        Self { requested_at, version, ..found }
    }

    /// Whether something is to be deleted.
    #[must_use]
    pub const fn is_to_be_worked_off(&self) -> bool {
        match self.progress {
            Progress::Received | Progress::Running | Progress::Other(_) => true,
            Progress::Done | Progress::Unmatched => false,
        }
    }

    /// Everything deleted so far.
    #[must_use]
    pub fn deleted(&self) -> Counts {
        let mut counts = self.counts;
        for task in &self.tasks {
            counts += task.counts;
        }
        counts
    }

    /// Whether it is done because there was nothing to delete.
    #[must_use]
    pub const fn found_nothing(&self) -> bool {
        let Counts { connections, conversations, messages, events } = self.counts;
        matches!(self.progress, Progress::Done) && connections + conversations + messages + events == 0
    }

    /// Ends the first task, and with the last one the deletion.
    pub fn finish_task(&mut self, now: UnixMillis) {
        if !self.tasks.is_empty() {
            self.counts += self.tasks.remove(0).counts;
        }
        if self.tasks.is_empty() {
            self.progress = Progress::Done;
            self.finished_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(messages: u64) -> Task {
        let scope = Scope::Contact { conversation: "0".repeat(32).try_into().expect("a conversation") };
        let task = Task::new("acme".try_into().expect("a tenant"), scope);
        Task { counts: Counts { messages, ..Counts::default() }, ..task }
    }

    fn erasure(tasks: Vec<Task>) -> Erasure {
        Erasure::new(ErasureCode::new([7; 16]), Origin::Person, tasks, UnixMillis::new(1))
    }

    #[test]
    fn what_has_nothing_to_delete_is_done_at_once() {
        let erasure = erasure(Vec::new());
        assert_eq!((erasure.progress, erasure.finished_at), (Progress::Done, Some(UnixMillis::new(1))));
        assert!(erasure.found_nothing());
    }

    #[test]
    fn what_nobody_can_tell_yet_stays_open_until_somebody_has_looked() {
        let open = Erasure::unmatched(ErasureCode::new([7; 16]), Origin::Person, UnixMillis::new(1));
        assert!(!open.is_to_be_worked_off() && !open.found_nothing());
        assert_eq!(open.finished_at, None);
        let nothing = open.clone().matched(Vec::new(), UnixMillis::new(5));
        assert_eq!((nothing.progress, nothing.finished_at), (Progress::Done, Some(UnixMillis::new(5))));
        let found = open.matched(vec![task(2)], UnixMillis::new(5));
        assert_eq!((found.progress, found.requested_at), (Progress::Received, UnixMillis::new(1)));
        assert!(found.is_to_be_worked_off());
    }

    #[test]
    fn a_deletion_is_done_with_its_last_task_and_names_nobody_then() {
        let mut erasure = erasure(vec![task(2), task(3)]);
        erasure.finish_task(UnixMillis::new(5));
        assert_eq!((erasure.progress, erasure.deleted().messages), (Progress::Received, 5));
        erasure.finish_task(UnixMillis::new(6));
        assert_eq!((erasure.progress, erasure.finished_at), (Progress::Done, Some(UnixMillis::new(6))));
        assert!(!erasure.found_nothing());
        let json = serde_json::to_string(&erasure).expect("JSON");
        assert!(!json.contains("acme") && !json.contains("0000"), "{json}");
    }

    #[test]
    fn a_code_is_read_back_and_nothing_else_is_one() {
        let code = ErasureCode::new([0xab; 16]);
        assert_eq!(ErasureCode::try_from(code.to_string()), Ok(code));
        assert!(ErasureCode::try_from("../x".to_owned()).is_err());
    }

    #[test]
    fn what_a_newer_version_wrote_is_read_and_written_back_as_it_was() {
        let task = serde_json::json!({"tenant": "acme", "scope": "campaign", "name": "spring", "place": {"stage": "notes"},
            "counts": {"connections": 0, "conversations": 0, "messages": 7, "events": 0}});
        let read: Task = serde_json::from_value(task.clone()).expect("a task");
        assert!(matches!((&read.scope, read.place.stage), (Scope::Other(_), Stage::Other(_))), "{read:?}");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), task);
        let erasure = serde_json::json!({"code": "0".repeat(32), "origin": "regulator", "progress": "on_hold", "requested_at": 1});
        let read: Erasure = serde_json::from_value(erasure).expect("a deletion");
        assert_eq!(
            (read.origin.as_str(), serde_json::to_value(read.progress).expect("JSON")),
            ("unknown", "on_hold".into())
        );
    }

    #[test]
    fn a_task_is_read_back_from_json() {
        let account =
            Scope::Account { account: Account::instagram("17841".try_into().expect("an account")), person: None };
        let task = Task::new("acme".try_into().expect("a tenant"), account);
        let json = serde_json::to_string(&task).expect("JSON");
        assert_eq!(serde_json::from_str::<Task>(&json).expect("a task"), task);
    }
}
