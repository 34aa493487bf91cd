//! What is measured: a program, its world in a can, and its events.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use local::{Login, Process};
use stories::World;

use crate::Failure;
use crate::canned::Canned;
use crate::queue::Queued;
use crate::running::{Program, Running};

/// Something to measure.
pub(crate) struct Subject {
    /// What the table calls it.
    pub(crate) label: String,
    pub(crate) program: Program,
    pub(crate) canned: Canned,
    /// The first event of a fresh process.
    pub(crate) cold: Bytes,
    /// Every later event.
    pub(crate) warm: Bytes,
    /// Size of the file to deploy, in KiB; `None` for an interpreted language.
    pub(crate) binary_kib: Option<u64>,
}

/// Makes subjects out of a running stack.
pub(crate) struct Recorder<'w> {
    pub(crate) world: &'w World,
    /// Where the functions' release binaries are.
    pub(crate) bin_dir: PathBuf,
}

impl Recorder<'_> {
    /// Lets a function's binary answer events against the local stack, and keeps what it was answered.
    ///
    /// The last event is the one to repeat. Also tells what the function sent to queues.
    pub(crate) async fn function(
        &self,
        label: &str,
        binary: &str,
        events: &[Bytes],
    ) -> Result<(Subject, Vec<Queued>), Failure> {
        let environment = self.environment(binary)?;
        let program = Program { path: self.bin_dir.join(binary), arguments: Vec::new(), environment };
        self.record(label, program, events).await
    }

    /// The same for a program that is compared with `webhook-receive` and has its environment, and the secret as well.
    pub(crate) async fn peer(&self, label: &str, program: Program, event: &Bytes) -> Result<Subject, Failure> {
        let mut environment = self.environment("webhook-receive")?;
        let secret = self.world.stack.app(Login::Instagram).ok_or("no app is registered")?.app_secret.clone();
        environment.insert("APP_SECRET".to_owned(), secret);
        environment.extend(program.environment);
        let program = Program { environment, ..program };
        Ok(self.record(label, program, std::slice::from_ref(event)).await?.0)
    }

    fn environment(&self, binary: &str) -> Result<BTreeMap<String, String>, Failure> {
        let mut functions = self.world.stack.functions();
        let function = functions.find(|function| function.binary == binary);
        let function = function.ok_or_else(|| format!("the template has no function `{binary}`"))?;
        Ok(Process::environment(function, ""))
    }

    async fn record(
        &self,
        label: &str,
        mut program: Program,
        events: &[Bytes],
    ) -> Result<(Subject, Vec<Queued>), Failure> {
        let canned = Canned::start(self.world.stack.aws_url(), self.world.stack.meta_url()).await?;
        let environment = &mut program.environment;
        environment.insert("AWS_ENDPOINT_URL".to_owned(), canned.url().to_owned());
        if let Some(prefix) = environment.get_mut("META_URL_PREFIX") {
            *prefix = format!("{}/", canned.url());
        }
        let mut running = Running::start(&program).await?;
        for event in events {
            running.invoke(event).await.map_err(|failure| format!("{label}: {failure}"))?;
        }
        let queued = canned.take_queued();
        canned.stop_recording();
        let compiled = program.arguments.is_empty();
        let binary_kib = if compiled { Some(fs::metadata(&program.path)?.len() / 1024) } else { None };
        let (cold, warm) = events.first().zip(events.last()).ok_or("a subject has an event")?;
        let (cold, warm) = (cold.clone(), warm.clone());
        Ok((Subject { label: label.to_owned(), program, canned, cold, warm, binary_kib }, queued))
    }
}
