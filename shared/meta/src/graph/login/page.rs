//! A Page as Meta lists it.

use domain::id::{AccountId, PageId};
use domain::secret::AccessToken;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A Page, and what the person may do with it.
#[derive(Clone, Deserialize)]
pub(crate) struct Page {
    pub(crate) id: PageId,
    pub(crate) name: Option<String>,
    pub(crate) access_token: Option<AccessToken>,
    tasks: Option<Vec<String>>,
    picture: Option<Picture>,
    pub(crate) instagram_business_account: Option<LinkedAccount>,
}

/// `{"data": {"url": "…"}}`. A picture is a courtesy: what cannot be read hides no Page.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Picture {
    Told { data: PictureData },
    Other(IgnoredAny),
}

#[derive(Clone, Deserialize)]
struct PictureData {
    url: Option<String>,
}

/// The Instagram account that a Page is linked to.
#[derive(Clone, Deserialize)]
pub(crate) struct LinkedAccount {
    pub(crate) id: AccountId,
    pub(crate) username: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) profile_picture_url: Option<String>,
}

/// Tasks of the new Pages experience have this before their names.
const NEW_EXPERIENCE: &str = "PROFILE_PLUS_";

impl Page {
    /// The address of its picture.
    pub(crate) fn picture_url(&self) -> Option<&str> {
        match self.picture.as_ref()? {
            Picture::Told { data } => data.url.as_deref(),
            Picture::Other(_) => None,
        }
    }

    /// Whether the person may answer messages of the Page.
    pub(crate) fn can_message(&self) -> bool {
        self.allows(&["MESSAGING"])
    }

    /// Whether the person may subscribe an app to the Page.
    ///
    /// Source: <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps>
    pub(crate) fn can_subscribe(&self) -> bool {
        self.allows(&["MODERATE", "CREATE_CONTENT", "MANAGE"])
    }

    /// Whether the person has one of these tasks; a list without tasks leaves it open.
    fn allows(&self, wanted: &[&str]) -> bool {
        let is_wanted = |task: &String| wanted.contains(&task.strip_prefix(NEW_EXPERIENCE).unwrap_or(task));
        self.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(is_wanted))
    }

    /// The Page that this token is for.
    pub(super) fn of_token(self, token: &AccessToken) -> Self {
        Self { access_token: Some(token.clone()), ..self }
    }

    /// The other answer's members where this one has none.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            id: self.id,
            name: self.name.or(other.name),
            access_token: self.access_token.or(other.access_token),
            tasks: self.tasks.or(other.tasks),
            picture: self.picture.or(other.picture),
            instagram_business_account: self.instagram_business_account.or(other.instagram_business_account),
        }
    }
}
