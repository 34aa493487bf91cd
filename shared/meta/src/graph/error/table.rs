//! What Meta's error codes mean: one table, read from top to bottom, the first row that fits wins.
//!
//! Sources: <https://developers.facebook.com/docs/messenger-platform/error-codes>,
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling> and
//! <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>; where they leave a code open, the
//! reports of integrators.

use super::AccountProblem as Problem;
use super::FailureClass::{self, AppLevel, InvalidGrant, Permanent, Retry, RetryAtMost, Uncertain};
use super::explain::{self, Explanation};
use super::refusal::{Refusal, Wording};

/// When a row fits.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Meta's text says so.
    Says(Wording),
    /// The code, and Meta's text says so.
    Worded(i64, Wording),
    /// Code and subcode.
    Pair(i64, i64),
    /// The subcode, or a code of that number: Meta lists some without an outer code.
    Either(i64),
    /// The code without a subcode.
    Bare(i64),
    /// The code with any subcode or none.
    Code(i64),
    /// Meta says that it will pass.
    Transient,
    /// A range of codes, ends included.
    Range(i64, i64),
}
use When::{Bare, Code, Either, Pair, Range, Says, Transient, Worded};

type Row = (When, FailureClass, &'static Explanation);

const fn account(problem: Problem) -> FailureClass {
    FailureClass::Account(problem)
}

/// A limit is reached; the headers may say for how long.
const LATER: FailureClass = FailureClass::RetryLater { after: None };

/// How often an error is tried again that may pass or may mean a missing permission.
const FEW: u32 = 3;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Texts that tell more than their codes
    (Says(Wording::UnsupportedRequest), AppLevel,                            &explain::APP_BLOCKED),
    (Says(Wording::MessageAccessOff),   account(Problem::MessageAccessOff),  &explain::MESSAGE_ACCESS_OFF),
    (Says(Wording::NotReviewed),        account(Problem::NotReviewed),       &explain::APP_NOT_REVIEWED),
    (Says(Wording::CodeSpent),          InvalidGrant,                        &explain::INVALID_GRANT),
    (Says(Wording::WrongApp),           AppLevel,                            &explain::APP_BLOCKED),
    (Says(Wording::AppBlocked),         AppLevel,                            &explain::APP_BLOCKED),
    (Says(Wording::RedirectMismatch),   AppLevel,                            &explain::APP_BLOCKED),

    // The login's code: used, expired
    (Pair(100, 36009),     InvalidGrant,                          &explain::INVALID_GRANT),
    (Pair(100, 36007),     InvalidGrant,                          &explain::INVALID_GRANT),
    (Code(400),            InvalidGrant,                          &explain::INVALID_GRANT), // api.instagram.com

    // The token
    (Pair(190, 458),       account(Problem::AccessRemoved),       &explain::ACCESS_REMOVED),
    (Pair(190, 459),       account(Problem::Checkpoint),          &explain::CHECKPOINT),
    (Pair(190, 460),       account(Problem::PasswordChanged),     &explain::PASSWORD_CHANGED),
    (Pair(190, 463),       account(Problem::TokenExpired),        &explain::TOKEN_EXPIRED),
    (Pair(190, 464),       account(Problem::Unconfirmed),         &explain::UNCONFIRMED),
    (Pair(190, 467),       account(Problem::TokenInvalid),        &explain::TOKEN_INVALID),
    (Pair(190, 492),       account(Problem::PageRoleLost),        &explain::PAGE_ROLE_LOST),
    (Worded(190, Wording::AppRemoved),      account(Problem::AccessRemoved),   &explain::ACCESS_REMOVED),
    (Worded(190, Wording::Checkpoint),      account(Problem::Checkpoint),      &explain::CHECKPOINT),
    (Worded(190, Wording::PasswordChanged), account(Problem::PasswordChanged), &explain::PASSWORD_CHANGED),
    (Worded(190, Wording::Unconfirmed),     account(Problem::Unconfirmed),     &explain::UNCONFIRMED),
    (Worded(190, Wording::Expired),         account(Problem::TokenExpired),    &explain::TOKEN_EXPIRED),
    (Code(190),            account(Problem::TokenInvalid),        &explain::TOKEN_INVALID),
    (Bare(102),            Retry,                                 &explain::UNREACHABLE),
    (Code(102),            account(Problem::TokenInvalid),        &explain::TOKEN_INVALID),

    (Worded(2500, Wording::UnknownPath), AppLevel,                &explain::APP_BLOCKED),
    (Code(2500),           account(Problem::TokenInvalid),        &explain::TOKEN_INVALID), // taken for no user's token

    // Sent although an error is returned
    (Pair(1, 1_357_046),   Uncertain,                             &explain::DELIVERY_UNKNOWN),
    (Says(Wording::InvalidReply), Uncertain,                      &explain::DELIVERY_UNKNOWN),

    // The window and the contact
    (Pair(10, 2_534_022),  Permanent,                             &explain::WINDOW_CLOSED),
    (Pair(10, 2_018_278),  Permanent,                             &explain::WINDOW_CLOSED),
    (Pair(10, 2_018_065),  Permanent,                             &explain::WINDOW_CLOSED),
    (Says(Wording::WindowClosed), Permanent,                      &explain::WINDOW_CLOSED),
    (Pair(10, 2_018_108),  Permanent,                             &explain::CONTACT_UNAVAILABLE),
    (Either(1_545_041),    Permanent,                             &explain::CONTACT_UNAVAILABLE),
    (Code(551),            Permanent,                             &explain::CONTACT_UNAVAILABLE),
    (Pair(100, 2_018_001), Permanent,                             &explain::NO_SUCH_CONTACT),
    (Pair(100, 2_534_014), Permanent,                             &explain::NO_SUCH_CONTACT),
    (Code(9010),           Permanent,                             &explain::NO_SUCH_CONTACT),
    (Code(230),            Permanent,                             &explain::PROFILE_PRIVATE),
    (Pair(100, 2_018_218), Permanent,                             &explain::PROFILE_PRIVATE), // known by a telephone number only

    // The message
    (Pair(100, 33),        Permanent,                             &explain::OBJECT_MISSING),
    (Code(9_000_001),      Permanent,                             &explain::MESSAGE_DELETED),
    (Pair(100, 2_534_025), Permanent,                             &explain::COMMENT_INVALID),
    (Pair(2, 1_545_133),   Permanent,                             &explain::COMMENT_INVALID), // the refusal has spent the reply
    (Either(2_534_023),    Permanent,                             &explain::COMMENT_INVALID),
    (Code(10900),          Permanent,                             &explain::COMMENT_INVALID),
    (Code(10903),          Permanent,                             &explain::COMMENT_INVALID),
    (Code(27),             Permanent,                             &explain::REFUSED), // taking a thread without routing
    (Pair(100, 2_018_014), Permanent,                             &explain::MESSAGE_INVALID),
    (Pair(100, 2_534_015), Permanent,                             &explain::MESSAGE_INVALID),
    (Says(Wording::TextTooLong), Permanent,                       &explain::TEXT_TOO_LONG),
    (Pair(100, 2_018_008), RetryAtMost(1),                        &explain::MEDIA_UNREACHABLE),
    (Pair(100, 2_018_294), RetryAtMost(1),                        &explain::MEDIA_UNREACHABLE),
    (Pair(100, 2_018_047), Permanent,                             &explain::MEDIA_REFUSED),
    (Pair(100, 2_018_074), Permanent,                             &explain::MEDIA_REFUSED),
    (Pair(100, 2_018_109), Permanent,                             &explain::MEDIA_REFUSED),
    (Either(2_534_068),    Permanent,                             &explain::MEDIA_REFUSED),
    (Code(36000),          Permanent,                             &explain::MEDIA_REFUSED),

    // The account and the app
    (Pair(2, 2_018_344),   account(Problem::TermsNotAccepted),    &explain::TERMS_NOT_ACCEPTED),
    (Pair(10, 2_534_077),  account(Problem::RelinkNeeded),        &explain::RELINK_NEEDED),
    (Pair(10, 1_893_063),  account(Problem::Restricted),          &explain::RESTRICTED),
    (Pair(100, 2_534_029), account(Problem::Restricted),          &explain::RESTRICTED),
    (Either(2_534_122),    account(Problem::Restricted),          &explain::RESTRICTED),
    (Code(368),            account(Problem::Restricted),          &explain::RESTRICTED),
    (Code(2022),           account(Problem::Restricted),          &explain::RESTRICTED),
    (Code(36103),          account(Problem::NotEligible),         &explain::NOT_ELIGIBLE),
    (Pair(100, 2_534_013), account(Problem::PageNotLinked),       &explain::PAGE_NOT_LINKED),
    (Pair(100, 2_534_037), account(Problem::OtherAppOwnsThread),  &explain::HANDLED_ELSEWHERE),
    (Either(2_018_300),    account(Problem::OtherAppOwnsThread),  &explain::HANDLED_ELSEWHERE),
    (Either(2_018_321),    account(Problem::OtherAppOwnsThread),  &explain::HANDLED_ELSEWHERE),
    (Pair(200, 2_534_041), account(Problem::MessageAccessOff),    &explain::MESSAGE_ACCESS_OFF),
    (Pair(200, 2_018_028), account(Problem::NotReviewed),         &explain::APP_NOT_REVIEWED),
    (Bare(200),            account(Problem::NotReviewed),         &explain::APP_NOT_REVIEWED),
    (Pair(613, 2_018_338), account(Problem::ContactBothered),     &explain::CONTACT_BOTHERED),

    // Limits
    (Code(4),              LATER,                                 &explain::RATE_LIMITED),
    (Code(17),             LATER,                                 &explain::RATE_LIMITED),
    (Code(32),             LATER,                                 &explain::RATE_LIMITED),
    (Code(341),            LATER,                                 &explain::RATE_LIMITED),
    (Code(613),            LATER,                                 &explain::RATE_LIMITED),
    (Code(80001),          LATER,                                 &explain::RATE_LIMITED),
    (Code(80002),          LATER,                                 &explain::RATE_LIMITED),
    (Code(80006),          LATER,                                 &explain::RATE_LIMITED),

    // What is general comes last
    (Code(3),              account(Problem::PermissionMissing),   &explain::PERMISSION_MISSING),
    (Code(10),             account(Problem::PermissionMissing),   &explain::PERMISSION_MISSING),
    (Code(-1),             Retry,                                 &explain::UNREACHABLE),
    (Code(-2),             Retry,                                 &explain::UNREACHABLE),
    (Transient,            Retry,                                 &explain::UNREACHABLE),
    (Range(1, 99),         RetryAtMost(FEW),                      &explain::UNREACHABLE),
    (Range(200, 299),      account(Problem::PermissionMissing),   &explain::PERMISSION_MISSING),
];

/// What a refusal means, and how a person is told.
pub(super) fn verdict(refusal: &Refusal) -> (FailureClass, &'static Explanation) {
    let (class, explanation) = ROWS
        .iter()
        .find(|(when, ..)| when.fits(refusal))
        .map_or_else(|| by_status(refusal), |(_, class, explanation)| (*class, *explanation));
    match class {
        FailureClass::RetryLater { .. } => (FailureClass::RetryLater { after: refusal.regain_seconds }, explanation),
        class => (class, explanation),
    }
}

/// A code that is not in the table. The HTTP status says little: only what it cannot mean otherwise.
fn by_status(refusal: &Refusal) -> (FailureClass, &'static Explanation) {
    match refusal.status {
        429 => (LATER, &explain::RATE_LIMITED),
        500.. => (RetryAtMost(FEW), &explain::UNREACHABLE),
        _ => (Permanent, &explain::REFUSED),
    }
}

impl When {
    fn fits(self, refusal: &Refusal) -> bool {
        match self {
            Says(wording) => refusal.wording == Some(wording),
            Worded(code, wording) => refusal.code == Some(code) && refusal.wording == Some(wording),
            Pair(code, subcode) => refusal.code == Some(code) && refusal.subcode == Some(subcode),
            Either(number) => [refusal.code, refusal.subcode].contains(&Some(number)),
            Bare(code) => refusal.code == Some(code) && refusal.subcode.is_none(),
            Code(code) => refusal.code == Some(code),
            Transient => refusal.is_transient,
            Range(first, last) => refusal.code.is_some_and(|code| (first..=last).contains(&code)),
        }
    }
}

#[cfg(test)]
mod tests;
