//! What an app may do, what it subscribed to, and which of Meta's answer shapes are in force.

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

/// Whether echoes are a webhook field of their own, on which reports disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EchoField {
    /// They are: who is not subscribed to it is told of no echo.
    Own,
    /// They come with `messages`; the field's name is taken and means nothing.
    Messages,
    /// They come with `messages`, and a list that has the field's name is refused.
    Refused,
}

/// Which refusal tells that another app owns a thread; Meta's pages list several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OwnerRefusal {
    /// 100/2534037
    NotOwner,
    /// 2018300, listed without a code before it.
    OtherApp,
    /// 2018321, the same: Meta's own questions and answers.
    Questions,
}

/// Pages of a list without an element, which say nevertheless that there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmptyPages {
    /// There are none.
    Never,
    /// One before each page.
    Between,
    /// After the last page, each leading to itself.
    Endless,
}

/// Shapes of answers that documentation and observation disagree on. The default is what integrators observe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Variants {
    /// The token answer of Instagram Login comes as `{"data":[…]}`.
    pub(crate) token_wrapped: bool,
    pub(crate) token_user_id: UserIdShape,
    pub(crate) token_permissions: PermissionsShape,
    /// Token answers leave `expires_in` out.
    pub(crate) omit_expires_in: bool,
    /// `/me` of Instagram Login comes as `{"data":[…]}`.
    pub(crate) me_wrapped: bool,
    /// `account_type` reads `Business` as documented, not `BUSINESS` as observed.
    pub(crate) documented_account_type: bool,
    /// Page tasks have their `PROFILE_PLUS_` names.
    pub(crate) profile_plus_tasks: bool,
    /// `subscribed_apps` of a Page answers the string `"true"`.
    pub(crate) success_as_text: bool,
    pub(crate) echoes: EchoField,
    /// No list has more elements than this on one page, whatever `limit` asks for.
    pub(crate) page_cap: usize,
    /// A list of messages names nothing but their ids and times, whatever is asked for, and the unsent ones too.
    pub(crate) bare_messages: bool,
    pub(crate) empty_pages: EmptyPages,
    pub(crate) owner_refusal: OwnerRefusal,
    /// Conversation Routing is set up for every Page.
    pub(crate) routing: bool,
    /// Most messages an account may send within a second of simulated time; 0 means no limit.
    pub(crate) sends_per_second: usize,
}

impl Default for Variants {
    fn default() -> Self {
        Self {
            token_wrapped: false,
            token_user_id: UserIdShape::Number,
            token_permissions: PermissionsShape::Array,
            omit_expires_in: false,
            me_wrapped: false,
            documented_account_type: false,
            profile_plus_tasks: false,
            success_as_text: false,
            echoes: EchoField::Own,
            page_cap: 3,
            bare_messages: false,
            empty_pages: EmptyPages::Never,
            owner_refusal: OwnerRefusal::NotOwner,
            routing: false,
            sends_per_second: 0,
        }
    }
}

/// How the token answer writes `user_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserIdShape {
    Number,
    String,
}

/// How the token answer writes `permissions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PermissionsShape {
    Array,
    String,
    Absent,
}

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
