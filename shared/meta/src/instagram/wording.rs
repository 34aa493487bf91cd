//! What people read differently about Instagram.

/// Title and advice for a reason, where the general ones do not fit.
pub(crate) fn special(reason: &str) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        "checkpoint" => (
            "Instagram wants the account's owner to confirm who they are.",
            "Log in to Instagram or Facebook, follow its instructions, then connect again.",
        ),
        "access_removed" => {
            ("Access was removed in Instagram's settings.", "Connect Instagram again to give access back.")
        }
        "restricted" => (
            "Meta has restricted messaging for this account.",
            "Look at the account's status in Instagram, and stop sending until the restriction ends.",
        ),
        "not_eligible" => (
            "Instagram does not offer its messaging service to this account.",
            "Check that it is a business or creator account in good standing.",
        ),
        "media_refused" => (
            "Instagram does not accept this attachment.",
            "Use a supported format: images up to 8 MB; audio, video and PDF up to 25 MB.",
        ),
        _ => return None,
    })
}
