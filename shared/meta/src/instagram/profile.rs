//! Who a contact is.
//!
//! Source: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/user-profile>

/// What is asked for.
pub(crate) const FIELDS: &str = "name,username,profile_pic";
