//! Builds what is measured and what it is compared with.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::running::Program;

/// Where sources are and where binaries go.
pub(crate) struct Programs {
    root: PathBuf,
    target: PathBuf,
}

/// A program in another language, or why there is none.
pub(crate) struct Peer {
    pub(crate) label: &'static str,
    pub(crate) found: Result<Program, Failure>,
}

impl Programs {
    /// This program lies in `target/debug` itself.
    pub(crate) fn find() -> Result<Self, Failure> {
        let program = env::current_exe()?;
        let target = program.ancestors().nth(2).ok_or("this program lies in a target folder")?.to_owned();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        Ok(Self { root, target })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Builds every function; where the binaries are.
    ///
    /// Together, which is much quicker than one by one. A function may get features of dependencies that only its neighbours
    /// asked for: deployed, each is built by itself and can only be smaller.
    pub(crate) fn build_functions(&self) -> Result<PathBuf, Failure> {
        eprintln!("building the functions");
        let names = fs::read_dir(self.root.join("functions"))?.map(|folder| Ok(folder?.file_name()));
        let names = names.collect::<std::io::Result<Vec<OsString>>>()?;
        let packages: Vec<OsString> = names.into_iter().flat_map(|name| ["--package".into(), name]).collect();
        build(&self.root, &self.target, &packages)?;
        Ok(self.target.join("release"))
    }

    /// Builds the two Rust functions to compare with; where they are.
    pub(crate) fn build_baseline(&self) -> Result<PathBuf, Failure> {
        eprintln!("building the baseline");
        let target = self.target.join("bench-baseline");
        build(&self.root.join("tests/bench/baseline"), &target, &[])?;
        Ok(target.join("release"))
    }

    /// The equals in other languages, where those are installed.
    pub(crate) fn peers(&self) -> [Peer; 2] {
        [Peer { label: "Node.js", found: self.node() }, Peer { label: "Python", found: self.python() }]
    }

    fn node(&self) -> Result<Program, Failure> {
        let folder = self.peer_folder("node")?;
        if !folder.join("node_modules").exists() {
            let mut npm = Command::new("npm");
            run(npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
        }
        let arguments = vec![folder.join("bootstrap.mjs").into()];
        let environment = BTreeMap::from([("NODE_NO_WARNINGS".to_owned(), "1".to_owned())]);
        Ok(Program { path: find("node")?, arguments, environment })
    }

    fn python(&self) -> Result<Program, Failure> {
        let folder = self.peer_folder("python")?;
        let python = folder.join("venv/bin/python");
        if !python.exists() {
            run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&folder))?;
            let mut pip = Command::new(&python);
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
            run(pip.args(install).current_dir(&folder))?;
        }
        let arguments = ["-m", "awslambdaric", "receive.handler"].map(OsString::from).to_vec();
        let environment = BTreeMap::from([("PYTHONPATH".to_owned(), folder.display().to_string())]);
        Ok(Program { path: python, arguments, environment })
    }

    /// A copy beside the binaries, so that nothing is installed among the sources.
    fn peer_folder(&self, language: &str) -> Result<PathBuf, Failure> {
        let folder = self.target.join("bench-peers").join(language);
        fs::create_dir_all(&folder)?;
        for source in fs::read_dir(self.root.join("tests/bench/peers").join(language))? {
            let source = source?;
            if source.file_type()?.is_file() {
                fs::copy(source.path(), folder.join(source.file_name()))?;
            }
        }
        Ok(folder)
    }
}

fn build(folder: &Path, target: &Path, arguments: &[OsString]) -> Result<(), Failure> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--locked"]).args(arguments);
    run(cargo.current_dir(folder).env("CARGO_TARGET_DIR", target))
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
}

fn find(program: &str) -> Result<PathBuf, Failure> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| format!("{program} is not installed").into())
}
