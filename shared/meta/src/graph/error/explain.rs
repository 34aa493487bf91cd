//! What a person reads about a failure: a stable word, what happened, what to do. Plain English, no ids.

/// One explanation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Story {
    pub(super) reason: &'static str,
    pub(super) title: &'static str,
    pub(super) advice: &'static str,
}

macro_rules! stories {
    ($($name:ident = $reason:literal: $title:literal, $advice:literal;)+) => {
        $(pub(super) const $name: Story = Story { reason: $reason, title: $title, advice: $advice };)+

        #[cfg(test)]
        pub(super) const ALL: &[&Story] = &[$(&$name),+];
    };
}

stories! {
    // The message or the contact
    WINDOW_CLOSED = "window_closed": "The time to answer is over.",
        "Instagram allows answers for 24 hours after the person last wrote. Wait until they write again.";
    CONTACT_UNAVAILABLE = "contact_unavailable": "This person cannot receive your messages.",
        "They may have blocked the account or closed theirs. There is nothing to do until they write again.";
    NO_SUCH_CONTACT = "no_such_contact": "Instagram does not know this person any more.",
        "They may have closed their account. Wait until they write again.";
    PROFILE_PRIVATE = "profile_private": "Instagram does not show this person's profile.",
        "Nothing to do: it appears once the person writes to the account.";
    OBJECT_MISSING = "object_missing": "What the message refers to does not exist any more.",
        "Write again without the reference.";
    MESSAGE_DELETED = "message_deleted": "The message was deleted.", "Nothing to do.";
    COMMENT_INVALID = "comment_invalid": "The comment cannot be answered in private.",
        "A comment can be answered in private once, within 7 days, while it exists.";
    MESSAGE_INVALID = "message_invalid": "Instagram does not accept this message.",
        "Change the text or the attachment and send it again.";
    MEDIA_UNREACHABLE = "media_unreachable": "Instagram could not load the attachment.",
        "Check that its link opens for everybody without a login, and send it again.";
    MEDIA_REFUSED = "media_refused": "Instagram does not accept this attachment.",
        "Use a supported format: images up to 8 MB; audio, video and PDF up to 25 MB.";
    REFUSED = "refused": "Instagram refused the message.", "Try again later; ask support if it keeps happening.";

    // The connection
    TOKEN_INVALID = "reconnect_needed": "Instagram no longer accepts this connection.",
        "Connect Instagram again in the settings, then send the message again.";
    TOKEN_EXPIRED = "token_expired": "The connection to Instagram has expired.",
        "Connect Instagram again in the settings, then send the message again.";
    ACCESS_REMOVED = "access_removed": "Access was removed in Instagram's settings.",
        "Connect Instagram again to give access back.";
    CHECKPOINT = "checkpoint": "Instagram wants the account's owner to confirm who they are.",
        "Log in to Instagram or Facebook, follow its instructions, then connect again.";
    PASSWORD_CHANGED = "password_changed": "The account's password was changed.",
        "Connect Instagram again in the settings.";
    UNCONFIRMED = "unconfirmed": "The account's owner has not confirmed their login at Meta.",
        "Log in to Facebook or Instagram, confirm the account, then connect again.";
    PAGE_ROLE_LOST = "page_role_lost": "The person who connected no longer manages the Page.",
        "Somebody who manages the Page has to connect again.";
    PERMISSION_MISSING = "permission_missing": "A permission is missing.",
        "Connect Instagram again and leave all permissions switched on.";
    RELINK_NEEDED = "relink_needed": "Instagram cannot verify how the account and the Page belong together.",
        "Check the link between the two and two-factor login in Meta's settings, then connect again.";
    PAGE_NOT_LINKED = "page_not_linked": "The Page is no longer linked to the Instagram account.",
        "Link them in the Page's settings, then connect again.";
    PROFESSIONAL_ACCOUNT_REQUIRED = "professional_account_required": "Professional account required",
        "Switch to a business or creator account in Instagram's settings, then connect again.";
    INVALID_GRANT = "invalid_grant": "The login has expired or was already used.", "Start connecting again.";

    // The account's standing
    MESSAGE_ACCESS_OFF = "message_access_off": "Instagram's settings do not allow access to messages.",
        "In Instagram: Settings, Messages and story replies, Message controls, Connected tools: switch on \
         \"Allow access to messages\".";
    HANDLED_ELSEWHERE = "handled_elsewhere": "Another app is handling this conversation.",
        "Answer there, or release the conversation in that app.";
    TERMS_NOT_ACCEPTED = "terms_not_accepted": "Meta's terms have to be accepted first.",
        "An admin of the Page has to accept the open terms in Meta's settings.";
    RESTRICTED = "restricted": "Meta has restricted messaging for this account.",
        "Look at the account's status in Instagram, and stop sending until the restriction ends.";
    CONTACT_BOTHERED = "contact_bothered": "Instagram asks to write to this person less often.",
        "Wait until they write again.";
    NOT_ELIGIBLE = "not_eligible": "Instagram does not offer its messaging service to this account.",
        "Check that it is a business or creator account in good standing.";
    APP_NOT_REVIEWED = "app_not_reviewed": "This app may not write to this person yet.",
        "Meta has not approved the app for people without a role in it. Ask support.";

    // Meta, or ourselves
    RATE_LIMITED = "rate_limited": "Instagram accepts no more messages for now.",
        "It will be sent again automatically; if it stays failed, send it again later.";
    UNREACHABLE = "unavailable": "Instagram does not answer at the moment.", "Try again in a few minutes.";
    DELIVERY_UNKNOWN = "delivery_unknown": "It is not known whether the message arrived.",
        "Look at the conversation in Instagram before you send it again.";
    APP_BLOCKED = "app_unavailable": "The connection between this app and Instagram is interrupted.",
        "Nothing is wrong with your account. Support has to look into it.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_is_told_once_and_in_sentences() {
        let reasons: BTreeSet<_> = ALL.iter().map(|story| story.reason).collect();
        assert_eq!(reasons.len(), ALL.len());
        for story in ALL {
            assert!(story.reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", story.reason);
            assert!(story.advice.ends_with('.'), "{}", story.advice);
            assert!(!format!("{story:?}").bytes().any(|byte| byte == b'#'));
        }
    }
}
