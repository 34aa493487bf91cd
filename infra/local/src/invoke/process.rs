//! Functions as processes: the very binaries that are deployed, one event at a time each.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, MutexGuard, PoisonError},
};

use edge::telemetry::METRIC;
use serde_json::Value as Json;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use super::{Call, InvokeError, ProcessSetting};
use crate::{
    clock::system_ms,
    logs::{self, LogLine, Output},
    runtime_api::RuntimeApi,
    template::{Function, REGION},
};

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The Runtime API found no port.
    #[error("no port for the Runtime API")]
    Port(#[source] std::io::Error),
    /// The binary is missing or not executable.
    #[error("{} could not be started", binary.display())]
    Spawn {
        /// The binary.
        binary: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A running function with a Runtime API of its own. Dropping it kills it (SIGKILL).
#[derive(Debug)]
pub struct Process {
    api: RuntimeApi,
    child: Child,
}

impl Process {
    /// Starts a binary with this environment and nothing of ours. Every line that it prints goes to `log`.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] when it cannot be started. That it failed later is the answer to its first event.
    pub async fn start(
        binary: &Path,
        environment: &BTreeMap<String, String>,
        log: impl Fn(String) + Clone + Send + 'static,
    ) -> Result<Self, ProcessError> {
        let api = RuntimeApi::start().await.map_err(ProcessError::Port)?;
        let mut child = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ProcessError::Spawn { binary: binary.to_owned(), source })?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(forward(stdout, log.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(forward(stderr, log));
        }
        Ok(Self { api, child })
    }

    /// Hands it an event and waits for the answer, or for its death.
    ///
    /// # Errors
    ///
    /// [`InvokeError::Failed`] when the function says so; [`InvokeError::Killed`] when the process ended.
    pub async fn invoke(&mut self, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        tokio::select! {
            biased;
            answer = self.api.invoke(invocation) => answer,
            _ = self.child.wait() => Err(InvokeError::Killed),
        }
    }

    /// What every function finds in its environment beside its own variables.
    #[must_use]
    pub fn environment(function: &Function, aws_url: &str) -> BTreeMap<String, String> {
        let ours = [
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL", aws_url.to_owned()),
            ("AWS_SDK_UA_APP_ID", function.binary.clone()),
        ];
        let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value));
        function.environment.clone().into_iter().chain(ours).collect()
    }
}

async fn forward(pipe: impl AsyncRead + Unpin, log: impl Fn(String)) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log(line);
    }
}

/// The processes of one function: as many as there are events at once.
pub(crate) struct Pool {
    binary: PathBuf,
    name: String,
    environment: BTreeMap<String, String>,
    stack: u64,
    output: Output,
    idle: Mutex<Vec<Process>>,
}

impl Pool {
    pub(crate) fn new(function: &Function, setting: &ProcessSetting<'_>) -> Self {
        Self {
            binary: setting.bin_dir.join(&function.binary),
            name: function.binary.clone(),
            environment: Process::environment(function, setting.aws_url),
            stack: setting.stack,
            output: setting.output,
            idle: Mutex::default(),
        }
    }

    pub(super) async fn call(&self, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        let idle = self.idle().pop();
        let mut process = match idle {
            Some(warm) => warm,
            None => self.start().await?,
        };
        let answer = process.invoke(invocation).await;
        if !matches!(answer, Err(InvokeError::Killed)) {
            self.idle().push(process);
        }
        answer
    }

    pub(super) fn discard(&self) {
        self.idle().clear();
    }

    async fn start(&self) -> Result<Process, InvokeError> {
        let (stack, output, name) = (self.stack, self.output, self.name.clone());
        let log = move |line: String| logs::adopt(stack, log_line(&name, &line), output);
        let started = Process::start(&self.binary, &self.environment, log).await;
        started.map_err(|error| InvokeError::Start(Box::new(error)))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the JSON that functions log; any other text is a message of its own.
fn log_line(function: &str, text: &str) -> LogLine {
    let mut fields: BTreeMap<String, Json> = serde_json::from_str(text).unwrap_or_default();
    let plain = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let span = fields.remove("span").unwrap_or_default();
    fields.remove("timestamp");
    let is_metric = fields.contains_key("_aws");
    let is_ours = !fields.is_empty();
    let mut take = |name: &str| fields.remove(name).map(plain);
    LogLine {
        at_ms: system_ms(),
        level: take("level").unwrap_or_else(|| "INFO".to_owned()),
        target: take("target").unwrap_or_else(|| if is_metric { METRIC } else { function }.to_owned()),
        function: Some(function.to_owned()),
        request_id: take("request_id").or_else(|| span["request_id"].as_str().map(str::to_owned)),
        message: take("message").unwrap_or_else(|| if is_ours { String::new() } else { text.to_owned() }),
        fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_own_json_becomes_a_line_and_other_text_stays_as_it_is() {
        let text = r#"{"level":"WARN","message":"Refused","reason":"window","span":{"request_id":"r-1"}}"#;
        let line = log_line("send", text);
        assert_eq!((line.level.as_str(), line.message.as_str()), ("WARN", "Refused"));
        assert_eq!(line.request_id.as_deref(), Some("r-1"));
        assert_eq!(line.fields["reason"], "window");
        let panic = log_line("send", "thread 'main' panicked");
        assert_eq!(panic.message, "thread 'main' panicked");
        assert_eq!(log_line("send", r#"{"_aws":{},"sent":1}"#).target, METRIC);
    }
}
