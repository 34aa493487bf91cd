//! The registered Meta apps: those of the simulated Meta, or real ones from the environment.

use std::fmt;

use serde::Serialize;
use serde_json::{Value as Json, json};
use url::Url;

/// Which login an app was set up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// Instagram API with Instagram Login.
    Instagram,
    /// Instagram API with Facebook Login for Business.
    Facebook,
}

impl Login {
    /// `instagram` or `facebook`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Facebook => "facebook",
        }
    }
}

/// One app as the secret `MetaAppsSecret` holds it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MetaApp {
    /// Its login.
    pub login: Login,
    /// App id, or Instagram app id.
    pub app_id: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// Repeated by Meta when it verifies the webhook's address.
    pub verify_token: String,
    /// As `v25.0`.
    pub graph_version: String,
    /// Facebook Login for Business: the configuration that lists the permissions for Instagram.
    pub config_id: Option<String>,
    /// Facebook Login for Business: the same for Messenger.
    pub config_id_messenger: Option<String>,
    /// Whether the app may answer after 24 hours.
    pub human_agent: bool,
}

impl fmt::Debug for MetaApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MetaApp")
            .field("login", &self.login)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// The Graph version unless the environment says otherwise.
const GRAPH_VERSION: &str = "v25.0";
/// The simulated apps' word for the webhook's verification.
const VERIFY_TOKEN: &str = "local-verify-token";

/// The apps that are registered at the simulated Meta, one for each login.
#[must_use]
pub fn simulated() -> Vec<MetaApp> {
    let app = |login, app_id: &str, app_secret: &str| MetaApp {
        login,
        app_id: app_id.to_owned(),
        app_secret: app_secret.to_owned(),
        verify_token: VERIFY_TOKEN.to_owned(),
        graph_version: GRAPH_VERSION.to_owned(),
        config_id: None,
        config_id_messenger: None,
        human_agent: false,
    };
    vec![
        app(Login::Instagram, "5501000000000001", "0123456789abcdef0123456789abcdef"),
        app(Login::Facebook, "5501000000000002", "10ca1000000000000000000000000002"),
    ]
}

/// The content of the secret.
#[must_use]
pub fn secret(apps: &[MetaApp]) -> Json {
    json!({ "apps": apps })
}

/// Real apps, to talk to the real Meta through a tunnel.
#[derive(Clone, Debug)]
pub struct RealMeta {
    /// The apps.
    pub apps: Vec<MetaApp>,
    /// Where a login for Instagram ends, exactly as registered at Meta.
    pub redirect_uri: Option<String>,
    /// The same for Messenger.
    pub redirect_uri_messenger: Option<String>,
}

/// Why the real apps in the environment cannot be used. Names variables and never their values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RealMetaError {
    /// An app is named, something it needs is not.
    #[error("{named} is set, so {missing} must be set as well")]
    Missing {
        /// What is there.
        named: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// A value is in no form that Meta would take.
    #[error("{variable} is malformed: it has to be {rule}")]
    Malformed {
        /// Which.
        variable: &'static str,
        /// What it should be.
        rule: &'static str,
    },
}

/// In which form a variable has to be.
struct Rule {
    variable: &'static str,
    form: &'static str,
    holds: fn(&str) -> bool,
}

const DIGITS: (&str, fn(&str) -> bool) = ("digits and nothing else", is_digits);
const WORD: (&str, fn(&str) -> bool) = ("visible characters without blanks or line ends", is_word);

const ADDRESS: (&str, fn(&str) -> bool) = ("an https address without a fragment", is_address);

const RULES: [Rule; 10] = [
    Rule { variable: "META_APP_ID", form: DIGITS.0, holds: DIGITS.1 },
    Rule { variable: "META_APP_SECRET", form: WORD.0, holds: WORD.1 },
    Rule { variable: "INSTAGRAM_APP_ID", form: DIGITS.0, holds: DIGITS.1 },
    Rule { variable: "INSTAGRAM_APP_SECRET", form: WORD.0, holds: WORD.1 },
    Rule { variable: "META_WEBHOOK_VERIFY_TOKEN", form: WORD.0, holds: WORD.1 },
    Rule { variable: "META_REDIRECT_URI_INSTAGRAM", form: ADDRESS.0, holds: ADDRESS.1 },
    Rule { variable: "META_REDIRECT_URI_MESSENGER", form: ADDRESS.0, holds: ADDRESS.1 },
    Rule { variable: "META_GRAPH_VERSION", form: "a version as v25.0", holds: is_version },
    Rule { variable: "META_CONFIG_ID", form: DIGITS.0, holds: DIGITS.1 },
    Rule { variable: "META_CONFIG_ID_MESSENGER", form: DIGITS.0, holds: DIGITS.1 },
];

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|text| text.split_once('.'));
    numbers.is_some_and(|(major, minor)| [major, minor].iter().all(|part| !part.is_empty() && is_digits(part)))
}

fn is_address(text: &str) -> bool {
    is_word(text) && Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.fragment().is_none())
}

impl RealMeta {
    /// Reads `META_APP_ID`, `META_APP_SECRET`, `INSTAGRAM_APP_ID`, `INSTAGRAM_APP_SECRET`, `META_WEBHOOK_VERIFY_TOKEN`,
    /// `META_REDIRECT_URI_INSTAGRAM`, `META_REDIRECT_URI_MESSENGER`, `META_GRAPH_VERSION`, `META_CONFIG_ID` and
    /// `META_CONFIG_ID_MESSENGER`; `None` when no app is named.
    ///
    /// # Errors
    ///
    /// [`RealMetaError`] when an app is named without its secret or the verify token, or a variable is malformed.
    pub fn from_variables(variable: impl Fn(&'static str) -> Option<String>) -> Result<Option<Self>, RealMetaError> {
        let variable = |name: &'static str| variable(name).filter(|text| !text.is_empty());
        let pairs = [
            (Login::Facebook, "META_APP_ID", "META_APP_SECRET"),
            (Login::Instagram, "INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET"),
        ];
        let mut apps = Vec::new();
        for (login, named, secret) in pairs {
            let Some(app_id) = variable(named) else { continue };
            let need = |missing| variable(missing).ok_or(RealMetaError::Missing { named, missing });
            apps.push(MetaApp {
                login,
                app_id,
                app_secret: need(secret)?,
                verify_token: need("META_WEBHOOK_VERIFY_TOKEN")?,
                graph_version: variable("META_GRAPH_VERSION").unwrap_or_else(|| GRAPH_VERSION.to_owned()),
                config_id: variable("META_CONFIG_ID").filter(|_| login == Login::Facebook),
                config_id_messenger: variable("META_CONFIG_ID_MESSENGER").filter(|_| login == Login::Facebook),
                human_agent: false,
            });
        }
        if apps.is_empty() {
            return Ok(None);
        }
        if let Some(first) = Self::malformed(variable).into_iter().next() {
            return Err(first);
        }
        let redirect_uri = variable("META_REDIRECT_URI_INSTAGRAM");
        let redirect_uri_messenger = variable("META_REDIRECT_URI_MESSENGER");
        Ok(Some(Self { apps, redirect_uri, redirect_uri_messenger }))
    }

    /// Every variable that is set and malformed.
    pub fn malformed(variable: impl Fn(&'static str) -> Option<String>) -> Vec<RealMetaError> {
        let is_wrong = |rule: &&Rule| variable(rule.variable).is_some_and(|text| !(rule.holds)(&text));
        let wrong = RULES.iter().filter(is_wrong);
        wrong.map(|rule| RealMetaError::Malformed { variable: rule.variable, rule: rule.form }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &'static [(&'static str, &'static str)]) -> Result<Option<RealMeta>, RealMetaError> {
        RealMeta::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_an_app_in_the_environment_meta_is_simulated() {
        assert!(read(&[("META_APP_ID", "")]).expect("nothing is missing").is_none());
    }

    #[test]
    fn both_apps_can_be_real_at_once() {
        let real = read(&[
            ("META_APP_ID", "1"),
            ("META_APP_SECRET", "hush-1"),
            ("INSTAGRAM_APP_ID", "2"),
            ("INSTAGRAM_APP_SECRET", "hush-2"),
            ("META_WEBHOOK_VERIFY_TOKEN", "hush-3"),
        ]);
        let real = real.expect("nothing is missing").expect("apps");
        assert_eq!(real.apps.iter().map(|app| app.login).collect::<Vec<_>>(), [Login::Facebook, Login::Instagram]);
        assert!(!format!("{real:?}").contains("hush"));
    }

    #[test]
    fn an_app_without_its_secret_is_refused_by_name() {
        let refusal = read(&[("META_APP_ID", "1")]).expect_err("the secret is missing");
        assert_eq!(refusal, RealMetaError::Missing { named: "META_APP_ID", missing: "META_APP_SECRET" });
    }

    #[test]
    fn a_malformed_variable_is_named_with_its_rule_and_without_its_value() {
        for (variable, value) in [
            ("META_APP_ID", "12a"),
            ("META_APP_SECRET", "hush\n"),
            ("META_WEBHOOK_VERIFY_TOKEN", "hush hush"),
            ("META_REDIRECT_URI_INSTAGRAM", "http://hush.example/callback"),
            ("META_REDIRECT_URI_INSTAGRAM", "https://hush.example/callback#_"),
            ("META_REDIRECT_URI_MESSENGER", "hush.example/callback"),
            ("META_GRAPH_VERSION", "25.0"),
            ("META_GRAPH_VERSION", "v25"),
            ("META_CONFIG_ID", " 1"),
        ] {
            let faults = RealMeta::malformed(|name| (name == variable).then(|| value.to_owned()));
            let [fault] = faults.as_slice() else { panic!("{variable}={value}: {faults:?}") };
            assert!(fault.to_string().starts_with(variable) && !fault.to_string().contains("hush"), "{fault}");
        }
    }
}
