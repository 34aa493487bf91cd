//! What a person reads about a failure: a stable word, what happened, what to do. Plain English, no ids.

use domain::Channel;

use crate::{instagram, messenger};

/// Where a text names the channel.
const CHANNEL: &str = "{channel}";

/// One explanation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Explanation {
    pub(super) reason: &'static str,
    pub(super) title: &'static str,
    pub(super) advice: &'static str,
}

impl Explanation {
    /// What happened and what to do, to somebody who knows the channel.
    pub(super) fn on(&self, channel: Channel) -> [String; 2] {
        let special = match channel {
            Channel::Instagram => instagram::wording::special(self.reason),
            Channel::Messenger => messenger::wording::special(self.reason),
        };
        let (title, advice) = special.unwrap_or((self.title, self.advice));
        [title, advice].map(|text| text.replace(CHANNEL, channel.name()))
    }
}

macro_rules! explanations {
    ($($name:ident = $reason:literal: $title:literal, $advice:literal;)+) => {
        $(pub(super) const $name: Explanation = Explanation { reason: $reason, title: $title, advice: $advice };)+

        #[cfg(test)]
        pub(super) const ALL: &[&Explanation] = &[$(&$name),+];
    };
}

explanations! {
    // The message or the contact
    WINDOW_CLOSED = "window_closed": "The time to answer is over.",
        "{channel} allows answers for 24 hours after the person last wrote. Wait until they write again.";
    CONTACT_UNAVAILABLE = "contact_unavailable": "This person cannot receive your messages.",
        "They may have blocked the account or closed theirs. There is nothing to do until they write again.";
    NO_SUCH_CONTACT = "no_such_contact": "{channel} does not know this person any more.",
        "They may have closed their account. Wait until they write again.";
    PROFILE_PRIVATE = "profile_private": "{channel} does not show this person's profile.",
        "Nothing to do: it appears once the person writes to the account.";
    OBJECT_MISSING = "object_missing": "What the message refers to does not exist any more.",
        "Write again without the reference.";
    MESSAGE_DELETED = "message_deleted": "The message was deleted.", "Nothing to do.";
    COMMENT_INVALID = "comment_invalid": "The comment cannot be answered in private.",
        "A comment can be answered in private once, within 7 days, while it exists.";
    MESSAGE_INVALID = "message_invalid": "{channel} does not accept this message.",
        "Change the text or the attachment and send it again.";
    TEXT_TOO_LONG = "text_too_long": "The text is too long for {channel}.", "Send it in several messages.";
    MEDIA_UNREACHABLE = "media_unreachable": "{channel} could not load the attachment.",
        "Check that its link opens for everybody without a login, and send it again.";
    MEDIA_REFUSED = "media_refused": "{channel} does not accept this attachment.",
        "Use a supported format: images up to 8 MB, all else up to 25 MB.";
    REFUSED = "refused": "{channel} refused the message.", "Try again later; ask support if it keeps happening.";

    // The connection
    TOKEN_INVALID = "reconnect_needed": "{channel} no longer accepts this connection.",
        "Connect {channel} again in the settings, then send the message again.";
    TOKEN_EXPIRED = "token_expired": "The connection to {channel} has expired.",
        "Connect {channel} again in the settings, then send the message again.";
    ACCESS_REMOVED = "access_removed": "Access was removed in Meta's settings.",
        "Connect {channel} again to give access back.";
    CHECKPOINT = "checkpoint": "Meta wants the account's owner to confirm who they are.",
        "Log in to Meta, follow its instructions, then connect again.";
    PASSWORD_CHANGED = "password_changed": "The account's password was changed.",
        "Connect {channel} again in the settings.";
    UNCONFIRMED = "unconfirmed": "The account's owner has not confirmed their login at Meta.",
        "Log in to Facebook or Instagram, confirm the account, then connect again.";
    PAGE_ROLE_LOST = "page_role_lost": "The person who connected no longer manages the Page.",
        "Somebody who manages the Page has to connect again.";
    PERMISSION_MISSING = "permission_missing": "A permission is missing.",
        "Connect {channel} again and leave all permissions switched on.";
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
        "Look at the account's status at Meta, and stop sending until the restriction ends.";
    CONTACT_BOTHERED = "contact_bothered": "{channel} asks to write to this person less often.",
        "Wait until they write again.";
    NOT_ELIGIBLE = "not_eligible": "Meta does not offer its messaging service to this account.",
        "Check that it is in good standing.";
    APP_NOT_REVIEWED = "app_not_reviewed": "This app may not write to this person yet.",
        "Meta has not approved the app for people without a role in it. Ask support.";

    // Meta, or ourselves
    RATE_LIMITED = "rate_limited": "{channel} accepts no more messages for now.",
        "It will be sent again automatically; if it stays failed, send it again later.";
    UNREACHABLE = "unavailable": "{channel} does not answer at the moment.", "Try again in a few minutes.";
    DELIVERY_UNKNOWN = "delivery_unknown": "It is not known whether the message arrived.",
        "Look at the conversation in {channel} before you send it again.";
    APP_BLOCKED = "app_unavailable": "The connection between this app and {channel} is interrupted.",
        "Nothing is wrong with your account. Support has to look into it.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_is_told_once_and_in_sentences() {
        let reasons: BTreeSet<_> = ALL.iter().map(|explanation| explanation.reason).collect();
        assert_eq!(reasons.len(), ALL.len());
        for explanation in ALL {
            assert!(
                explanation.reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{}",
                explanation.reason
            );
            assert!(explanation.advice.ends_with('.'), "{}", explanation.advice);
            assert!(!format!("{explanation:?}").bytes().any(|byte| byte == b'#'));
        }
    }

    #[test]
    fn everybody_reads_the_name_of_their_own_channel() {
        for (channel, other) in [(Channel::Instagram, "Messenger"), (Channel::Messenger, "Instagram can")] {
            for explanation in ALL {
                let [title, advice] = explanation.on(channel);
                assert!(!title.contains(['{', '}']) && !advice.contains(['{', '}']), "{title} {advice}");
                assert!(!title.contains(other) || explanation.reason == "relink_needed", "{title}");
            }
        }
        assert_eq!(TOKEN_EXPIRED.on(Channel::Messenger)[0], "The connection to Messenger has expired.");
        assert_eq!(RESTRICTED.on(Channel::Messenger)[0], "Meta has restricted messaging for this Page.");
    }

    #[test]
    fn what_is_worded_for_one_channel_is_a_reason() {
        for special in [instagram::wording::special, messenger::wording::special] {
            let known = ALL.iter().filter(|explanation| special(explanation.reason).is_some()).count();
            assert_eq!(known, 5);
        }
    }
}
