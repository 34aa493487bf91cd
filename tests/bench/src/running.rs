//! A function's process under a Lambda Runtime API, and what the kernel says about it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use local::{Call, RuntimeApi};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::Failure;

/// No function takes this long here; a process that hangs ends the run.
const AT_MOST: Duration = Duration::from_secs(30);
/// After its answer a process still asks for the next event.
const SETTLE: Duration = Duration::from_millis(5);

/// What to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A process that answers events. Dropping it kills it.
pub(crate) struct Running {
    child: Child, // dropped before the port that it would miss
    api: RuntimeApi,
    pid: u32,
    started: Instant,
    printed: Arc<Mutex<Printed>>,
}

/// What a process printed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed {
    /// What CloudWatch Logs is sent.
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
    /// The last one that is no metric, for whoever wonders why it failed.
    pub(crate) last: String,
    /// Each name and combination of dimensions is a metric to CloudWatch.
    pub(crate) metrics: BTreeSet<String>,
}

impl Running {
    pub(crate) async fn start(program: &Program) -> Result<Self, Failure> {
        let api = RuntimeApi::start().await?;
        let started = Instant::now();
        let mut child = Command::new(&program.path)
            .args(&program.arguments)
            .env_clear()
            .envs(&program.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} was not started: {error}", program.path.display()))?;
        let printed = Arc::default();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, Arc::clone(&printed)));
        }
        let pid = child.id().ok_or("the process has ended")?;
        Ok(Self { child, api, pid, started, printed })
    }

    /// Hands it an event and waits until it has done its work.
    pub(crate) async fn invoke(&mut self, event: &Bytes) -> Result<Duration, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let deadline_ms = i64::try_from((now + AT_MOST).as_millis())?;
        let call = Call::new("arn:aws:lambda:us-east-1:000000000000:function:bench", event.clone(), deadline_ms);
        let asked = Instant::now();
        let body = tokio::select! {
            answer = timeout(AT_MOST, self.api.invoke(call)) => answer??,
            status = self.child.wait() => return Err(format!("the process ended: {}", status?).into()),
        };
        let took = asked.elapsed();
        if let Err(failure) = check(&body) {
            sleep(SETTLE).await; // for its last line
            return Err(format!("{failure}; it said: {}", self.printed().last).into());
        }
        Ok(took)
    }

    /// Since the process was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn printed(&self) -> Printed {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// CPU time of all its threads, once it waits for the next event.
    ///
    /// From the scheduler's own count in nanoseconds; `/proc/<pid>/stat` counts in steps of 10 ms.
    pub(crate) async fn cpu(&self) -> Result<Duration, Failure> {
        sleep(SETTLE).await;
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            // A thread may end while the list is read.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory it ever had, in KiB (`VmHWM`).
    pub(crate) fn peak_kib(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

async fn read(stdout: impl AsyncRead + Unpin, printed: Arc<Mutex<Printed>>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let metric = metric(&line);
        let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
        printed.bytes += line.len() + 1;
        printed.lines += 1;
        match metric {
            Some(metric) => _ = printed.metrics.insert(metric),
            None => printed.last = line,
        }
    }
}

/// Name and dimensions of a line in the embedded metric format.
fn metric(line: &str) -> Option<String> {
    let mut line: serde_json::Map<String, Value> = serde_json::from_str(line).ok()?;
    let format = line.remove("_aws")?;
    let name = format.pointer("/CloudWatchMetrics/0/Metrics/0/Name")?.as_str()?.to_owned();
    line.remove(&name);
    Some(format!("{name} {}", Value::Object(line)))
}

/// Refuses an answer that says that the function did not do its work: a fast failure is no result.
fn check(body: &[u8]) -> Result<(), Failure> {
    let answer: Value = serde_json::from_slice(body)?;
    let failed = answer["statusCode"].as_u64().is_some_and(|status| status >= 400)
        || answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
    if failed { Err(format!("it did not do its work: {answer}").into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_its_name_and_its_dimensions_whatever_its_value() {
        let line = |value| {
            let format = r#"{"Timestamp":1,"CloudWatchMetrics":[{"Metrics":[{"Name":"events"}]}]}"#;
            format!(r#"{{"_aws":{format},"events":{value},"kind":"message"}}"#)
        };
        assert_eq!(metric(&line(1)), metric(&line(2)));
        assert_eq!(metric(&line(1)).as_deref(), Some(r#"events {"kind":"message"}"#));
        assert_eq!(metric(r#"{"message":"Connected"}"#), None);
    }

    #[test]
    fn a_refusal_and_a_failed_record_are_no_results() {
        assert!(check(br#"{"statusCode":403}"#).is_err());
        assert!(check(br#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#).is_err());
        assert!(check(br#"{"batchItemFailures":[]}"#).is_ok());
    }
}
