//! The permissions of each login, as people read them.

use crate::Login;

const INSTAGRAM: &[(&str, &str)] = &[
    ("instagram_business_basic", "View profile and posts"),
    ("instagram_business_manage_messages", "View and answer messages"),
    ("instagram_business_manage_comments", "View and answer comments"),
    ("instagram_business_content_publish", "Publish posts"),
    ("instagram_business_manage_insights", "View insights"),
];

const FACEBOOK: &[(&str, &str)] = &[
    ("public_profile", "Name and profile picture"),
    ("instagram_basic", "View the Instagram accounts of your Pages"),
    ("instagram_manage_messages", "View and answer Instagram messages"),
    ("instagram_manage_comments", "View and answer Instagram comments"),
    ("instagram_content_publish", "Publish on Instagram"),
    ("instagram_manage_insights", "View Instagram insights"),
    ("pages_show_list", "See which Pages you manage"),
    ("pages_manage_metadata", "Manage the settings of your Pages"),
    ("pages_read_engagement", "Read the content of your Pages"),
    ("pages_messaging", "Send messages as your Pages"),
    ("pages_manage_engagement", "Answer and hide comments on your Pages"),
    ("business_management", "Manage your business portfolio"),
    ("ads_management", "Manage ads"),
    ("ads_read", "Read ads"),
];

/// What a configuration of Facebook Login for Business asks for in this simulation.
pub(super) const CONFIGURATION: &[&str] = &[
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
    "pages_show_list",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_messaging",
    "business_management",
];

/// What a permission allows, or `None` when the login does not know it.
pub(super) fn label(login: Login, scope: &str) -> Option<&'static str> {
    let known = match login {
        Login::Instagram => INSTAGRAM,
        Login::Facebook => FACEBOOK,
    };
    known.iter().find(|(name, _)| *name == scope).map(|(_, label)| *label)
}
