//! The Meta apps' secrets, as Secrets Manager has them now and had them before.

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use domain::UnixSeconds;
use tokio::sync::Mutex;
use tracing::{error, warn};
use zeroize::Zeroizing;

use crate::meta_apps::{InvalidMetaApps, MetaApp, MetaApps};

/// How long the apps are taken from memory.
const FRESH_SECONDS: i64 = 300;
/// How long after a failed look the next one is made, while the last known apps serve.
const RETRY_SECONDS: i64 = 60;
/// How long the last known apps serve while Secrets Manager does not answer or holds something unusable.
const STALE_SECONDS: i64 = 3600;
/// How long what was read and is not usable is taken as that, so that requests do not read it again and again.
const UNUSABLE_SECONDS: i64 = 10;
/// For how long after a rotation the secrets before it are good: Meta delivers again for 36 hours.
const PREVIOUS_SECONDS: i64 = 48 * 60 * 60;
/// How often an unknown signature may cause a look: anyone can send one.
const SEARCH_SECONDS: i64 = 60;

/// The registrations to use, and those before the last rotation.
#[derive(Debug)]
pub struct Secrets {
    /// `AWSCURRENT`: what to sign and to exchange with.
    pub apps: MetaApps,
    previous: Option<Previous>,
}

/// `AWSPREVIOUS`, for a time.
#[derive(Debug)]
struct Previous {
    apps: MetaApps,
    until: UnixSeconds,
}

impl Secrets {
    /// The registrations that may have signed what is received now: the present ones, and for 48 hours after a rotation
    /// those before it.
    #[must_use]
    pub fn signers(&self, now: UnixSeconds) -> Vec<&MetaApp> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        self.apps.iter().chain(previous.into_iter().flat_map(|previous| previous.apps.iter())).collect()
    }
}

/// Why there are no registrations. Says no value of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Secrets Manager did not answer, has no such secret, or does not let us read it.
    #[error("the secret with the Meta apps was not read")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody has filled in the secret yet.
    #[error("the secret with the Meta apps holds no app yet")]
    Unfilled,
    /// The secret holds something else.
    #[error("the secret with the Meta apps is not usable")]
    Invalid(#[source] InvalidMetaApps),
    /// The secret is binary, or empty.
    #[error("the secret with the Meta apps has no text")]
    NoText,
}

impl SecretsError {
    /// Whether the same may well work a moment later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The same again, where it is what the secret holds and not how it was read.
    fn of_content(&self) -> Option<Self> {
        match self {
            Self::Unavailable(_) => None,
            Self::Unfilled => Some(Self::Unfilled),
            Self::Invalid(reason) => Some(Self::Invalid(reason.clone())),
            Self::NoText => Some(Self::NoText),
        }
    }
}

impl From<InvalidMetaApps> for SecretsError {
    fn from(reason: InvalidMetaApps) -> Self {
        if reason.is_unfilled() { Self::Unfilled } else { Self::Invalid(reason) }
    }
}

/// Reads the registrations when they are needed and keeps them for 5 minutes. One look at a time.
pub struct AppSecrets {
    client: Client,
    secret_id: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    unusable: Option<Unusable>,
    search: Option<Search>,
}

/// What the last look found, while nothing is held.
struct Unusable {
    reason: SecretsError,
    looked: UnixSeconds,
}

struct Held {
    secrets: Arc<Secrets>,
    version: Option<String>,
    loaded: UnixSeconds,
    due: UnixSeconds,
}

impl Held {
    fn new(version: Version, previous: Option<MetaApps>, now: UnixSeconds) -> Self {
        let rotated = version.created;
        let previous = previous.zip(rotated).map(|(apps, at)| Previous { apps, until: at.plus(PREVIOUS_SECONDS) });
        Self {
            secrets: Arc::new(Secrets { apps: version.apps, previous }),
            version: version.id,
            loaded: now,
            due: now.plus(FRESH_SECONDS),
        }
    }
}

/// The last look for a newer version.
struct Search {
    at: UnixSeconds,
    found: bool,
}

/// One version of the secret.
struct Version {
    id: Option<String>,
    /// When it was put, and the version before it became the previous one.
    created: Option<UnixSeconds>,
    apps: MetaApps,
}

impl AppSecrets {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(client: Client, secret_id: String) -> Self {
        Self { client, secret_id, state: Mutex::default() }
    }

    /// The registrations, at most 5 minutes old; at most one hour while they cannot be read again.
    ///
    /// # Errors
    ///
    /// [`SecretsError`] when there is nothing to fall back on.
    pub async fn current(&self, now: UnixSeconds) -> Result<Arc<Secrets>, SecretsError> {
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && (held.loaded..held.due).contains(&now)
        {
            return Ok(Arc::clone(&held.secrets));
        }
        if let Some(unusable) = &state.unusable
            && (unusable.looked..unusable.looked.plus(UNUSABLE_SECONDS)).contains(&now)
            && let Some(reason) = unusable.reason.of_content()
        {
            return Err(reason);
        }
        match self.load(now).await {
            Ok(held) => Ok(Arc::clone(&state.held.insert(held).secrets)),
            Err(failure) => match &mut state.held {
                Some(held) if (held.loaded..held.loaded.plus(STALE_SECONDS)).contains(&now) => {
                    error!(error = %failure, cause = causes(&failure), "The last known Meta apps are used");
                    held.due = now.plus(RETRY_SECONDS).min(held.loaded.plus(STALE_SECONDS));
                    Ok(Arc::clone(&held.secrets))
                }
                _ => {
                    state.unusable = failure.of_content().map(|reason| Unusable { reason, looked: now });
                    Err(failure)
                }
            },
        }
    }

    /// What is found among the registrations, or else among newer ones: a secret that was rotated a moment ago is not known
    /// to a warm function yet.
    ///
    /// Newer ones are looked for at most once a minute, so that forged requests cannot turn into calls.
    ///
    /// # Errors
    ///
    /// [`SecretsError`] when there are no registrations, or a look for newer ones failed.
    pub async fn find<T>(
        &self,
        now: UnixSeconds,
        find: impl Fn(&Secrets) -> Option<T>,
    ) -> Result<Option<T>, SecretsError> {
        if let Some(found) = find(&*self.current(now).await?) {
            return Ok(Some(found));
        }
        Ok(self.newer(now).await?.and_then(|newer| find(&newer)))
    }

    /// Registrations newer than those of [`AppSecrets::current`], for a signature that none of them made.
    ///
    /// Looks at most once a minute; in between it answers as the last look did, so that requests which came at the same time
    /// all profit from one look. `None`: what is held is the newest.
    ///
    /// # Errors
    ///
    /// [`SecretsError`] when the look failed. It counts all the same.
    async fn newer(&self, now: UnixSeconds) -> Result<Option<Arc<Secrets>>, SecretsError> {
        let mut state = self.state.lock().await;
        if let Some(search) = &state.search
            && (search.at..search.at.plus(SEARCH_SECONDS)).contains(&now)
        {
            return Ok(state.held.as_ref().filter(|_| search.found).map(|held| Arc::clone(&held.secrets)));
        }
        state.search = Some(Search { at: now, found: false });
        let version = self.read_current().await?;
        if state.held.as_ref().is_some_and(|held| held.version == version.id) {
            return Ok(None);
        }
        let held = Held::new(version, self.read_previous().await?, now);
        state.search = Some(Search { at: now, found: true });
        Ok(Some(Arc::clone(&state.held.insert(held).secrets)))
    }

    async fn load(&self, now: UnixSeconds) -> Result<Held, SecretsError> {
        let (version, previous) = tokio::try_join!(self.read_current(), self.read_previous())?;
        Ok(Held::new(version, previous, now))
    }

    async fn read_current(&self) -> Result<Version, SecretsError> {
        self.read("AWSCURRENT").await.map_err(|failure| match failure {
            ReadError::NoSuchVersion(source) => SecretsError::Unavailable(source),
            ReadError::Failed(error) => error,
        })
    }

    /// `None` also for a previous version that holds something else: it may have been a placeholder.
    async fn read_previous(&self) -> Result<Option<MetaApps>, SecretsError> {
        match self.read("AWSPREVIOUS").await {
            Ok(version) => Ok(Some(version.apps)),
            Err(ReadError::NoSuchVersion(_)) => Ok(None),
            Err(ReadError::Failed(failure @ SecretsError::Unavailable(_))) => Err(failure),
            Err(ReadError::Failed(failure)) => {
                warn!(error = %failure, cause = causes(&failure), "The previous Meta apps are left out");
                Ok(None)
            }
        }
    }

    async fn read(&self, stage: &str) -> Result<Version, ReadError> {
        let answer =
            self.client.get_secret_value().secret_id(&self.secret_id).version_stage(stage).send().await.map_err(
                |error| match error.as_service_error() {
                    Some(GetSecretValueError::ResourceNotFoundException(_)) => {
                        ReadError::NoSuchVersion(Box::new(error))
                    }
                    _ => ReadError::Failed(SecretsError::Unavailable(Box::new(error))),
                },
            )?;
        let text = Zeroizing::new(answer.secret_string.ok_or(ReadError::Failed(SecretsError::NoText))?);
        let apps = MetaApps::parse(&text).map_err(|reason| ReadError::Failed(reason.into()))?;
        let created = answer.created_date.map(|at| UnixSeconds::new(at.secs()));
        Ok(Version { id: answer.version_id, created, apps })
    }
}

enum ReadError {
    /// The secret has no version with this label, or there is no secret.
    NoSuchVersion(Box<dyn Error + Send + Sync>),
    Failed(SecretsError),
}

/// All causes in one text: the SDK's errors say something only some levels down.
fn causes(failure: &SecretsError) -> String {
    let levels = successors(failure.source(), |&cause| cause.source()).map(ToString::to_string);
    levels.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
