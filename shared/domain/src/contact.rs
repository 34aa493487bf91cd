//! The person on the other side, and when the provider is asked who they are.
//!
//! Names and pictures change, and a picture's address works for days only; but each question is a call that may take seconds. So
//! it is asked with the first message, when somebody opens the conversation and what is known is old, and after a refusal when
//! the contact writes again. Whatever comes to nothing is followed by a wait.

use serde::{Deserialize, Serialize};

use crate::channel::{Account, ContactId};
use crate::id::{ConversationId, TenantId};
use crate::time::UnixMillis;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What was told longer ago is old.
const FRESH_MS: i64 = DAY;

/// For so long a picture's address is shown. Meta says that it expires after days, not after how many.
const PICTURE_MS: i64 = 2 * DAY;

/// Waits after failures in a row; the last one after all further.
const AFTER_FAILURES_MS: [i64; 6] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 3 * HOUR, 12 * HOUR, DAY];

/// Waits after refusals in a row, before a message of the contact is a reason to ask again. None after the first: an advertisement
/// opened the conversation, or a comment, and now they wrote.
const AFTER_REFUSALS_MS: [i64; 3] = [0, HOUR, DAY];

/// Whether the provider has told who a contact is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileState {
    /// It has.
    Known,
    /// It does not: the contact has not agreed, hides, or is nobody. What was known before stays.
    Refused,
    /// It was not asked yet, or did not answer.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Why the provider may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The contact wrote by themselves, which is their consent.
    Wrote,
    /// The contact came through an advertisement, a link or a web page, and may be answered: no consent yet.
    Came,
    /// The business wrote, elsewhere.
    Answered,
    /// Somebody opened the conversation.
    Opened,
}

/// What the provider tells about a contact. Everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The name they gave themselves.
    pub name: Option<String>,
    /// Without `@`.
    pub username: Option<String>,
    /// The picture's address.
    pub picture_url: Option<String>,
}

/// The person on the other side, as the account sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The key of the person towards this account.
    pub id: ContactId,
    /// The name they gave themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The picture's address at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// When the provider gave that address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_at: Option<UnixMillis>,
    /// Whether the provider has told who they are.
    #[serde(default)]
    pub profile_state: ProfileState,
    /// When the provider was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_checked_at: Option<UnixMillis>,
    /// How often in a row that came to nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub profile_setbacks: u32,
}

impl Contact {
    /// A contact of whom only the id is known.
    #[must_use]
    pub const fn unknown(id: ContactId) -> Self {
        Self {
            id,
            name: None,
            username: None,
            picture_url: None,
            picture_at: None,
            profile_state: ProfileState::Unknown,
            profile_checked_at: None,
            profile_setbacks: 0,
        }
    }

    /// Whether the provider is to be asked now.
    #[must_use]
    pub fn profile_due(&self, occasion: Occasion, now: UnixMillis) -> bool {
        let Some(asked) = self.profile_checked_at else { return true };
        let wait = match (self.profile_state, occasion) {
            (ProfileState::Known, Occasion::Wrote | Occasion::Came | Occasion::Answered)
            | (ProfileState::Refused, Occasion::Came | Occasion::Answered | Occasion::Opened) => return false,
            (ProfileState::Refused, Occasion::Wrote) => after(&AFTER_REFUSALS_MS, self.profile_setbacks),
            (ProfileState::Known, Occasion::Opened) if self.profile_setbacks == 0 => FRESH_MS,
            (ProfileState::Known | ProfileState::Unknown, _) => after(&AFTER_FAILURES_MS, self.profile_setbacks),
        };
        asked.plus(wait) <= now
    }

    /// The provider has told who they are. What it left out stays as it was known; telling no name at all is hiding.
    #[must_use]
    pub fn told(mut self, told: Told, now: UnixMillis) -> Self {
        if told.name.is_none() && told.username.is_none() {
            return self.hidden(now);
        }
        self.name = told.name.or(self.name);
        self.username = told.username.or(self.username);
        if told.picture_url.is_some() {
            self.picture_url = told.picture_url;
            self.picture_at = Some(now);
        }
        Self { profile_state: ProfileState::Known, profile_checked_at: Some(now), profile_setbacks: 0, ..self }
    }

    /// The contact has not agreed that the provider tells who they are: their next message may change that.
    #[must_use]
    pub fn without_consent(self, now: UnixMillis) -> Self {
        self.refused(1, now)
    }

    /// The contact hides, or is nobody: their next message changes little.
    #[must_use]
    pub fn hidden(self, now: UnixMillis) -> Self {
        self.refused(2, now)
    }

    fn refused(self, at_least: u32, now: UnixMillis) -> Self {
        let setbacks = if self.profile_state == ProfileState::Refused { self.profile_setbacks } else { 0 };
        let profile_setbacks = setbacks.saturating_add(1).max(at_least);
        Self { profile_state: ProfileState::Refused, profile_checked_at: Some(now), profile_setbacks, ..self }
    }

    /// The provider did not answer, or would tell nothing to this account.
    #[must_use]
    pub fn unanswered(self, now: UnixMillis) -> Self {
        let profile_setbacks = self.profile_setbacks.saturating_add(1);
        Self { profile_checked_at: Some(now), profile_setbacks, ..self }
    }

    /// The picture's address, while it can be expected to work.
    #[must_use]
    pub fn picture(&self, now: UnixMillis) -> Option<&str> {
        let given_at = self.picture_at?;
        self.picture_url.as_deref().filter(|_| now < given_at.plus(PICTURE_MS))
    }
}

/// The wait after so many in a row, 1 for the first.
fn after(waits: &[i64], setbacks: u32) -> i64 {
    let index = usize::try_from(setbacks.saturating_sub(1)).unwrap_or(usize::MAX).min(waits.len() - 1);
    waits[index]
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The order to ask who a contact is, as a queue carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRequest {
    /// Version of this shape, so that a deployment can read what the previous one queued.
    pub v: u32,
    /// Whose conversation it is.
    pub tenant: TenantId,
    /// The account that asks.
    pub account: Account,
    /// With whom.
    pub conversation: ConversationId,
    /// Why.
    pub occasion: Occasion,
}

impl ProfileRequest {
    /// The current version of the shape.
    pub const VERSION: u32 = 1;

    /// The order for one conversation.
    #[must_use]
    pub const fn new(tenant: TenantId, account: Account, conversation: ConversationId, occasion: Occasion) -> Self {
        Self { v: Self::VERSION, tenant, account, conversation, occasion }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_795_158_000_000);

    fn stranger() -> Contact {
        Contact::unknown("430915413000664".try_into().expect("an id"))
    }

    fn ines() -> Told {
        Told {
            name: Some("Inès".to_owned()),
            username: Some("ines.moreau".to_owned()),
            picture_url: Some("https://cdn.example/ines".to_owned()),
        }
    }

    /// How long after `NOW` the contact is due, in minutes; `None`: never within a month.
    fn due_after(contact: &Contact, occasion: Occasion) -> Option<i64> {
        (0..30 * 24 * 60).find(|minutes| contact.profile_due(occasion, NOW.plus(minutes * MINUTE)))
    }

    #[test]
    fn a_stranger_is_asked_for_at_once_whatever_happens() {
        for occasion in [Occasion::Wrote, Occasion::Came, Occasion::Answered, Occasion::Opened] {
            assert_eq!(due_after(&stranger(), occasion), Some(0), "{occasion:?}");
        }
    }

    #[test]
    fn somebody_known_is_asked_for_again_only_when_opened_after_a_day() {
        let known = stranger().told(ines(), NOW);
        assert_eq!(due_after(&known, Occasion::Wrote), None);
        assert_eq!(due_after(&known, Occasion::Answered), None);
        assert_eq!(due_after(&known, Occasion::Opened), Some(24 * 60));
    }

    #[test]
    fn after_a_refusal_the_contacts_next_message_is_a_reason_and_then_ever_less() {
        let mut contact = stranger();
        let mut waits = Vec::new();
        for _ in 0..4 {
            contact = contact.without_consent(NOW);
            assert_eq!(due_after(&contact, Occasion::Opened), None, "the contact has to do something first");
            assert_eq!(due_after(&contact, Occasion::Answered), None);
            assert_eq!(due_after(&contact, Occasion::Came), None, "an advertisement brings no consent");
            waits.push(due_after(&contact, Occasion::Wrote));
        }
        assert_eq!(waits, [Some(0), Some(60), Some(24 * 60), Some(24 * 60)]);
        assert_eq!(due_after(&stranger().hidden(NOW), Occasion::Wrote), Some(60), "who hides, hides on");
    }

    #[test]
    fn failures_are_followed_by_waits_whoever_would_ask() {
        let mut contact = stranger();
        let mut waits = Vec::new();
        for _ in 0..7 {
            contact = contact.unanswered(NOW);
            let wait = due_after(&contact, Occasion::Wrote);
            assert_eq!(due_after(&contact, Occasion::Opened), wait);
            waits.extend(wait);
        }
        assert_eq!(waits, [1, 5, 30, 3 * 60, 12 * 60, 24 * 60, 24 * 60]);
        let known = contact.told(ines(), NOW).unanswered(NOW);
        assert_eq!((known.profile_state, due_after(&known, Occasion::Opened)), (ProfileState::Known, Some(1)));
        assert_eq!(due_after(&known, Occasion::Wrote), None, "what is known is known");
    }

    #[test]
    fn what_is_told_replaces_and_what_is_left_out_stays() {
        let renamed = stranger().told(ines(), NOW).told(Told { name: Some("I.".to_owned()), ..Told::default() }, NOW);
        assert_eq!((renamed.name.as_deref(), renamed.username.as_deref()), (Some("I."), Some("ines.moreau")));
        let nothing = renamed.told(Told::default(), NOW);
        assert_eq!((nothing.profile_state, nothing.name.as_deref()), (ProfileState::Refused, Some("I.")));
    }

    #[test]
    fn a_picture_is_shown_for_two_days_after_its_address_was_given() {
        let known = stranger().told(ines(), NOW);
        assert_eq!(known.picture(NOW.plus(2 * DAY - 1)), Some("https://cdn.example/ines"));
        let refused = known.hidden(NOW.plus(DAY));
        assert_eq!(refused.picture(NOW.plus(2 * DAY)), None, "asking in vain makes no address younger");
    }

    #[test]
    fn a_state_of_a_newer_version_is_read_as_unknown() {
        let read: ProfileState = serde_json::from_str(r#""verified""#).expect("read");
        assert_eq!(read, ProfileState::Unknown);
    }
}
