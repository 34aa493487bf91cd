//! The function's environment variables, read in one place.

use std::collections::BTreeMap;
use std::error::Error;
use std::str::FromStr;

/// Where a function's configuration comes from.
///
/// In Lambda it is the process; where several functions share one process, each has a map of its own. An empty value counts
/// as absent, because a template cannot leave a variable out under a condition.
#[derive(Clone)]
pub struct Environment(Source);

#[derive(Clone)]
enum Source {
    Process,
    Map(BTreeMap<String, String>),
}

/// Why a function cannot start. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that the function cannot do without.
    #[error("the environment variable {0} is not set")]
    Missing(String),
    /// A variable whose text does not follow its rule.
    #[error("the environment variable {name} has no usable value")]
    Invalid {
        /// Which variable.
        name: String,
        /// Which rule was broken.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ConfigError {
    /// For a rule that the caller checks itself.
    #[must_use]
    pub fn invalid(name: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Invalid { name: name.to_owned(), source: source.into() }
    }
}

impl Environment {
    /// The variables of this process, as Lambda sets them.
    #[must_use]
    pub const fn from_process() -> Self {
        Self(Source::Process)
    }

    /// These variables and no others.
    #[must_use]
    pub const fn from_map(variables: BTreeMap<String, String>) -> Self {
        Self(Source::Map(variables))
    }

    /// The variable's text, if it has any.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        let text = match &self.0 {
            Source::Process => std::env::var(name).ok(),
            Source::Map(variables) => variables.get(name).cloned(),
        };
        text.filter(|text| !text.is_empty())
    }

    /// The text of a variable that must be there.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Missing`] when it is absent or empty.
    pub fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// The variable's value, `None` when it is absent or empty.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] when there is text that is no `T`.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr,
        T::Err: Error + Send + Sync + 'static,
    {
        self.optional(name)
            .map(|text| text.parse().map_err(|error: T::Err| ConfigError::invalid(name, error)))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment::from_map(BTreeMap::from([
            ("TABLE".to_owned(), "messages".to_owned()),
            ("MAX_BODY_BYTES".to_owned(), "1024".to_owned()),
            ("WEB_URL".to_owned(), String::new()),
            ("LIMIT".to_owned(), "s3cret".to_owned()),
        ]))
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert_eq!(environment().optional("WEB_URL"), None);
        let refusal = environment().required("WEB_URL").expect_err("an empty variable is absent");
        assert_eq!(refusal.to_string(), "the environment variable WEB_URL is not set");
    }

    #[test]
    fn a_variable_is_read_as_the_type_that_is_asked_for() {
        assert_eq!(environment().required("TABLE").expect("is set"), "messages");
        assert_eq!(environment().parsed::<usize>("MAX_BODY_BYTES").expect("a number"), Some(1024));
        assert_eq!(environment().parsed::<usize>("NOWHERE").expect("absent is no error"), None);
    }

    #[test]
    fn a_value_that_breaks_its_rule_is_named_but_not_shown() {
        let refusal = environment().parsed::<usize>("LIMIT").expect_err("no number");
        let text = crate::telemetry::Chain(&refusal).to_string();
        assert!(text.contains("LIMIT") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn a_map_does_not_see_the_process() {
        assert!(Environment::from_process().optional("PATH").is_some());
        assert_eq!(environment().optional("PATH"), None);
    }
}
