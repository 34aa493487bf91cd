//! Who may be written to, when, and with what.
//!
//! The numbers are the channel's: [`Channel::limits`].

use serde::{Deserialize, Serialize};

use crate::channel::{Channel, Limits, TextLimit};
use crate::message::Author;
use crate::time::UnixMillis;

/// Meta's tag for an answer that a person writes after the standard window.
pub const HUMAN_AGENT: &str = "HUMAN_AGENT";

/// When a contact may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyWindow {
    limits: Limits,
    opened_at: Option<UnixMillis>,
    came_from_ad_at: Option<UnixMillis>,
    closed: Option<WindowClosed>,
}

/// Meta has refused an answer because the window was closed, whatever we had reckoned. Counts until the contact acts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowClosed {
    /// When the answer was tried.
    pub at: UnixMillis,
    /// It was tried with the `HUMAN_AGENT` tag: nobody may answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_everybody: bool,
}

/// How an answer may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// As a plain answer.
    Response,
    /// Only with the `HUMAN_AGENT` tag.
    HumanAgent,
}

/// Why an answer may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The contact has never written: Meta allows no cold messages.
    #[error("the contact has not written yet")]
    NoContactYet,
    /// The window is over for this author.
    #[error("the reply window closed")]
    WindowClosed {
        /// When.
        at: UnixMillis,
    },
    /// Longer than the channel takes.
    #[error("the text is too long")]
    TextTooLong {
        /// How long it is, in the limit's unit.
        length: usize,
        /// What the channel takes.
        limit: TextLimit,
    },
    /// Neither text nor attachment.
    #[error("the message is empty")]
    Empty,
    /// The tag is only for people, and only where Meta approved the app for it.
    #[error("the tag is not allowed here")]
    TagNotAllowed,
}

impl ReplyWindow {
    /// A channel's window that the contact's last act opened, the time at which they last came through an advertisement, and what Meta has
    /// said about it since.
    #[must_use]
    pub fn new(
        channel: Channel,
        opened_at: Option<UnixMillis>,
        came_from_ad_at: Option<UnixMillis>,
        closed: Option<WindowClosed>,
    ) -> Self {
        let closed = closed.filter(|closed| opened_at.is_some_and(|opened| opened < closed.at));
        Self { limits: channel.limits(), opened_at, came_from_ad_at, closed }
    }

    /// The end for a plain answer; `None` while the contact has not written.
    ///
    /// After an advertisement Meta allows up to 7 days, without saying how many: the shorter is promised.
    #[must_use]
    pub fn reply_until(&self) -> Option<UnixMillis> {
        self.end(self.limits.window_ms, self.closed)
    }

    /// The end for a person with the `HUMAN_AGENT` tag.
    #[must_use]
    pub fn human_agent_until(&self) -> Option<UnixMillis> {
        self.end(self.limits.human_agent_ms, self.closed.filter(|closed| closed.for_everybody))
    }

    fn end(&self, length_ms: i64, closed: Option<WindowClosed>) -> Option<UnixMillis> {
        let reckoned = self.opened_at?.plus(length_ms);
        Some(closed.map_or(reckoned, |closed| reckoned.min(closed.at)))
    }

    /// How `author` may answer at `now`.
    ///
    /// Inside the standard window the tag is never used (Meta counts that as misuse), whoever asks.
    /// In a thread from an advertisement a late plain answer is tried: Meta knows its real window, and its word ends that.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoContactYet`], [`Refusal::WindowClosed`].
    pub fn permission(&self, author: Author, human_agent: bool, now: UnixMillis) -> Result<Permission, Refusal> {
        let (Some(standard), Some(long)) = (self.reply_until(), self.human_agent_until()) else {
            return Err(Refusal::NoContactYet);
        };
        let tag_allowed = human_agent && author == Author::Agent;
        let came_from_ad_at = self.came_from_ad_at.filter(|_| self.closed.is_none());
        let from_ad = came_from_ad_at.map(|came| came.plus(self.limits.human_agent_ms));
        if now < standard {
            Ok(Permission::Response)
        } else if tag_allowed && now < long {
            Ok(Permission::HumanAgent)
        } else if from_ad.is_some_and(|until| now < until) {
            Ok(Permission::Response)
        } else {
            let own = if tag_allowed { long } else { standard };
            Err(Refusal::WindowClosed { at: from_ad.map_or(own, |until| own.max(until)) })
        }
    }
}

/// Checks what Meta would refuse about a text.
///
/// # Errors
///
/// [`Refusal::Empty`] for blank text, [`Refusal::TextTooLong`] over the channel's limit.
pub fn check_text(channel: Channel, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let limit = channel.limits().text;
    let length = limit.length(text);
    if length > limit.most {
        return Err(Refusal::TextTooLong { length, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: UnixMillis = UnixMillis::new(1_000_000_000_000);

    fn at(hours: i64) -> UnixMillis {
        OPENED.plus(hours * 60 * 60 * 1000)
    }

    #[test]
    fn each_of_the_six_cases_of_author_and_age_has_its_answer() {
        let window = ReplyWindow::new(Channel::Instagram, Some(OPENED), None, None);
        let cases = [
            (Author::Agent, true, 23, Ok(Permission::Response)),
            (Author::Automation, true, 23, Ok(Permission::Response)),
            (Author::Agent, true, 25, Ok(Permission::HumanAgent)),
            (Author::Automation, true, 25, Err(Refusal::WindowClosed { at: at(24) })),
            (Author::Agent, false, 25, Err(Refusal::WindowClosed { at: at(24) })),
            (Author::Agent, true, 24 * 7, Err(Refusal::WindowClosed { at: at(24 * 7) })),
        ];
        for (author, approved, hours, expected) in cases {
            assert_eq!(window.permission(author, approved, at(hours)), expected, "{author:?} {approved} {hours}");
        }
    }

    #[test]
    fn the_window_closes_at_the_very_millisecond() {
        let window = ReplyWindow::new(Channel::Instagram, Some(OPENED), None, None);
        assert!(window.permission(Author::Agent, false, at(24).plus(-1)).is_ok());
        assert!(window.permission(Author::Agent, false, at(24)).is_err());
    }

    #[test]
    fn nobody_writes_first() {
        let refusal = ReplyWindow::new(Channel::Instagram, None, None, None).permission(Author::Agent, true, at(0));
        assert_eq!(refusal, Err(Refusal::NoContactYet));
    }

    #[test]
    fn a_thread_from_an_advertisement_is_tried_for_seven_days_whatever_the_contact_wrote_since() {
        for written_since in [0, 3] {
            let window = ReplyWindow::new(Channel::Instagram, Some(at(written_since)), Some(OPENED), None);
            assert_eq!(window.permission(Author::Automation, false, at(30)), Ok(Permission::Response));
            assert!(window.permission(Author::Automation, false, at(24 * 7)).is_err(), "{written_since}");
        }
    }

    #[test]
    fn an_advertisement_of_last_week_opens_nothing() {
        let window = ReplyWindow::new(Channel::Instagram, Some(at(24 * 8)), Some(OPENED), None);
        let refusal = window.permission(Author::Automation, false, at(24 * 9));
        assert_eq!(refusal, Err(Refusal::WindowClosed { at: at(24 * 9) }));
    }

    #[test]
    fn a_window_that_meta_calls_closed_is_closed_until_the_contact_acts_again() {
        let closed = |for_everybody| Some(WindowClosed { at: at(3), for_everybody });
        let refused = Err(Refusal::WindowClosed { at: at(3) });
        for from_ad in [None, Some(OPENED)] {
            let window = ReplyWindow::new(Channel::Instagram, Some(OPENED), from_ad, closed(false));
            assert_eq!((window.reply_until(), window.human_agent_until()), (Some(at(3)), Some(at(24 * 7))));
            assert_eq!(window.permission(Author::Agent, false, at(4)), refused);
            assert_eq!(window.permission(Author::Agent, true, at(4)), Ok(Permission::HumanAgent));
        }
        let for_everybody = ReplyWindow::new(Channel::Instagram, Some(OPENED), None, closed(true));
        assert_eq!(for_everybody.permission(Author::Agent, true, at(4)), refused);
        let opened_again = ReplyWindow::new(Channel::Instagram, Some(at(5)), None, closed(true));
        assert_eq!(opened_again.permission(Author::Agent, false, at(6)), Ok(Permission::Response));
    }

    #[test]
    fn a_texts_limit_is_its_channels() {
        let too_long = |channel: Channel, length| Err(Refusal::TextTooLong { length, limit: channel.limits().text });
        let cases = [
            (Channel::Instagram, "a".repeat(1000), Ok(())),
            (Channel::Instagram, "é".repeat(501), too_long(Channel::Instagram, 1002)),
            (Channel::Messenger, "é".repeat(2000), Ok(())),
            (Channel::Messenger, "🙂".repeat(1001), too_long(Channel::Messenger, 2002)),
        ];
        for (channel, text, expected) in cases {
            assert_eq!(check_text(channel, &text), expected, "{channel}");
            assert_eq!(check_text(channel, " \n"), Err(Refusal::Empty));
        }
    }
}
