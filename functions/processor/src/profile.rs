//! Who a new contact is. Nothing here can lose a message: it is stored before anybody asks.

use std::time::Duration;

use connect::RegistrationError;
use domain::{Connection, Contact, ConversationId, IgId, Igsid, TenantId};
use edge::telemetry::{Chain, metric};
use meta::graph::Profile;
use meta::{AccountAccess, FailureClass, GraphError};
use store::StoreError;
use tokio::time::timeout;
use tracing::{info, warn};
use vault::VaultError;

use crate::handler::App;

/// The other conversations of the batch do not wait for this one, but the queue does.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a contact stays without a name.
#[derive(Debug, thiserror::Error)]
enum ProfileError {
    #[error("the account or the conversation is gone")]
    Gone,
    #[error("the conversation or the connection was not read or written")]
    Store(#[from] StoreError),
    #[error("the token was not opened")]
    Vault(#[from] VaultError),
    #[error("Meta cannot be asked")]
    Registration(#[from] RegistrationError),
    #[error("Meta did not tell who the contact is")]
    Graph(#[from] GraphError),
    #[error("Meta took too long to tell who the contact is")]
    Late,
}

impl ProfileError {
    /// A stable word for a metric's dimension.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Store(_) => "store",
            Self::Vault(_) => "vault",
            Self::Registration(_) => "registration",
            Self::Graph(_) => "refused",
            Self::Late => "late",
        }
    }
}

/// A conversation whose contact has no name yet.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    pub(crate) tenant: TenantId,
    pub(crate) account: IgId,
    pub(crate) conversation: ConversationId,
}

/// Asks Meta for the contact's profile and shows it in the conversation.
pub(crate) async fn learn(app: &App, stranger: &Stranger) {
    let outcome = try_learn(app, stranger).await.unwrap_or_else(|failure| {
        warn!(account = %stranger.account, error = %Chain(&failure), "A contact stays without a name");
        failure.as_str()
    });
    metric("profiles", 1, &[("outcome", outcome)]);
}

async fn try_learn(app: &App, stranger: &Stranger) -> Result<&'static str, ProfileError> {
    let Stranger { tenant, account, conversation } = stranger;
    let found = app.connector.connections().find(tenant, account).await?;
    let connection = found.filter(Connection::is_active).ok_or(ProfileError::Gone)?;
    let found = app.inbox.conversation(tenant, conversation).await?;
    let known = found.ok_or(ProfileError::Gone)?.contact;
    let (learned, outcome) = match ask(app, &connection, &known.igsid).await {
        Ok(profile) => (profile, "learned"),
        Err(ProfileError::Graph(refusal)) if is_everyday(&refusal) => {
            info!(%account, error = %Chain(&refusal), "Meta does not show a contact's profile");
            (Profile::default(), "hidden")
        }
        Err(ProfileError::Graph(refusal)) => {
            report_broken(app, &connection, &refusal).await?;
            return Err(refusal.into());
        }
        Err(failure) => return Err(failure),
    };
    // What was known stays where Meta says nothing now.
    let contact = Contact {
        name: learned.name.or(known.name),
        username: learned.username.or(known.username),
        picture_url: learned.picture_url.or(known.picture_url),
        profile_checked_at: Some(app.clock.now_ms()),
        igsid: known.igsid,
    };
    app.inbox.set_profile(tenant, conversation, &contact).await?;
    Ok(outcome)
}

async fn ask(app: &App, connection: &Connection, contact: &Igsid) -> Result<Profile, ProfileError> {
    let now = app.clock.now();
    let (tenant, account) = (&connection.tenant, &connection.ig_user_id);
    let sealed = connection.token.as_ref().ok_or(ProfileError::Gone)?;
    let token = app.connector.open(tenant, account, sealed, now).await?;
    let registrations = app.connector.registrations().current(now).await?;
    let graph = registrations.graph(connection.login)?;
    let access = AccountAccess { ig_user_id: account, page_id: connection.page_id.as_ref(), token: &token };
    Ok(timeout(PATIENCE, graph.profile(access, contact)).await.map_err(|_| ProfileError::Late)??)
}

/// The contact has not agreed, does not exist for this app, or hides (codes 230, 9010 and 100): asked again in a day.
fn is_everyday(refusal: &GraphError) -> bool {
    let code = refusal.refusal().and_then(|refusal| refusal.code);
    matches!(code, Some(100 | 230 | 9010)) && refusal.class() != FailureClass::AppLevel
}

/// A token that Meta refuses (code 190) will be refused for the answer, too: the card asks to reconnect now. Other refusals
/// of a profile say nothing about the connection.
async fn report_broken(app: &App, connection: &Connection, refusal: &GraphError) -> Result<(), StoreError> {
    let code = refusal.refusal().and_then(|refusal| refusal.code);
    if let (Some(190), FailureClass::Account(problem)) = (code, refusal.class()) {
        app.connector.mark_broken(connection, problem, app.clock.now_ms()).await?;
    }
    Ok(())
}
