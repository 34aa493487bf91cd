//! `cargo dev demo`: the main job on a stack of its own, over HTTP only, each step with its time.

mod client;
mod later;
mod story;

use std::{
    fmt::Display,
    io,
    time::{Duration, Instant},
};

use local::{Output, Ports, Stack, StackSettings};
use tracing::Level;

use self::client::Client;
use super::{BoxError, UpOptions, say};

/// Why a step did not hold.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unmet {
    /// No answer.
    #[error("there was no answer")]
    Http(#[source] reqwest::Error),
    /// Another answer than the story says.
    #[error("{what}: {status} {body}")]
    Answer { what: &'static str, status: u16, body: String },
    /// Something that should be there, or equal.
    #[error("{0}")]
    Not(String),
    /// Waited in vain.
    #[error("not within {0:?}")]
    NotInTime(Duration),
}

impl From<reqwest::Error> for Unmet {
    /// Without the address: codes and states stand there.
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

/// Prints what is done and how long it took.
pub(super) struct Transcript {
    steps: usize,
    started: Instant,
}

/// The demo ended at a step.
#[derive(Debug, thiserror::Error)]
#[error("the step “{step}” did not hold")]
struct FailedStep {
    step: String,
    #[source]
    source: Unmet,
}

impl Transcript {
    fn new() -> Self {
        Self { steps: 0, started: Instant::now() }
    }

    fn chapter(title: impl Display) -> io::Result<()> {
        say(format_args!("\n  {title}\n"))
    }

    async fn step<T>(&mut self, what: &str, work: impl Future<Output = Result<T, Unmet>>) -> Result<T, BoxError> {
        let started = Instant::now();
        let outcome = work.await;
        let took = started.elapsed().as_millis();
        self.steps += 1;
        let mark = if outcome.is_ok() { '✓' } else { '✗' };
        say(format_args!("  {mark} {what:78} {took:>5} ms"))?;
        outcome.map_err(|source| FailedStep { step: what.to_owned(), source }.into())
    }
}

pub(super) async fn run(options: &UpOptions) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let output = if options.verbose { Output::Text(Level::DEBUG) } else { Output::Silent };
    let settings = StackSettings {
        ports: Ports::default(),
        invocation: options.invocation(),
        output,
        ..StackSettings::new(folder.path())
    };
    let started = Instant::now();
    let stack = Stack::start(settings).await?;
    say(format_args!("\n  A stack of its own is up: {}  ({} ms)", stack.api_url(), started.elapsed().as_millis()))?;
    let mut transcript = Transcript::new();
    let client = Client::new(stack.api_url(), stack.meta_url(), stack.issuer_url(), stack.aws_url());
    let outcome = play(&mut transcript, &client).await;
    stack.stop().await;
    outcome?;
    say(format_args!(
        "\n  All {} steps held, in {} ms.\n",
        transcript.steps,
        transcript.started.elapsed().as_millis()
    ))?;
    Ok(())
}

async fn play(transcript: &mut Transcript, client: &Client) -> Result<(), BoxError> {
    story::play(transcript, client).await?;
    later::play(transcript, client).await
}
