//! Why a call failed, without anything secret in it.

mod explain;
mod refusal;
mod table;

pub use refusal::{Refusal, Wording};

use domain::Channel;
use domain::message::SendFailure;
use explain::Explanation;

use super::call::Call;

/// Why a call led to nothing. [`GraphError::class`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Meta says no.
    #[error("Meta refused: {refusal}")]
    Refused {
        /// What was tried.
        call: Call,
        /// Meta's words for it.
        refusal: Refusal,
    },
    /// No connection: Meta certainly did nothing.
    #[error("Meta was not reached")]
    NotSent(#[source] reqwest::Error),
    /// The request may have been written, and no whole answer came.
    #[error("Meta's answer did not come")]
    NoAnswer {
        /// What was tried.
        call: Call,
        /// Why it did not come.
        #[source]
        source: reqwest::Error,
    },
    /// An HTTP error without an error object.
    #[error("Meta answered with HTTP status {status} and no error object")]
    Unreadable {
        /// What was tried.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// When calls are accepted again, in seconds from now.
        regain_seconds: Option<u32>,
    },
    /// Success, in a shape that is not documented.
    #[error("Meta's answer has an unknown shape")]
    Shape {
        /// What was tried.
        call: Call,
    },
    /// A personal account logged in: Meta's API serves business and creator accounts only.
    #[error("the account is not a professional one")]
    ProfessionalAccountRequired,
    /// Meta shows nothing of a person, which it does to apps that it has not given access to profiles.
    #[error("Meta shows no profiles")]
    ProfilesHidden,
    /// The person did not grant these required permissions.
    #[error("permissions were not granted: {}", .0.join(", "))]
    MissingScopes(Vec<String>),
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Trying again cannot help.
    Permanent,
    /// The account or its owner has to do something first.
    Account(AccountProblem),
    /// A limit is reached.
    RetryLater {
        /// Not before so many seconds, where Meta says.
        after: Option<u32>,
    },
    /// Soon again, with back-off.
    Retry,
    /// As [`FailureClass::Retry`], so many more times; then permanent.
    RetryAtMost(u32),
    /// It may have gone out: never again unless proven absent.
    Uncertain,
    /// The Meta app as a whole is in trouble: alert the operator, blame no account.
    AppLevel,
    /// The authorization code is worth nothing (RFC 6749 `invalid_grant`): start again.
    InvalidGrant,
}

/// What is wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountProblem {
    /// The token is not valid any more.
    TokenInvalid,
    /// The token is expired.
    TokenExpired,
    /// The person has removed the app.
    AccessRemoved,
    /// Meta wants the person to confirm who they are.
    Checkpoint,
    /// The password was changed.
    PasswordChanged,
    /// The person has not confirmed their Meta account.
    Unconfirmed,
    /// The person has lost their role on the Page.
    PageRoleLost,
    /// A permission was not granted, or was taken back.
    PermissionMissing,
    /// Meta cannot verify how account, person and Page belong together.
    RelinkNeeded,
    /// The Page is not linked to an Instagram account.
    PageNotLinked,
    /// The app is not reviewed, and this contact has no role in it.
    NotReviewed,
    /// "Allow access to messages" is off.
    MessageAccessOff,
    /// Another app owns the thread.
    OtherAppOwnsThread,
    /// A Page admin has to accept terms.
    TermsNotAccepted,
    /// Meta has restricted the business for its policies: stop sending.
    Restricted,
    /// The contact is bothered by tagged messages: slow down with them.
    ContactBothered,
    /// Meta's API does not serve the account.
    NotEligible,
}

impl AccountProblem {
    /// A stable word, as a connection's `error.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::AccessRemoved => "access_removed",
            Self::Checkpoint => "checkpoint",
            Self::PasswordChanged => "password_changed",
            Self::Unconfirmed => "unconfirmed",
            Self::PageRoleLost => "page_role_lost",
            Self::PermissionMissing => "permission_missing",
            Self::RelinkNeeded => "relink_needed",
            Self::PageNotLinked => "page_not_linked",
            Self::NotReviewed => "app_not_reviewed",
            Self::MessageAccessOff => "message_access_off",
            Self::OtherAppOwnsThread => "handled_elsewhere",
            Self::TermsNotAccepted => "terms_not_accepted",
            Self::Restricted => "restricted",
            Self::ContactBothered => "contact_bothered",
            Self::NotEligible => "not_eligible",
        }
    }

    /// Whether the connection is broken until somebody connects again. The other problems pass or are mended
    /// elsewhere, with the same token.
    ///
    /// Only an account-level call proves it, unless the problem [is the token's](Self::is_of_token): of a message Meta says
    /// "permission" for many reasons that concern that message alone.
    #[must_use]
    pub const fn breaks_connection(self) -> bool {
        self.is_of_token() || matches!(self, Self::PermissionMissing | Self::RelinkNeeded | Self::PageNotLinked)
    }

    /// Whether Meta refuses the token itself, whatever was tried with it.
    #[must_use]
    pub const fn is_of_token(self) -> bool {
        match self {
            Self::TokenInvalid
            | Self::TokenExpired
            | Self::AccessRemoved
            | Self::Checkpoint
            | Self::PasswordChanged
            | Self::Unconfirmed
            | Self::PageRoleLost => true,
            Self::PermissionMissing
            | Self::RelinkNeeded
            | Self::PageNotLinked
            | Self::NotReviewed
            | Self::MessageAccessOff
            | Self::OtherAppOwnsThread
            | Self::TermsNotAccepted
            | Self::Restricted
            | Self::ContactBothered
            | Self::NotEligible => false,
        }
    }
}

impl GraphError {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        self.verdict().0
    }

    /// Whether Meta refuses the token itself, whatever was tried with it.
    #[must_use]
    pub fn is_of_token(&self) -> bool {
        matches!(self.class(), FailureClass::Account(problem) if problem.is_of_token())
    }

    /// The same for a person who uses the channel, without ids.
    #[must_use]
    pub fn explain(&self, channel: Channel) -> SendFailure {
        let (_, explanation) = self.verdict();
        let [title, advice] = explanation.on(channel);
        let refusal = self.refusal();
        SendFailure {
            reason: explanation.reason.to_owned(),
            title,
            advice,
            code: refusal.and_then(|refusal| refusal.code),
            subcode: refusal.and_then(|refusal| refusal.subcode),
        }
    }

    /// Whether Meta says that the time to answer this contact is over.
    #[must_use]
    pub fn says_window_closed(&self) -> bool {
        *self.verdict().1 == explain::WINDOW_CLOSED
    }

    /// When calls for the account are accepted again, in seconds from now, where the answer's headers say so.
    #[must_use]
    pub const fn regain_seconds(&self) -> Option<u32> {
        match self {
            Self::Refused { refusal, .. } => refusal.regain_seconds,
            Self::Unreadable { regain_seconds, .. } => *regain_seconds,
            _ => None,
        }
    }

    /// Meta's error object, where there was one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    fn verdict(&self) -> (FailureClass, &'static Explanation) {
        match self {
            // Whatever it says: a server error, or a time-out, after the request was written usually means that the message
            // went out.
            Self::Refused { call: Call::Send, refusal: Refusal { status: 408 | 500.., .. } } => {
                (FailureClass::Uncertain, &explain::DELIVERY_UNKNOWN)
            }
            Self::Refused { call, refusal } => match table::verdict(refusal) {
                (FailureClass::Uncertain, _) if *call != Call::Send => (FailureClass::Retry, &explain::UNREACHABLE),
                verdict => verdict,
            },
            Self::Unreadable { status: 429, regain_seconds, .. } => {
                (FailureClass::RetryLater { after: *regain_seconds }, &explain::RATE_LIMITED)
            }
            Self::NotSent(_)
            | Self::Unreadable { call: Call::Read | Call::Change, status: 408 | 500.., .. }
            | Self::NoAnswer { call: Call::Read | Call::Change, .. } => (FailureClass::Retry, &explain::UNREACHABLE),
            Self::Unreadable { call: Call::Send, status: 408 | 500.., .. }
            | Self::NoAnswer { call: Call::Send, .. }
            | Self::Shape { call: Call::Send } => (FailureClass::Uncertain, &explain::DELIVERY_UNKNOWN),
            Self::Unreadable { .. } | Self::Shape { .. } => (FailureClass::Permanent, &explain::REFUSED),
            Self::ProfessionalAccountRequired => (FailureClass::Permanent, &explain::PROFESSIONAL_ACCOUNT_REQUIRED),
            Self::ProfilesHidden => (FailureClass::Account(AccountProblem::NotReviewed), &explain::APP_NOT_REVIEWED),
            Self::MissingScopes(_) => (FailureClass::Permanent, &explain::PERMISSION_MISSING),
        }
    }

    /// A failure below HTTP. Without the address: tokens and secrets may stand in its query.
    pub(in crate::graph) fn of_transport(call: Call, error: reqwest::Error) -> Self {
        let source = error.without_url();
        let unwritten = source.is_connect() || source.is_builder();
        if unwritten { Self::NotSent(source) } else { Self::NoAnswer { call, source } }
    }
}
