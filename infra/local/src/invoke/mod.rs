//! Runs functions as Lambda does: limits, deadlines, failures, and environments that die.

mod chaos;
mod in_process;
mod process;

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::watch;
use tracing::{Instrument, debug, info_span, warn};
use uuid::Uuid;

use crate::{
    clock::{StackClock, milliseconds, system_ms},
    provision::BoxError,
    template::Function,
};

use self::chaos::{Dice, Mortal};

pub use self::{
    chaos::Chaos,
    process::{Process, ProcessError},
};
pub(crate) use self::{
    in_process::{Factory, Warm, event_function, http_function},
    process::Pool,
};

/// The most that an event or an answer of a synchronous invocation may have, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// One event on its way into a function.
#[derive(Clone, Debug)]
pub struct Call {
    /// Lambda's id of this invocation.
    pub request_id: String,
    /// Until when the function may run: milliseconds since 1970, by the clock that the function reads.
    pub deadline_ms: i64,
    /// The function's ARN.
    pub function_arn: String,
    /// The X-Ray trace header.
    pub trace_id: String,
    /// The event as JSON.
    pub payload: Bytes,
}

impl Call {
    /// An invocation with fresh ids.
    #[must_use]
    pub fn new(function_arn: &str, payload: impl Into<Bytes>, deadline_ms: i64) -> Self {
        let trace = Uuid::new_v4().simple().to_string();
        let seconds = deadline_ms.div_euclid(1000);
        Self {
            request_id: Uuid::new_v4().to_string(),
            deadline_ms,
            function_arn: function_arn.to_owned(),
            trace_id: format!("Root=1-{seconds:08x}-{};Parent={};Sampled=1", &trace[..24], &trace[16..]),
            payload: payload.into(),
        }
    }
}

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function said so, or panicked.
    #[error("the function failed: {error_type}: {message}")]
    Failed {
        /// Lambda's `errorType`.
        error_type: String,
        /// Lambda's `errorMessage`.
        message: String,
    },
    /// The function took longer than its timeout.
    #[error("the function timed out")]
    TimedOut,
    /// The execution environment died.
    #[error("the function was killed")]
    Killed,
    /// The event or the answer exceeds [`MAX_PAYLOAD_BYTES`].
    #[error("the payload is too large")]
    TooLarge,
    /// The template has no such function.
    #[error("there is no function `{0}`")]
    Unknown(String),
    /// The execution environment did not start.
    #[error("the function did not start")]
    Start(#[source] BoxError),
}

/// Where a function's code runs.
pub(crate) enum Executor {
    /// Its library, called in this process.
    InProcess(Box<Warm>),
    /// Its binary, over the Lambda Runtime API.
    Processes(Pool),
}

impl Executor {
    async fn run(&self, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        match self {
            Self::InProcess(warm) => {
                let answer = AssertUnwindSafe(warm.call(invocation)).catch_unwind().await;
                answer.unwrap_or_else(|_| {
                    Err(InvokeError::Failed {
                        error_type: "Panic".to_owned(),
                        message: "the function panicked".to_owned(),
                    })
                })
            }
            Self::Processes(pool) => pool.call(invocation).await,
        }
    }

    /// A process that died is gone already; a library has to forget what it kept.
    fn environment_died(&self) {
        if let Self::InProcess(warm) = self {
            warm.discard();
        }
    }

    /// The next invocation starts cold.
    fn discard(&self) {
        match self {
            Self::InProcess(warm) => warm.discard(),
            Self::Processes(pool) => pool.discard(),
        }
    }
}

struct Runtime {
    function: Function,
    executor: Executor,
    /// Counts the deaths that were ordered; a change ends what is running.
    deaths: watch::Sender<u64>,
}

impl Runtime {
    fn die(&self) {
        self.executor.discard();
        self.deaths.send_modify(|deaths| *deaths += 1);
    }
}

/// All functions of a stack.
pub(crate) struct Invoker {
    runtimes: BTreeMap<String, Runtime>,
    clock: StackClock,
    stack: u64,
    in_flight: AtomicUsize,
    chaos: Mutex<Option<(Dice, Option<String>)>>,
}

impl Invoker {
    pub(crate) fn new(
        functions: impl IntoIterator<Item = (Function, Executor)>,
        clock: StackClock,
        stack: u64,
    ) -> Self {
        let runtimes = functions.into_iter().map(|(function, executor)| {
            (function.logical_id.clone(), Runtime { function, executor, deaths: watch::Sender::new(0) })
        });
        Self { runtimes: runtimes.collect(), clock, stack, in_flight: AtomicUsize::new(0), chaos: Mutex::default() }
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.runtimes.values().map(|runtime| &runtime.function)
    }

    /// So many invocations have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Lets invocations die at random: of every function, or of the one that is built from this crate.
    pub(crate) fn set_chaos(&self, chaos: Option<Chaos>, only: Option<&str>) {
        let dice = chaos.map(|chaos| (Dice::new(chaos), only.map(str::to_owned)));
        *self.chaos.lock().unwrap_or_else(PoisonError::into_inner) = dice;
    }

    /// Ends every running invocation of a function, by the name of its crate, as if its environments died.
    pub(crate) fn kill(&self, binary: &str) {
        for runtime in self.runtimes.values().filter(|runtime| runtime.function.binary == binary) {
            runtime.die();
        }
    }

    /// Ends every running invocation.
    pub(crate) fn kill_all(&self) {
        for runtime in self.runtimes.values() {
            runtime.die();
        }
    }

    /// Calls a function, by its name in the template, with an event.
    pub(crate) async fn invoke(&self, logical_id: &str, payload: impl Into<Bytes>) -> Result<Vec<u8>, InvokeError> {
        let runtime = self.runtimes.get(logical_id).ok_or_else(|| InvokeError::Unknown(logical_id.to_owned()))?;
        let payload = payload.into();
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(InvokeError::TooLarge);
        }
        let function = &runtime.function;
        let now_ms = match runtime.executor {
            Executor::InProcess(_) => self.clock.now_ms(),
            Executor::Processes(_) => system_ms(), // which is the clock that processes read
        };
        let deadline = now_ms.saturating_add(milliseconds(function.timeout));
        let invocation = Call::new(&function.arn(), payload, deadline);
        let lambda_request_id = &invocation.request_id;
        let xray = &invocation.trace_id;
        let span = info_span!("invocation", stack = self.stack, function = function.binary, lambda_request_id, xray);
        let _counted = InFlight::enter(&self.in_flight);
        self.watched(runtime, invocation).instrument(span).await
    }

    async fn watched(&self, runtime: &Runtime, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        let started = Instant::now();
        let outcome = self.bounded(runtime, invocation).await;
        let duration_ms = milliseconds(started.elapsed());
        match &outcome {
            Ok(_) => debug!(duration_ms, "Ended"),
            Err(InvokeError::Killed) => warn!(duration_ms, "Killed"),
            Err(InvokeError::TimedOut) => warn!(duration_ms, "Timed out after {:?}", runtime.function.timeout),
            Err(error) => warn!(duration_ms, error = %edge::telemetry::Chain(error), "Failed"),
        }
        if matches!(outcome, Err(InvokeError::Killed | InvokeError::TimedOut)) {
            runtime.executor.environment_died();
        }
        outcome
    }

    /// Ends with the function, its timeout or its death, whatever comes first.
    async fn bounded(&self, runtime: &Runtime, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        let mut deaths = runtime.deaths.subscribe();
        let doom = match self.chaos.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some((dice, only)) if only.as_ref().is_none_or(|only| *only == runtime.function.binary) => dice.throw(),
            _ => None,
        };
        let work = Mortal::new(runtime.executor.run(invocation), doom);
        let answer = tokio::select! {
            answer = tokio::time::timeout(runtime.function.timeout, work) => answer.unwrap_or(Err(InvokeError::TimedOut))?,
            _ = deaths.changed() => return Err(InvokeError::Killed),
        };
        if answer.len() > MAX_PAYLOAD_BYTES { Err(InvokeError::TooLarge) } else { Ok(answer) }
    }
}

/// Counts an invocation while it runs, however it ends.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a stack's processes need beyond their own environment.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSetting<'a> {
    pub(crate) bin_dir: &'a Path,
    pub(crate) aws_url: &'a str,
    pub(crate) stack: u64,
    pub(crate) output: crate::logs::Output,
}

/// Shared by the stack's parts that call functions.
pub(crate) type SharedInvoker = Arc<Invoker>;

#[cfg(test)]
mod tests;
