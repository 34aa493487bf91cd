//! The state of the simulated Meta: everything that a restart has to find again.

pub(crate) mod apps;
pub(crate) mod people;
mod seed;
pub(crate) mod threads;
pub(crate) mod tokens;
pub(crate) mod variants;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    apps::Switches,
    people::{Account, Business, Contact, Page, PageRole, Person},
    threads::{Comment, Message, Thread},
    tokens::{Code, Token},
    variants::Variants,
};
use crate::{App, Login, channel::Channel, errors::GraphError, ids};

/// Everything that exists. Not `Debug`: tokens and messages are in it.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) apps: Vec<App>,
    pub(crate) switches: BTreeMap<String, Switches>,
    pub(crate) variants: Variants,
    pub(crate) people: Vec<Person>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) pages: Vec<Page>,
    pub(crate) businesses: Vec<Business>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) codes: BTreeMap<String, Code>,
    /// Fields by `app/object`, where the object is an account, or a Page (Facebook Login).
    pub(crate) subscriptions: BTreeMap<String, Vec<String>>,
    /// Uploaded media by attachment id.
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Ice breakers and persistent menu by account or Page.
    pub(crate) messenger_profiles: BTreeMap<String, serde_json::Map<String, Value>>,
    /// When a Page last called what it may call so and so often, by `limit/page`.
    #[serde(default)]
    pub(crate) page_calls: BTreeMap<String, Vec<i64>>,
}

/// Media that an account or a Page uploaded for reuse.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) account: String,
    #[serde(default)]
    pub(crate) at_ms: i64,
    pub(crate) kind: String,
    pub(crate) url: String,
}

impl World {
    /// The sample people, without any app.
    pub(crate) fn sample() -> Self {
        seed::world()
    }

    /// Adds an app, or replaces the one with the same id.
    pub(crate) fn register(&mut self, app: App) {
        self.apps.retain(|known| known.app_id != app.app_id);
        self.apps.push(app);
    }

    pub(crate) fn app(&self, app_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.app_id == app_id)
    }

    pub(crate) fn switches(&self, app_id: &str) -> Switches {
        self.switches.get(app_id).cloned().unwrap_or_default()
    }

    pub(crate) fn person(&self, username: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.username == username)
    }

    /// The person who owns an Instagram account.
    pub(crate) fn owner_of(&self, account_id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.accounts.iter().any(|id| id == account_id))
    }

    /// An account by id or by username, with or without `@`.
    pub(crate) fn account(&self, id_or_username: &str) -> Option<&Account> {
        let wanted = id_or_username.trim_start_matches('@');
        self.accounts.iter().find(|account| account.id == wanted || account.username == wanted)
    }

    pub(crate) fn page(&self, page_id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == page_id)
    }

    /// The Page that an account is linked to.
    pub(crate) fn page_of(&self, account_id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.instagram.as_deref() == Some(account_id))
    }

    /// A Page by its id, its name, or the username of the account that is linked to it.
    pub(crate) fn page_called(&self, name: &str) -> Option<&Page> {
        let linked = || self.account(name).and_then(|account| self.page_of(&account.id));
        self.pages.iter().find(|page| page.id == name || page.name == name).or_else(linked)
    }

    /// What people know an account or a Page by.
    pub(crate) fn name_of(&self, account: &str) -> &str {
        let page = || self.page(account).map_or("", |page| page.name.as_str());
        self.account(account).map_or_else(page, |account| account.username.as_str())
    }

    /// A contact by username, or by an IGSID or a PSID of theirs.
    pub(crate) fn contact(&self, username_or_id: &str) -> Option<&Contact> {
        let wanted = username_or_id.trim_start_matches('@');
        self.contacts.iter().find(|contact| contact.username == wanted).or_else(|| {
            let thread = self.threads.iter().find(|thread| thread.contact_id == wanted)?;
            self.contacts.iter().find(|contact| contact.username == thread.contact)
        })
    }

    /// What a contact calls themselves now.
    pub(crate) fn handle<'a>(&'a self, username: &'a str) -> &'a str {
        self.contact(username).and_then(|contact| contact.renamed_to.as_deref()).unwrap_or(username)
    }

    /// The contact whom an IGSID means towards this account, or a PSID towards this Page.
    pub(crate) fn contact_by_id(&self, channel: Channel, account_id: &str, id: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| channel.contact_id(account_id, &contact.username) == id)
    }

    /// Whether an id means anybody to any account, or any Page.
    pub(crate) fn knows_contact_id(&self, channel: Channel, id: &str) -> bool {
        let known = |account: &str| self.contact_by_id(channel, account, id).is_some();
        match channel {
            Channel::Instagram => self.accounts.iter().any(|account| known(&account.id)),
            Channel::Messenger => self.pages.iter().any(|page| known(&page.id)),
        }
    }

    pub(crate) fn thread(&self, account_id: &str, contact: &str) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.account == account_id && thread.contact == contact)
    }

    /// Whether a person owns an account.
    pub(crate) fn owns(&self, person: &str, account_id: &str) -> bool {
        self.person(person).is_some_and(|person| person.accounts.iter().any(|id| id == account_id))
    }

    /// Which account of a person an object is of: the account itself, a conversation, a message, somebody who wrote to it.
    pub(crate) fn account_of_object(&self, person: &str, id: &str) -> Option<String> {
        let accounts = self.person(person).map_or(&[][..], |person| &person.accounts);
        let is_of = |account: &&String| {
            let mut threads = self.threads.iter().filter(|thread| thread.account == **account);
            *account == id
                || threads.any(|thread| thread.id == id || thread.contact_id == id || thread.message(id).is_some())
        };
        accounts.iter().find(is_of).cloned()
    }

    /// The thread of an account with a contact; a new one when they never wrote.
    pub(crate) fn thread_mut(&mut self, channel: Channel, account_id: &str, contact: &str) -> &mut Thread {
        let known = self.threads.iter().position(|thread| thread.account == account_id && thread.contact == contact);
        let index = known.unwrap_or_else(|| {
            self.threads.push(Thread::new(channel, account_id, contact));
            self.threads.len() - 1
        });
        &mut self.threads[index]
    }

    /// Keeps media for the next time; its id.
    pub(crate) fn keep_upload(&mut self, account: &str, kind: String, url: String, at_ms: i64) -> String {
        let id = ids::object();
        self.uploads.insert(id.clone(), Upload { account: account.to_owned(), at_ms, kind, url });
        id
    }

    /// Notes a call that may be made so often within a time; false where it is one too many.
    pub(crate) fn is_within(&mut self, what: &str, most: usize, within_ms: i64, now_ms: i64) -> bool {
        let calls = self.page_calls.entry(what.to_owned()).or_default();
        calls.retain(|at_ms| *at_ms > now_ms - within_ms);
        let allowed = calls.len() < most;
        if allowed {
            calls.push(now_ms);
        }
        allowed
    }

    /// The `mid` of a new message of an account or a Page.
    pub(crate) fn new_mid(&self, channel: Channel, account_id: &str, now_ms: i64) -> String {
        match channel {
            Channel::Instagram => ids::mid(account_id),
            Channel::Messenger => ids::messenger_mid(self.variants.mids, now_ms),
        }
    }

    /// A message with its thread.
    pub(crate) fn message(&self, mid: &str) -> Option<(&Thread, &Message)> {
        self.threads.iter().rev().find_map(|thread| thread.message(mid).map(|message| (thread, message)))
    }

    /// Hides a message until Meta has its media.
    pub(crate) fn hide_message(&mut self, mid: &str, until_ms: i64) {
        if let Some(message) = self.threads.iter_mut().find_map(|thread| thread.message_mut(mid)) {
            message.appears_at_ms = until_ms;
        }
    }

    /// The Pages a person has a role on, with the role.
    pub(crate) fn roles_of<'a>(&'a self, person: &'a str) -> impl Iterator<Item = (&'a Page, &'a PageRole)> {
        let roles = self.person(person).map_or(&[][..], |person| &person.pages);
        roles.iter().filter_map(|role| Some((self.page(&role.page_id)?, role)))
    }

    /// Refuses what a person has none of the tasks for on a Page.
    ///
    /// # Errors
    ///
    /// 200.
    pub(crate) fn check_tasks(&self, person: &str, page_id: &str, tasks: &[&str]) -> Result<(), GraphError> {
        let role = self.roles_of(person).find(|(page, _)| page.id == page_id).map(|(_, role)| role);
        let has_one = role.is_some_and(|role| role.tasks.iter().any(|task| tasks.contains(&task.as_str())));
        if has_one {
            return Ok(());
        }
        let tasks = tasks.join(", ");
        Err(GraphError::new(200, format!("(#200) The user needs one of these tasks on the Page: {tasks}")))
    }

    /// The person that holds a token: the account's owner, or the Facebook user.
    pub(crate) fn holder_of(&self, login: Login, username: &str) -> Option<String> {
        let wanted = username.trim_start_matches('@');
        match login {
            Login::Instagram => self
                .account(wanted)
                .map(|account| account.id.clone())
                .or_else(|| self.person(wanted).and_then(|person| person.accounts.first().cloned())),
            Login::Facebook => self
                .person(wanted)
                .or_else(|| self.account(wanted).and_then(|account| self.owner_of(&account.id)))
                .map(|person| person.username.clone()),
        }
    }
}
