//! Who a contact is. Nothing here can lose a message: it is stored before anybody asks.

use std::time::Duration;

use accounts::OpenError;
use domain::contact::{Occasion, Told};
use domain::{Channel, Connection, Contact, ContactId, ProfileRequest, UnixMillis};
use edge::telemetry::{Chain, metric};
use meta::graph::Profile;
use meta::{FailureClass, GraphError};
use store::StoreError;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::app::App;

/// How long asking may take. The other conversations of the batch do not wait for this one, but the queue does: where many contacts
/// write for the first time, everybody's messages behind theirs.
const fn patience(occasion: Occasion) -> Duration {
    match occasion {
        Occasion::Wrote | Occasion::Came | Occasion::Answered => Duration::from_secs(1),
        Occasion::Opened => Duration::from_secs(3),
    }
}

/// "User consent is required to access user profile".
const NO_CONSENT: i64 = 230;

/// Why Meta was not asked, or did not answer.
#[derive(Debug, thiserror::Error)]
enum ProfileError {
    #[error("the account is not connected")]
    Disconnected,
    #[error("Meta tells the account nothing about its contacts")]
    Withheld,
    #[error("Meta wants the account to be left alone")]
    Resting,
    #[error("the connection was not read or written")]
    Store(#[from] StoreError),
    #[error("Meta cannot be asked")]
    Open(#[from] OpenError),
    #[error("Meta did not tell who the contact is")]
    Graph(#[from] GraphError),
    #[error("Meta took too long to tell who the contact is")]
    Late,
}

impl ProfileError {
    /// A stable word for a metric's dimension.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Disconnected | Self::Open(OpenError::NoToken) => "disconnected",
            Self::Withheld => "withheld",
            Self::Resting => "resting",
            Self::Store(_) => "store",
            Self::Open(OpenError::Vault(_)) => "vault",
            Self::Open(OpenError::Registration(_) | OpenError::NoApp(_)) => "registration",
            Self::Graph(_) => "refused",
            Self::Late => "late",
        }
    }

    /// Whether the conversation may tell at least a name. Messenger's does, and only of who wrote by themselves it is known that
    /// they agree; on Instagram it tells what nobody may know who is refused the profile.
    fn leaves_a_name(&self, request: &ProfileRequest) -> bool {
        let is_refused = match self {
            Self::Withheld => true,
            Self::Graph(refusal) => {
                matches!(refusal, GraphError::ProfilesHidden) || self.about_contact(request.occasion).is_some()
            }
            Self::Disconnected | Self::Resting | Self::Store(_) | Self::Open(_) | Self::Late => false,
        };
        match request.account.channel {
            Channel::Instagram => false,
            Channel::Messenger => is_refused && request.occasion == Occasion::Wrote,
        }
    }

    /// What the refusal says about this contact alone, if it does.
    fn about_contact(&self, occasion: Occasion) -> Option<OfContact> {
        let Self::Graph(refusal) = self else { return None };
        if is_of_contact_only(refusal, occasion) {
            return Some(OfContact::NotAgreed);
        }
        let code = refusal.refusal().and_then(|refusal| refusal.code);
        match code.filter(|_| refusal.class() == FailureClass::Permanent)? {
            NO_CONSENT => Some(OfContact::NotAgreed),
            100 | 9010 => Some(OfContact::Hidden),
            _ => None,
        }
    }
}

/// What a refusal says about one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfContact {
    /// They have not agreed yet.
    NotAgreed,
    /// They are nobody, or hide.
    Hidden,
}

/// Messenger shows nothing of those who have not written by themselves, as it does to an app without access to profiles: that
/// proves something about the app only where the contact wrote.
fn is_of_contact_only(refusal: &GraphError, occasion: Occasion) -> bool {
    matches!(refusal, GraphError::ProfilesHidden) && occasion != Occasion::Wrote
}

/// Asks Meta for the contact's profile, if it is due, and shows it in the conversation.
pub(crate) async fn learn(app: &App, request: &ProfileRequest) {
    let outcome = try_learn(app, request).await.unwrap_or_else(|failure| {
        warn!(account = %request.account, error = %Chain(&failure), "What was learned of a contact was not stored");
        "not_stored"
    });
    metric("profiles", 1, &[("outcome", outcome)]);
}

/// Whatever comes of it is stored: who asks in vain must not ask with every message. Where Meta is not to be called at all for a
/// while, there is nothing to store: the next reason to ask is one.
async fn try_learn(app: &App, request: &ProfileRequest) -> Result<&'static str, StoreError> {
    let ProfileRequest { tenant, account, conversation, occasion, .. } = request;
    let now = app.clock.now_ms();
    let Some(found) = app.inbox.conversation(tenant, conversation).await? else { return Ok("gone") };
    let contact = found.contact;
    if !contact.profile_due(*occasion, now) {
        return Ok("not_due");
    }
    let (contact, outcome) = match ask(app, request, &contact.id, now).await {
        Ok(profile) => (contact.told(told(profile), now), "learned"),
        Err(failure @ ProfileError::Resting) => return Ok(failure.as_str()),
        Err(failure) => {
            info!(%account, error = %Chain(&failure), "A contact stays without a name");
            match failure.about_contact(*occasion) {
                Some(OfContact::NotAgreed) => (contact.without_consent(now), "no_consent"),
                Some(OfContact::Hidden) => (contact.hidden(now), "hidden"),
                None => (contact.unanswered(now), failure.as_str()),
            }
        }
    };
    store(app, request, &contact).await?;
    Ok(outcome)
}

async fn store(app: &App, request: &ProfileRequest, contact: &Contact) -> Result<(), StoreError> {
    app.inbox.set_profile(&request.tenant, &request.conversation, contact).await?;
    Ok(())
}

async fn ask(
    app: &App,
    request: &ProfileRequest,
    contact: &ContactId,
    now: UnixMillis,
) -> Result<Profile, ProfileError> {
    let found = app.connector.connections.find(&request.tenant, &request.account).await?;
    let connection = found.filter(Connection::is_active).ok_or(ProfileError::Disconnected)?;
    if connection.rests_until(now).is_some() {
        return Err(ProfileError::Resting);
    }
    match ask_for_profile(app, request, &connection, contact, now).await {
        Err(failure) if failure.leaves_a_name(request) => {
            let named = timeout(patience(request.occasion), name(app, &connection, contact, now)).await;
            named.ok().flatten().ok_or(failure)
        }
        outcome => outcome,
    }
}

async fn ask_for_profile(
    app: &App,
    request: &ProfileRequest,
    connection: &Connection,
    contact: &ContactId,
    now: UnixMillis,
) -> Result<Profile, ProfileError> {
    if !connection.may_ask_for_profiles(now.seconds()) {
        return Err(ProfileError::Withheld);
    }
    let called = timeout(patience(request.occasion), call(app, connection, contact, now)).await;
    let outcome = called.unwrap_or(Err(ProfileError::Late));
    match &outcome {
        Ok(_) => {
            app.connector.note_profile_told(connection).await?;
            app.connector.watch.works(connection.login, now).await;
        }
        Err(ProfileError::Graph(refusal)) => {
            app.connector.leave_alone(connection, refusal.regain_seconds(), now).await;
            if !is_of_contact_only(refusal, request.occasion) {
                report(app, connection, refusal, now).await?;
            }
        }
        Err(_) => {}
    }
    outcome
}

async fn call(
    app: &App,
    connection: &Connection,
    contact: &ContactId,
    now: UnixMillis,
) -> Result<Profile, ProfileError> {
    let account = app.connector.open_account(connection.clone(), now.seconds()).await?;
    Ok(account.graph().profile(account.access(), contact).await?)
}

/// The contact as the conversation with them names them: without a picture.
async fn name(app: &App, connection: &Connection, contact: &ContactId, now: UnixMillis) -> Option<Profile> {
    let account = app.connector.open_account(connection.clone(), now.seconds()).await.ok()?;
    match account.graph().contact_name(account.access(), contact).await {
        Ok(name) => name.map(|name| Profile { name: Some(name), ..Profile::default() }),
        Err(refusal) => {
            info!(account = %connection.account, error = %Chain(&refusal), "A conversation does not tell who the contact is");
            app.connector.leave_alone(connection, refusal.regain_seconds(), now).await;
            None
        }
    }
}

fn told(profile: Profile) -> Told {
    Told { name: profile.name, username: profile.username, picture_url: profile.picture_url }
}

/// A token that Meta refuses (code 190) will be refused for the answer, too: the card asks to reconnect now. Any other trouble of
/// the account's concerns its contacts' profiles alone, and all of them.
async fn report(app: &App, connection: &Connection, refusal: &GraphError, now: UnixMillis) -> Result<(), StoreError> {
    let FailureClass::Account(problem) = refusal.class() else { return Ok(()) };
    match refusal.refusal().and_then(|refusal| refusal.code) {
        Some(190) => app.connector.mark_broken(connection, problem, now).await.map(|_| ()),
        _ => app.connector.note_profiles_refused(connection, problem, now).await,
    }
}
