//! The commands.

mod calls;
mod demo;
mod doctor;
mod preflight;
mod token;
mod up;
mod webhook;

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Display,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use local::{Invocation, Output, Ports, RealMeta, StackSettings, Vendor};
use tracing::Level;

/// Any error that a command ends with.
type BoxError = Box<dyn Error + Send + Sync>;

/// The local stack: template.yaml on this machine, with an emulated AWS and a simulated Meta.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", version)]
struct Cli {
    #[command(flatten)]
    up: UpOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the stack and keeps it running (the default)
    Up,
    /// Plays the main job on a stack of its own: connect, DM in, reply, disconnect, with both logins and on both channels
    Demo,
    /// Signs webhook payloads and delivers them to a running stack
    Webhook(webhook::WebhookOptions),
    /// Prints a token of a sample person
    Token(token::TokenOptions),
    /// Shows which AWS calls each function of a running stack made
    Calls(calls::CallsOptions),
    /// Shows the resolved configuration, without secrets
    Doctor,
    /// Checks a deployment on AWS, before it and after it
    #[command(disable_help_flag = true)]
    Preflight(preflight::PreflightOptions),
}

/// Options of a stack that is started.
#[derive(Args, Clone, Debug)]
struct UpOptions {
    /// Keeps the data in this folder instead of .buzon, so that several stacks can stand side by side
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Forgets the data of earlier runs
    #[arg(long, global = true)]
    fresh: bool,
    /// Writes log lines as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Shows debug lines as well
    #[arg(long, short, global = true)]
    verbose: bool,
    /// Runs the functions' binaries from this folder instead of their libraries in this process
    #[arg(long, value_name = "DIR", global = true)]
    processes: Option<PathBuf>,
    /// Sets a parameter of template.yaml, as `Locale=en`; may be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair, global = true)]
    parameters: Vec<(String, String)>,
    /// Makes the issuer behave like a provider of your choice
    #[arg(long, value_enum, default_value_t, global = true)]
    issuer: Vendor,
    /// Port of the HTTP API
    #[arg(long, default_value_t = Ports::FIXED.api, global = true)]
    api_port: u16,
    /// Port of the emulated AWS
    #[arg(long, default_value_t = Ports::FIXED.aws, global = true)]
    aws_port: u16,
    /// Port of the simulated Meta
    #[arg(long, default_value_t = Ports::FIXED.meta, global = true)]
    meta_port: u16,
    /// Port of the OpenID issuer
    #[arg(long, default_value_t = Ports::FIXED.issuer, global = true)]
    issuer_port: u16,
}

impl UpOptions {
    const fn ports(&self) -> Ports {
        Ports { api: self.api_port, aws: self.aws_port, meta: self.meta_port, issuer: self.issuer_port }
    }

    fn output(&self) -> Output {
        let most = if self.verbose { Level::DEBUG } else { Level::INFO };
        if self.json { Output::Json(most) } else { Output::Text(most) }
    }

    fn invocation(&self) -> Invocation {
        self.processes.clone().map_or(Invocation::InProcess, |bin_dir| Invocation::Processes { bin_dir })
    }

    fn parameters(&self) -> BTreeMap<String, String> {
        self.parameters.iter().cloned().collect()
    }

    fn data_dir(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(usual_data_dir)
    }

    fn settings(&self) -> Result<StackSettings, BoxError> {
        Ok(StackSettings {
            ports: self.ports(),
            real_meta: RealMeta::from_variables(|name| std::env::var(name).ok())?,
            invocation: self.invocation(),
            output: self.output(),
            parameters: self.parameters(),
            issuer: self.issuer,
            ..StackSettings::new(self.data_dir())
        })
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("a parameter is written as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `.buzon` at the root of the repository.
fn usual_data_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root).join(".buzon")
}

/// Runs the command line's command.
pub(crate) async fn run() -> ExitCode {
    let Cli { up, command } = Cli::parse();
    let outcome = match command.unwrap_or(Command::Up) {
        Command::Up => up::run(&up).await,
        Command::Demo => demo::run(&up).await,
        Command::Webhook(options) => webhook::run(options, &up).await,
        Command::Token(options) => token::run(&options, &up).await,
        Command::Calls(options) => calls::run(&options, &up).await,
        Command::Doctor => doctor::run(&up),
        Command::Preflight(options) => match preflight::run(&options) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", edge::telemetry::Chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line.
fn say(line: impl Display) -> io::Result<()> {
    say_to(io::stdout(), line)
}

fn say_to(mut output: impl io::Write, line: impl Display) -> io::Result<()> {
    writeln!(output, "{line}")
}

/// Whoever read the output has seen enough (`cargo dev calls | head`).
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A running stack did not answer.
#[derive(Debug, thiserror::Error)]
#[error("nothing answers at {url}: is `cargo dev` running?")]
struct NotRunning {
    url: String,
    #[source]
    source: reqwest::Error,
}

impl NotRunning {
    fn at(url: &str) -> impl FnOnce(reqwest::Error) -> Self {
        let url = url.to_owned();
        move |source| Self { url, source: source.without_url() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_where_the_command_line_says() {
        let settings = |arguments: &[&str]| Cli::try_parse_from(arguments).expect("arguments").up.data_dir();
        assert_eq!(settings(&["cargo dev", "--data", "/elsewhere"]), Path::new("/elsewhere"));
        assert!(settings(&["cargo dev"]).ends_with(".buzon"));
    }

    #[test]
    fn a_reader_who_has_seen_enough_is_no_error() {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let closed: BoxError = say_to(writer, "a line").expect_err("nobody reads").into();
        assert!(is_closed_pipe(&*closed));
        let other: BoxError = io::Error::from(io::ErrorKind::NotFound).into();
        assert!(!is_closed_pipe(&*other));
    }
}
