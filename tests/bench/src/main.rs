//! Measures the deployed binaries as Lambda runs them, on any machine: no account, no network.
//!
//! A Lambda Runtime API on loopback hands each release binary its events. What the binary asks of AWS and Meta was answered
//! once by the local stack, and is answered from memory since. Nothing here asserts a time: it prints, and says what holds.

mod canned;
mod cost;
mod event;
mod inbox;
mod lanes;
mod latency;
mod live;
mod measure;
mod programs;
mod queue;
mod report;
mod running;
mod scenario;
mod subject;
mod surges;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use stories::World;

use measure::{Plan, measure};
use programs::{Peer, Programs};
use report::Report;
use running::Program;
use scenario::Scenario;
use subject::{Recorder, Subject};

/// Why there are no figures. Shown to whoever asked for them.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "Measures the deployed binaries: time, CPU, memory, AWS calls, and what they cost")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Everything, with ratios and goals (the default).
    All,
    /// What a million DMs cost, by item and by service, from counted calls and list prices.
    Cost,
    /// Request units of every read and write in a small and in a large inbox.
    Inbox {
        /// Conversations in the inbox; several sizes with commas.
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
        sizes: Vec<usize>,
    },
    /// Who waits how long for slow answers of others, by the number of lanes, on a moved clock.
    Lanes {
        /// Lanes of an account; several numbers with commas.
        #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 8, 16, 32])]
        numbers: Vec<u8>,
    },
    /// How long a DM takes from Meta to an open inbox.
    Live {
        /// DMs, one after the other.
        #[arg(long, default_value_t = 200)]
        dms: usize,
    },
    /// How long a message waits behind many of another account's, on a moved clock.
    Surges,
}

#[derive(Args)]
struct Options {
    /// Fresh processes of each function.
    #[arg(long, default_value_t = 9, global = true)]
    starts: usize,
    /// Turns of warm requests, of which the median counts.
    #[arg(long, default_value_t = 7, global = true)]
    turns: usize,
    /// Warm requests in a turn.
    #[arg(long, default_value_t = 200, global = true)]
    requests: usize,
    /// Write the figures to this file as JSON, too.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
    /// Measure the functions' binaries in this folder, by the names of their crates, instead of building them.
    #[arg(long, global = true)]
    bins: Option<PathBuf>,
}

impl Options {
    /// Where the functions' binaries are.
    fn bin_dir(&self, programs: &Programs) -> Result<PathBuf, Failure> {
        match &self.bins {
            Some(folder) => Ok(folder.clone()),
            None => programs.build_functions(),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        None | Some(Command::All) => all(&cli.options).await,
        Some(Command::Cost) => cost(&cli.options).await,
        Some(Command::Inbox { sizes }) => inbox(sizes).await,
        Some(Command::Lanes { numbers }) => {
            lanes::print(numbers).await;
            Ok(())
        }
        Some(Command::Live { dms }) => {
            live::print(*dms).await;
            Ok(())
        }
        Some(Command::Surges) => {
            surges::print().await;
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("Not measured: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn all(options: &Options) -> Result<(), Failure> {
    let programs = Programs::find()?;
    let bin_dir = options.bin_dir(&programs)?;
    let baseline = programs.build_baseline()?;
    let world = World::start().await;
    let scenario = Scenario::play(Recorder { world: &world, bin_dir }).await?;
    let mut missing = Vec::new();
    let peers = peers(&scenario, &programs, &baseline, &mut missing).await?;
    let subjects = scenario.record().await?;
    for function in world.stack.functions().map(|function| &function.binary) {
        if !subjects.functions.iter().any(|subject| subject.label == *function) {
            missing.push(format!("{function}: no event for it in tests/bench/src/scenario.rs"));
        }
    }

    eprintln!("measuring");
    let plan = Plan { starts: options.starts, turns: options.turns, requests: options.requests };
    let few = Plan { starts: 3, turns: options.turns, requests: 5 };
    let together: Vec<_> = peers.iter().chain(&subjects.functions).chain(&subjects.further).collect();
    let figures = measure(&together, plan).await?;
    let thousand = measure(&[&subjects.thousand], few).await?.into_iter().next();
    let (sizes, batches): (Vec<_>, Vec<_>) = subjects.batches.iter().map(|(size, subject)| (*size, subject)).unzip();
    let batches = sizes.into_iter().zip(measure(&batches, few).await?).collect();
    let to_inbox = latency::webhook_to_inbox().await?;

    let bill = cost::Bill::of(&figures, &cost::Prices::read(programs.root())?)?;
    let report = Report { figures, thousand, batches, to_inbox, bill, missing };
    report.print();
    report.write(options.json.as_deref())
}

/// What the functions are compared with, as far as it can be had.
async fn peers(
    scenario: &Scenario<'_>,
    programs: &Programs,
    baseline: &Path,
    missing: &mut Vec<String>,
) -> Result<Vec<Subject>, Failure> {
    let (recorder, event) = (scenario.recorder(), scenario.webhook());
    let mut peers = Vec::new();
    for name in ["bare", "minimal"] {
        let program = Program { path: baseline.join(name), ..Program::default() };
        peers.push(recorder.peer(&format!("Rust, {name}"), program, &event).await?);
    }
    for Peer { label, found } in programs.peers() {
        match found {
            Ok(program) => peers.push(recorder.peer(label, program, &event).await?),
            Err(reason) => missing.push(format!("{label}: {reason}")),
        }
    }
    Ok(peers)
}

/// Needs counts only, so the processes answer a few requests each.
async fn cost(options: &Options) -> Result<(), Failure> {
    let programs = Programs::find()?;
    let bin_dir = options.bin_dir(&programs)?;
    let world = World::start().await;
    let scenario = Scenario::play(Recorder { world: &world, bin_dir }).await?;
    let subjects = scenario.record().await?;
    let together: Vec<_> = subjects.functions.iter().chain(&subjects.further).collect();
    let figures = measure(&together, Plan { starts: 1, turns: 3, requests: 40 }).await?;
    report::print_head();
    figures.iter().for_each(report::print_row);
    let prices = cost::Prices::read(programs.root())?;
    let bill = cost::Bill::of(&figures, &prices)?;
    bill.print();
    bill.print_months();
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&bill)?)?;
    }
    Ok(())
}

async fn inbox(sizes: &[usize]) -> Result<(), Failure> {
    let mut measured: Vec<inbox::Rows> = Vec::new();
    for &size in sizes {
        let rows = inbox::measure(size).await?;
        rows.print();
        measured.push(rows);
    }
    let constant = measured.windows(2).all(|pair| pair[0].costs_as(&pair[1]));
    println!("\nRequest units {}", if constant { "are constant" } else { "CHANGE with the size" });
    Ok(())
}
