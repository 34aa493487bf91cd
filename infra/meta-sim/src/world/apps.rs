//! What an app may do, and what it is subscribed to.

use serde::{Deserialize, Serialize};

use super::{World, people::Contact};
use crate::{App, Login, errors::GraphError, graph::Actor};

/// Settings of an app that Meta's reviewers and dashboard decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Webhook fields of the dashboard; empty means all.
    pub(crate) webhook_fields: Vec<String>,
}

impl Switches {
    pub(crate) fn has_field(&self, field: &str) -> bool {
        self.webhook_fields.is_empty() || self.webhook_fields.iter().any(|known| known == field)
    }
}

/// The field of what the business itself wrote.
pub(crate) const ECHOES: &str = "message_echoes";

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
        let permission = actor.login.messages_permission();
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
        self.apps
            .iter()
            .filter(|app| app.webhook_url.is_some() && self.switches(&app.app_id).has_field(field))
            .filter(|app| {
                let object = match app.login {
                    Login::Instagram => Some(account_id),
                    Login::Facebook => page,
                };
                let asked = object.and_then(|object| self.subscribed_fields(&app.app_id, object));
                asked.is_some_and(|asked| {
                    field != ECHOES || app.login == Login::Facebook || asked.iter().any(|one| one == field)
                })
            })
            .collect()
    }
}

fn subscription(app_id: &str, object_id: &str) -> String {
    format!("{app_id}/{object_id}")
}
