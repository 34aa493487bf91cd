//! The Meta apps that this installation is registered as.

use domain::secret::{AppSecret, VerifyToken};
use domain::{Channel, Login};
use serde::Deserialize;

/// A registration at developers.facebook.com, for one login.
#[derive(Clone, Debug, Deserialize)]
pub struct MetaApp {
    /// Which of the two logins it is for.
    pub login: Login,
    /// The app's id: of the app that the login's facts name as the signing one.
    pub app_id: String,
    /// The secret that belongs to that id.
    pub app_secret: AppSecret,
    /// What Meta has to repeat when it verifies the webhook's address.
    pub verify_token: VerifyToken,
    /// Version of the Graph API, as `v25.0`.
    pub graph_version: String,
    /// Facebook Login for Business: which of the app's configurations a login for Instagram uses.
    #[serde(default)]
    pub config_id: Option<String>,
    /// Facebook Login for Business: the same for Messenger.
    #[serde(default)]
    pub config_id_messenger: Option<String>,
    /// Whether the app may answer for 7 days with the tag `HUMAN_AGENT`.
    #[serde(default)]
    pub human_agent: bool,
}

impl MetaApp {
    /// Facebook Login for Business: the configuration that a login for a channel uses.
    #[must_use]
    pub fn config_id(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Instagram => self.config_id.as_deref(),
            Channel::Messenger => self.config_id_messenger.as_deref(),
        }
    }
}

/// At least one registration; no two of the same app.
#[derive(Clone, Debug)]
pub struct MetaApps(Vec<MetaApp>);

/// Which field of the secret breaks which rule. Says no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {rule}")]
pub struct InvalidMetaApps {
    place: String,
    rule: &'static str,
}

/// The field with all registrations.
const ALL: &str = "apps";

impl InvalidMetaApps {
    /// Whether there is no registration at all, as before anybody has made one.
    pub(crate) fn is_unfilled(&self) -> bool {
        self.place == ALL && self.rule == "is empty"
    }
}

#[derive(Deserialize)]
struct Document {
    apps: Vec<MetaApp>,
}

impl MetaApps {
    /// Checks registrations.
    ///
    /// # Errors
    ///
    /// [`InvalidMetaApps`] when there is none, when a field is empty or has another form, or when an app is there twice.
    pub fn new(mut apps: Vec<MetaApp>) -> Result<Self, InvalidMetaApps> {
        if apps.is_empty() {
            return Err(InvalidMetaApps { place: ALL.to_owned(), rule: "is empty" });
        }
        for (index, app) in apps.iter().enumerate() {
            check(app).map_err(|(field, rule)| InvalidMetaApps { place: format!("apps[{index}].{field}"), rule })?;
            if apps[..index].iter().any(|other| (other.login, &other.app_id) == (app.login, &app.app_id)) {
                return Err(InvalidMetaApps { place: format!("apps[{index}]"), rule: "is there twice" });
            }
        }
        for app in &mut apps {
            for config_id in [&mut app.config_id, &mut app.config_id_messenger] {
                *config_id = config_id.take().filter(|id| !id.is_empty());
            }
        }
        Ok(Self(apps))
    }

    /// Reads `{"apps": […]}`.
    ///
    /// # Errors
    ///
    /// [`InvalidMetaApps`] when it is something else, and as [`MetaApps::new`].
    pub fn parse(json: &str) -> Result<Self, InvalidMetaApps> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let document: Document = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            if error.inner().is_data() {
                let place = error.path().to_string();
                InvalidMetaApps { place, rule: "has the wrong type, or a field of it is missing" }
            } else {
                InvalidMetaApps { place: "the secret".to_owned(), rule: "is not valid JSON" }
            }
        })?;
        Self::new(document.apps)
    }

    /// The registration to use for new connections through this login: the first.
    #[must_use]
    pub fn of(&self, login: Login) -> Option<&MetaApp> {
        self.iter().find(|app| app.login == login)
    }

    /// All of them, each of which may have signed a webhook.
    pub fn iter(&self) -> std::slice::Iter<'_, MetaApp> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a MetaApps {
    type Item = &'a MetaApp;
    type IntoIter = std::slice::Iter<'a, MetaApp>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn check(app: &MetaApp) -> Result<(), (&'static str, &'static str)> {
    let texts = [
        ("app_id", app.app_id.as_str()),
        ("app_secret", app.app_secret.expose()),
        ("verify_token", app.verify_token.expose()),
    ];
    for (field, text) in texts {
        if text.trim().is_empty() {
            return Err((field, "is empty"));
        }
        if text.trim().len() != text.len() {
            return Err((field, "begins or ends with white space"));
        }
    }
    if !is_digits(&app.app_id) {
        return Err(("app_id", "is not a decimal number"));
    }
    if !is_graph_version(&app.graph_version) {
        return Err(("graph_version", "does not look like v25.0"));
    }
    Ok(())
}

fn is_graph_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    numbers.is_some_and(|(major, minor)| (1..=3).contains(&major.len()) && is_digits(major) && is_digits(minor))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn app(members: &Value) -> Value {
        let mut app = json!({
            "login": "instagram", "app_id": "123", "app_secret": "hidden-secret", "verify_token": "hidden-token",
            "graph_version": "v25.0", "config_id": null, "human_agent": false,
        });
        for (name, value) in members.as_object().expect("an object") {
            app[name] = value.clone();
        }
        app
    }

    fn refusal(document: &Value) -> String {
        MetaApps::parse(&document.to_string()).expect_err("breaks a rule").to_string()
    }

    #[test]
    fn both_logins_are_read_and_found() {
        let document = json!({ "apps": [app(&json!({})), {
            "login": "facebook", "app_id": "456", "app_secret": "s", "verify_token": "t", "graph_version": "v24.0",
            "config_id": "789", "config_id_messenger": "790", "human_agent": true,
        }] });
        let apps = MetaApps::parse(&document.to_string()).expect("is valid");

        let facebook = apps.of(Login::Facebook).expect("is registered");
        assert_eq!(facebook.app_id, "456");
        assert_eq!(Channel::ALL.map(|channel| facebook.config_id(channel)), [Some("789"), Some("790")]);
        assert!(facebook.human_agent);
        assert_eq!(apps.of(Login::Instagram).expect("is registered").app_secret.expose(), "hidden-secret");
        assert_eq!(apps.iter().count(), 2);
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let document = json!({ "apps": [
            { "login": "facebook", "app_id": "4", "app_secret": "s", "verify_token": "t", "graph_version": "v24.0" },
            app(&json!({ "config_id": "", "config_id_messenger": "" })),
        ] });
        let apps = MetaApps::parse(&document.to_string()).expect("is valid");
        assert!(apps.of(Login::Facebook).is_some_and(|app| app.config_id.is_none() && !app.human_agent));
        let instagram = apps.of(Login::Instagram).expect("is registered");
        assert_eq!(Channel::ALL.map(|channel| instagram.config_id(channel)), [None, None]);
    }

    /// What `infra/preflight` makes of a secret is tested with the same cases.
    #[test]
    fn a_field_that_breaks_its_rule_is_named() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("meta_apps/cases.json")).expect("cases");
        assert!(cases.len() > 10);
        for Case { change, fault } in cases {
            let outcome = MetaApps::parse(&json!({ "apps": [app(&change)] }).to_string());
            assert_eq!(outcome.err().map(|refusal| refusal.to_string()), fault, "{change}");
        }
    }

    #[derive(Deserialize)]
    struct Case {
        change: Value,
        fault: Option<String>,
    }

    #[test]
    fn an_app_that_is_there_twice_is_refused_and_two_apps_of_one_login_are_not() {
        assert_eq!(refusal(&json!({ "apps": [app(&json!({})), app(&json!({}))] })), "apps[1] is there twice");
        let two = json!({ "apps": [app(&json!({})), app(&json!({ "app_id": "124" }))] });
        assert!(MetaApps::parse(&two.to_string()).is_ok());
    }

    #[test]
    fn a_secret_without_apps_is_refused() {
        assert_eq!(refusal(&json!({ "apps": [] })), "apps is empty");
        let broken = MetaApps::parse("{\"apps\": hidden").expect_err("no JSON");
        assert_eq!(broken.to_string(), "the secret is not valid JSON");
    }

    #[test]
    fn a_registration_does_not_print_its_secrets() {
        let apps = MetaApps::parse(&json!({ "apps": [app(&json!({}))] }).to_string()).expect("is valid");
        assert!(!format!("{apps:?}").contains("hidden"), "{apps:?}");
    }
}
