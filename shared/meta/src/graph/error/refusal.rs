//! Meta's error object, reduced to what is safe to keep.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::graph::answer::lenient_number;

/// Meta's error object, in both of its forms. Its texts are reduced to what we know of them: they may name people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Meta's code.
    pub code: Option<i64>,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// Meta says that it will pass.
    pub is_transient: bool,
    /// The HTTP status: of little meaning, Meta uses 400 for most.
    pub status: u16,
    /// When calls are accepted again, in seconds from now.
    pub regain_seconds: Option<u32>,
    /// A text that tells more than the code.
    pub wording: Option<Wording>,
    /// What Meta's support asks for.
    pub trace: Option<String>,
}

/// Texts that change what a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// "Unsupported request": the Meta app has lost its access, or never had it.
    UnsupportedRequest,
    /// The account's owner has switched "Allow access to messages" off.
    MessageAccessOff,
    /// The app is not reviewed and the person has no role in it.
    NotReviewed,
    /// The authorization code was used, or is too old.
    CodeSpent,
    /// The app id or secret is of another app, as the Meta app's in place of the Instagram app's; or the secret was changed
    /// at Meta and not here; or the app is gone. Comes with code 190 or 100 as well, and says nothing about the account.
    WrongApp,
    /// Meta has blocked the app. Comes with the code of a missing permission.
    AppBlocked,
    /// The `redirect_uri` is not registered, or not the one of the authorization request.
    RedirectMismatch,
    /// The time to answer is over. The subcode may be one that nobody has listed, or missing.
    WindowClosed,
    /// The person has removed the app; with code 190 where the subcode is missing, as the four below.
    AppRemoved,
    /// The person has to log in at Instagram or Facebook first and confirm who they are.
    Checkpoint,
    /// The password was changed.
    PasswordChanged,
    /// The person has not confirmed their account.
    Unconfirmed,
    /// The session is over.
    Expired,
    /// "Received invalid JSON reply": Meta has sent the message and then lost track of it.
    InvalidReply,
    /// The text of the message is longer than the channel takes.
    TextTooLong,
    /// "Unknown path components": the API's version does not exist, or the address is wrong.
    UnknownPath,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HTTP status {}", self.status)?;
        let numbers = [("code", self.code), ("subcode", self.subcode)];
        for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
            write!(formatter, ", {name} {number}")?;
        }
        self.trace.iter().try_for_each(|trace| write!(formatter, ", trace {trace}"))
    }
}

/// `{"error": {…}}` of the graph, or the flat form of `api.instagram.com`.
#[derive(Deserialize)]
struct ErrorBody {
    error: Option<ErrorField>,
    error_message: Option<String>,
    error_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_number")]
    code: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorField {
    Object(ErrorObject),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient_number")]
    code: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    error_subcode: Option<i64>,
    #[serde(default)]
    is_transient: Option<bool>,
    #[serde(default)]
    fbtrace_id: Option<String>,
}

impl Refusal {
    /// The refusal in an answer's body, if it is one.
    pub(in crate::graph) fn read(body: &[u8], status: u16, regain_seconds: Option<u32>) -> Option<Self> {
        let body: ErrorBody = serde_json::from_slice(body).ok()?;
        let refusal = match body.error {
            // Without a code it is some other server's error, and no word of the graph's.
            Some(ErrorField::Object(ErrorObject { code: None, .. }) | ErrorField::Other(_)) => return None,
            Some(ErrorField::Object(error)) => Self {
                code: error.code,
                subcode: error.error_subcode,
                is_transient: error.is_transient.unwrap_or_default(),
                wording: error.message.as_deref().and_then(Wording::find),
                trace: error.fbtrace_id.filter(|trace| is_plain(trace)),
                ..Self::default()
            },
            None if body.error_message.is_some() || body.error_type.is_some() => {
                let wording = body.error_message.as_deref().and_then(Wording::find);
                Self { code: body.code, wording, ..Self::default() }
            }
            None => return None,
        };
        Some(Self { status, regain_seconds, ..refusal })
    }
}

/// Whether a trace id may stand in a log line.
fn is_plain(trace: &str) -> bool {
    trace.len() <= 64 && trace.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Wording {
    /// Parts of Meta's texts, in lower case. Reported by integrators: Meta documents none of them as stable.
    const KNOWN: [(&'static str, Self); 25] = [
        ("unsupported request", Self::UnsupportedRequest),
        ("disabled access to instagram direct messaging", Self::MessageAccessOff),
        ("does not have advanced access", Self::NotReviewed),
        ("insufficient developer role", Self::NotReviewed),
        ("matching code was not found", Self::CodeSpent),
        ("authorization code has been used", Self::CodeSpent),
        ("authorization code has expired", Self::CodeSpent),
        ("invalid platform app", Self::WrongApp),
        ("error validating application", Self::WrongApp),
        ("error validating client secret", Self::WrongApp),
        ("invalid appsecret_proof", Self::WrongApp),
        ("api access blocked", Self::AppBlocked),
        ("redirect_uri", Self::RedirectMismatch),
        ("allowed window", Self::WindowClosed),
        ("not authorized application", Self::AppRemoved),
        ("checkpoint", Self::Checkpoint),
        ("log in at", Self::Checkpoint),
        ("log in to", Self::Checkpoint),
        ("changed their password", Self::PasswordChanged),
        ("changed the password", Self::PasswordChanged),
        ("not a confirmed user", Self::Unconfirmed),
        ("has expired", Self::Expired),
        ("invalid json reply", Self::InvalidReply),
        ("message[text] must be less than", Self::TextTooLong),
        ("unknown path components", Self::UnknownPath),
    ];

    fn find(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        Self::KNOWN.into_iter().find_map(|(part, wording)| message.contains(part).then_some(wording))
    }
}
