//! What callers ask for, checked.

use std::collections::BTreeSet;

use delivery::Address;
use domain::outbox::EventType;
use serde::Deserialize;
use store::EndpointChange;

use crate::app::App;
use crate::error::EndpointError;

/// Far above any request about an endpoint.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// Longest description.
const MAX_DESCRIPTION: usize = 200;

/// A new endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    url: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    pub(crate) with_content: bool,
}

/// What is to be another way. What is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedEndpoint {
    url: Option<String>,
    /// An empty one takes it away.
    description: Option<String>,
    types: Option<Vec<String>>,
    with_content: Option<bool>,
    enabled: Option<bool>,
}

impl NewEndpoint {
    /// Address, description and types, checked.
    pub(crate) fn checked(&self, app: &App) -> Result<(String, Option<String>, BTreeSet<EventType>), EndpointError> {
        Ok((address(app, &self.url)?, description(self.description.clone())?, types(&self.types)?))
    }
}

impl ChangedEndpoint {
    pub(crate) fn checked(self, app: &App) -> Result<EndpointChange, EndpointError> {
        Ok(EndpointChange {
            url: self.url.map(|url| address(app, &url)).transpose()?,
            description: self.description.map(|text| description(Some(text))).transpose()?,
            types: self.types.map(|words| types(&words)).transpose()?,
            with_content: self.with_content,
            enabled: self.enabled,
        })
    }
}

fn address(app: &App, text: &str) -> Result<String, EndpointError> {
    Ok(Address::parse(text, &app.reach)?.as_str().to_owned())
}

fn description(text: Option<String>) -> Result<Option<String>, EndpointError> {
    let text = text.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        return Err(EndpointError::Description);
    }
    Ok(text)
}

/// Tests come whatever is asked for, so they cannot be asked for.
fn types(words: &[String]) -> Result<BTreeSet<EventType>, EndpointError> {
    let known = |word: &String| EventType::from_word(word).filter(|kind| *kind != EventType::Test);
    words.iter().map(known).collect::<Option<_>>().ok_or(EndpointError::UnknownType)
}
