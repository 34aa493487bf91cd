//! What an app may do, and what it is subscribed to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{World, people::Contact};
use crate::{App, Login, channel::Channel, errors::GraphError, graph::Actor};

/// Settings of an app that Meta's reviewers and dashboard decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Switches {
    /// The Human Agent feature is approved: its tag opens 7 days.
    pub(crate) human_agent: bool,
    /// "Require App Secret": calls without `appsecret_proof` are refused.
    pub(crate) require_proof: bool,
    /// Every call answers `Unsupported request`, as when Meta restricted the app.
    pub(crate) outage: bool,
    /// The app was not reviewed: it has Standard Access, which reaches people with a role on it and nobody else.
    pub(crate) standard_access: bool,
    /// Contacts with a role on the app, by username.
    pub(crate) testers: Vec<String>,
    /// Fields of the dashboard's object `instagram`; empty means all.
    pub(crate) webhook_fields: Vec<String>,
    /// Fields of the dashboard's object `page`; empty means all.
    pub(crate) page_fields: Vec<String>,
    /// Business Asset User Profile Access is approved: without it profiles of Messenger are empty.
    pub(crate) profile_access: bool,
    /// Configurations of Facebook Login for Business by `config_id`. One that is not among them asks for everything.
    pub(crate) configurations: BTreeMap<String, Configuration>,
    /// The app has Unified Login: its tokens speak for Instagram accounts, need no Page and never end.
    pub(crate) unified: bool,
}

/// What a `config_id` stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    pub(crate) scopes: Vec<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            human_agent: false,
            require_proof: false,
            outage: false,
            standard_access: false,
            testers: vec![],
            webhook_fields: vec![],
            page_fields: vec![],
            profile_access: true,
            configurations: BTreeMap::new(),
            unified: false,
        }
    }
}

impl Switches {
    pub(crate) fn has_field(&self, channel: Channel, field: &str) -> bool {
        let fields = match channel {
            Channel::Instagram => &self.webhook_fields,
            Channel::Messenger => &self.page_fields,
        };
        fields.is_empty() || fields.iter().any(|known| known == field)
    }
}

/// The field of what the business itself wrote.
pub(crate) const ECHOES: &str = "message_echoes";

/// Fields of an account whose app has Unified Login. Echoes come with messages.
pub(crate) const UNIFIED_FIELDS: &[&str] = &[
    "comments",
    "live_comments",
    "mentions",
    "message_reactions",
    "messages",
    ECHOES,
    "messaging_postbacks",
    "messaging_referral",
    "messaging_seen",
    "story_insights",
];

impl World {
    /// Refuses what Standard Access does not reach.
    ///
    /// # Errors
    ///
    /// 200.
    pub(crate) fn check_access(&self, actor: &Actor, contact: &Contact) -> Result<(), GraphError> {
        let switches = self.switches(&actor.app_id);
        if !switches.standard_access || switches.testers.contains(&contact.username) {
            return Ok(());
        }
        let permission = actor.messages_permission();
        Err(GraphError::new(
            200,
            format!(
                "(#200) App does not have Advanced Access to {permission} permission, and recipient user does not have \
                 role on app"
            ),
        ))
    }

    pub(crate) fn subscribe(&mut self, app_id: &str, object_id: &str, fields: Vec<String>) {
        self.subscriptions.insert(subscription(app_id, object_id), fields);
    }

    pub(crate) fn unsubscribe(&mut self, app_id: &str, object_id: &str) -> bool {
        self.subscriptions.remove(&subscription(app_id, object_id)).is_some()
    }

    pub(crate) fn subscribed_fields(&self, app_id: &str, object_id: &str) -> Option<&[String]> {
        self.subscriptions.get(&subscription(app_id, object_id)).map(Vec::as_slice)
    }

    /// The apps that are told about events of an account: of Instagram Login those subscribed to the account, of
    /// Facebook Login those subscribed to its Page. Which fields an account asked for does not matter to Meta, but for
    /// echoes of Instagram Login where they are a field of their own.
    pub(crate) fn receivers(&self, account_id: &str, field: &str) -> Vec<&App> {
        let page = self.page_of(account_id).map(|page| page.id.as_str());
        self.listeners(Channel::Instagram, field)
            .filter(|app| {
                let asked = |object: &str| self.subscribed_fields(&app.app_id, object);
                match app.login {
                    Login::Instagram => {
                        asked(account_id).is_some_and(|asked| field != ECHOES || asked.iter().any(|one| one == field))
                    }
                    Login::Facebook => {
                        page.and_then(asked).is_some()
                            || (UNIFIED_FIELDS.contains(&field) && asked(account_id).is_some())
                    }
                }
            })
            .collect()
    }

    /// The apps that are told about events of a Page: those that asked for the field on the Page, and have it in the
    /// dashboard.
    pub(crate) fn page_receivers(&self, page_id: &str, field: &str) -> Vec<&App> {
        self.listeners(Channel::Messenger, field)
            .filter(|app| self.asked_of_page(&app.app_id, page_id, field) && app.login == Login::Facebook)
            .collect()
    }

    /// Whether an app asked for a field on a Page.
    pub(crate) fn asked_of_page(&self, app_id: &str, page_id: &str, field: &str) -> bool {
        self.subscribed_fields(app_id, page_id).is_some_and(|asked| asked.iter().any(|one| one == field))
    }

    /// The apps with a webhook that have a field in the dashboard.
    fn listeners(&self, channel: Channel, field: &str) -> impl Iterator<Item = &App> {
        self.apps
            .iter()
            .filter(move |app| app.webhook_url.is_some() && self.switches(&app.app_id).has_field(channel, field))
    }
}

fn subscription(app_id: &str, object_id: &str) -> String {
    format!("{app_id}/{object_id}")
}
