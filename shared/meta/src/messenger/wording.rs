//! What people read differently about Messenger.

/// Title and advice for a reason, where the general ones do not fit.
pub(crate) fn special(reason: &str) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        "checkpoint" => (
            "Facebook wants the person who connected the Page to confirm who they are.",
            "Log in to Facebook, follow its instructions, then connect again.",
        ),
        "access_removed" => {
            ("Access was removed in Facebook's settings.", "Connect Messenger again to give access back.")
        }
        "restricted" => (
            "Meta has restricted messaging for this Page.",
            "Look at the Page's status in Facebook, and stop sending until the restriction ends.",
        ),
        "not_eligible" => (
            "Meta does not offer its messaging service to this Page.",
            "Check that the Page is published and in good standing.",
        ),
        "media_refused" => (
            "Messenger does not accept this attachment.",
            "Use a supported format: images up to 8 MB; audio, video and other files up to 25 MB.",
        ),
        _ => return None,
    })
}
