//! How a stack starts, and why it may not.

use std::{collections::BTreeMap, io, path::PathBuf, time::Duration};

use edge::Patience;
use local_aws::Weather;

use crate::{
    apps::RealMeta,
    clock::StackClock,
    issuer::{KeyError, Vendor},
    logs::Output,
    provision::ProvisionError,
    schedule::ScheduleError,
    template::TemplateError,
};

/// Ports on 127.0.0.1; 0 takes any free one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The HTTP API.
    pub api: u16,
    /// The emulated AWS.
    pub aws: u16,
    /// The simulated Meta.
    pub meta: u16,
    /// The OpenID issuer and the developer's page.
    pub issuer: u16,
}

impl Ports {
    /// The ports of `cargo dev`.
    pub const FIXED: Self = Self { api: 9400, aws: 9401, meta: 9402, issuer: 9403 };
}

/// Where the functions run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Invocation {
    /// As libraries in this process: quick, and debuggers see everything.
    #[default]
    InProcess,
    /// As the binaries that are deployed, over the Lambda Runtime API. They read the system's clock.
    Processes {
        /// Where the binaries are, under the names of their crates.
        bin_dir: PathBuf,
    },
}

/// How a stack starts.
#[derive(Clone, Debug)]
pub struct StackSettings {
    /// Its ports.
    pub ports: Ports,
    /// Where its data is kept between runs.
    pub data_dir: PathBuf,
    /// Simulated time.
    pub clock: StackClock,
    /// How long a message waits after a failed delivery, in whole seconds, instead of its queue's visibility timeout. The one
    /// deviation from Lambda, for tests that do not want to wait three minutes; it also shortens a delay that the function set.
    pub retry_delay: Option<Duration>,
    /// How long the functions wait for the emulated AWS. Processes have the patience that is deployed.
    pub patience: Patience,
    /// Variables of every function beside those of the template.
    pub variables: BTreeMap<String, String>,
    /// Whether schedules ring by themselves as the clock passes. A story that moves the clock by days may prefer to run
    /// them one by one, with `Stack::run_schedule`.
    pub schedules: bool,
    /// How often is looked for records of the tables' streams. Lambda looks four times a second.
    pub stream_poll: Duration,
    /// How hard the emulated database is to the functions. Tools that look on are spared.
    pub weather: Weather,
    /// A file to which every AWS call is added with its answer, if there is to be one.
    pub transcript: Option<PathBuf>,
    /// Real apps instead of the simulated Meta's.
    pub real_meta: Option<RealMeta>,
    /// Values for parameters of the template, by name, instead of the stack's own and the defaults.
    pub parameters: BTreeMap<String, String>,
    /// Whose identity provider the issuer behaves like. Its parameters go before the stack's own.
    pub issuer: Vendor,
    /// Where the functions run.
    pub invocation: Invocation,
    /// What is shown of the logs.
    pub output: Output,
}

impl StackSettings {
    /// Any free ports, this data folder, the simulated Meta, functions in process, nothing shown.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            ports: Ports::default(),
            data_dir: data_dir.into(),
            clock: StackClock::default(),
            retry_delay: None,
            patience: Patience::default(),
            variables: BTreeMap::new(),
            schedules: true,
            stream_poll: Duration::from_millis(20),
            weather: Weather::fine(),
            transcript: None,
            real_meta: None,
            parameters: BTreeMap::new(),
            issuer: Vendor::default(),
            invocation: Invocation::InProcess,
            output: Output::Silent,
        }
    }
}

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "port {port}, for {what}, is taken: stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or choose another with --{what}-port"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// `api`, `aws`, `meta` or `issuer`.
        what: &'static str,
    },
    /// A port or the data folder cannot be used.
    #[error("{what} cannot be used")]
    Io {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The emulated AWS did not start.
    #[error("the emulated AWS did not start")]
    Aws(#[from] local_aws::StartError),
    /// The template cannot be run here.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's resources could not be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A schedule cannot be followed.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The issuer has no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The template builds a function from a crate that the local stack does not link.
    #[error("function `{0}` is built from a crate that infra/local/src/functions.rs does not name")]
    UnlinkedFunction(String),
    /// An event source mapping reads the stream of a table that the template does not declare, or tells a queue that it does not.
    #[error("function `{0}` is joined to a stream whose table or queue the template does not declare")]
    UnknownStream(String),
    /// An event source mapping reads a queue that the template does not declare.
    #[error("function `{0}` is joined to a queue that the template does not declare")]
    UnknownQueue(String),
}
