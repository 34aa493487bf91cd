//! A contact as Meta shows them.

use serde::Deserialize;

/// A contact's public profile. Everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// The name they gave themselves.
    pub name: Option<String>,
    /// Without `@`. Messenger has none.
    pub username: Option<String>,
    /// The picture's address; expires after days.
    #[serde(rename = "profile_pic")]
    pub picture_url: Option<String>,
}
