//! Counts the CPU instructions of the hot paths, which no other program on the machine can change.
//!
//! - `instructions` compares with `baseline.json`: a path that rose by more than `TOLERANCE` fails.
//! - `instructions record` writes `baseline.json`.
//!
//! Each path runs under valgrind, which counts inside of [`counted`] only: not the start of the process, and not what gets a
//! path ready. Valgrind shows the program the same processor on every x86-64 machine with AVX2, so the counts are of the
//! compiler and the code only. Where they cannot be taken or compared, that is said and nothing fails.

mod canned;
mod paths;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use paths::{PATHS, Step};

type Failure = Box<dyn Error + Send + Sync>;

/// By path.
type Counts = BTreeMap<String, u64>;

/// What was counted last.
#[derive(Deserialize, Serialize)]
struct Baseline {
    /// Another compiler may count otherwise.
    compiler: String,
    instructions: Counts,
}

/// How often a path runs, after once that does not count: what is made at the first time is not made again.
const TIMES: u64 = 500;

/// By how much a path may rise before it fails, in percent.
const TOLERANCE: u64 = 5;

/// Where the baseline was counted.
const ARCHITECTURE: &str = "x86_64";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => compare(),
        ["record"] => record(),
        ["run", path] => run(path, TIMES).map(|()| true),
        _ => Err("usage: instructions [record]".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no path rose.
fn compare() -> Result<bool, Failure> {
    if env::consts::ARCH != ARCHITECTURE {
        println!("Instructions were not counted: the baseline is of {ARCHITECTURE}.");
        return Ok(true);
    }
    let Some(counts) = count_all()? else {
        println!("Instructions were not counted: valgrind is not installed.");
        return Ok(true);
    };
    let baseline = Baseline::read()?;
    let mut good = true;
    for (path, &is) in &counts {
        let was = baseline.instructions.get(path).copied();
        let rose = was.is_none_or(|was| is * 100 > was * (100 + TOLERANCE));
        good &= !rose;
        println!("{path:<34} {is:>10} {}", verdict(is, was, rose));
    }
    if !good {
        println!(
            "A path takes over {TOLERANCE} % more instructions. If it is worth that: `cargo instructions record`."
        );
        println!("The baseline was counted with {}; this is {}.", baseline.compiler, compiler()?);
    }
    Ok(good)
}

fn verdict(is: u64, was: Option<u64>, rose: bool) -> String {
    let Some(was) = was else { return "is not in baseline.json: RECORD IT".to_owned() };
    let (sign, difference) = if is < was { ('-', was - is) } else { ('+', is - was) };
    let permille = difference * 1000 / was.max(1);
    format!("was {was:>10}  {sign}{}.{} %{}", permille / 10, permille % 10, if rose { "  ROSE" } else { "" })
}

fn record() -> Result<bool, Failure> {
    let instructions = count_all()?.ok_or("valgrind is not installed")?;
    let baseline = Baseline { compiler: compiler()?, instructions };
    fs::write(Baseline::path(), serde_json::to_string_pretty(&baseline)? + "\n")?;
    Ok(true)
}

impl Baseline {
    fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
    }

    fn read() -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&fs::read(Self::path())?)?)
    }
}

/// The name and version of the compiler that cargo uses.
fn compiler() -> Result<String, Failure> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// `None` without valgrind.
fn count_all() -> Result<Option<Counts>, Failure> {
    let mut counts = Counts::new();
    for (path, _) in PATHS {
        let Some(count) = count(path)? else { return Ok(None) };
        counts.insert(path.to_owned(), count / TIMES);
    }
    Ok(Some(counts))
}

/// Of all times together.
fn count(path: &str) -> Result<Option<u64>, Failure> {
    let valgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=instructions::counted*"];
    let mut command = Command::new("valgrind");
    command.args(valgrind).arg(env::current_exe()?).args(["run", path]);
    let output = command.env_clear().envs(env::var_os("PATH").map(|folders| ("PATH", folders))).output();
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = told.lines().find_map(|line| line.split("Collected : ").nth(1)?.trim().parse().ok());
    match collected {
        Some(count) if output.status.success() => Ok(Some(count)),
        _ => Err(format!("valgrind did not count {path}: {told}").into()),
    }
}

/// What valgrind runs.
fn run(path: &str, times: u64) -> Result<(), Failure> {
    let (_, path) = PATHS.iter().find(|(name, _)| *name == path).ok_or("there is no such path")?;
    let mut step = path()?;
    step()?;
    (0..times).try_for_each(|_| counted(&mut step))
}

/// Where valgrind counts.
#[inline(never)]
fn counted(step: &mut Step) -> Result<(), Failure> {
    step()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_does_its_work() {
        for (name, _) in PATHS {
            run(name, 1).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        }
    }

    #[test]
    fn every_path_has_a_baseline() {
        let counts = Baseline::read().expect("is committed").instructions;
        let names: BTreeSet<&str> = PATHS.iter().map(|(name, _)| *name).collect();
        assert!(counts.keys().map(String::as_str).eq(names));
    }

    #[test]
    fn a_difference_is_shown_with_its_sign() {
        assert_eq!(verdict(110, Some(100), true), "was        100  +10.0 %  ROSE");
        assert_eq!(verdict(99, Some(100), false), "was        100  -1.0 %");
    }
}
