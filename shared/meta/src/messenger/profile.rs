//! Who a contact is.
//!
//! Source: <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>

use serde::Deserialize;

use crate::graph::Profile;

/// What is asked for. Other fields take permissions of their own.
pub(crate) const FIELDS: &str = "first_name,last_name,profile_pic";

/// A person as Messenger shows them.
#[derive(Deserialize)]
pub(crate) struct Person {
    first_name: Option<String>,
    last_name: Option<String>,
    profile_pic: Option<String>,
}

impl Person {
    /// `None` for an object without anything in it: the app may not see profiles.
    pub(crate) fn profile(self) -> Option<Profile> {
        let names = [self.first_name, self.last_name].into_iter().flatten().filter(|name| !name.trim().is_empty());
        let name = Some(names.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
        (name.is_some() || self.profile_pic.is_some()).then_some(Profile {
            name,
            username: None,
            picture_url: self.profile_pic,
        })
    }
}
