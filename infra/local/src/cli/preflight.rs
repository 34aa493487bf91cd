//! `cargo dev preflight`: checks a deployment, before it and after it. It is `infra/preflight`, which the workflow calls as well: it
//! speaks to AWS with the libraries that `sam` brings along, so nothing is built or installed for it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Args;

use super::BoxError;

/// What is checked, and where; `cargo dev preflight --help` lists it.
#[derive(Args, Debug)]
pub(super) struct PreflightOptions {
    /// Handed on, as `--before` or `--only issuer`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    handed_on: Vec<OsString>,
}

/// The checks' own exit status: 1 where there is something to mend.
pub(super) fn run(options: &PreflightOptions) -> Result<ExitCode, BoxError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let interpreter = interpreter(std::env::var_os("VIRTUAL_ENV"), &root);
    let status = Command::new(&interpreter)
        .arg(root.join("infra/preflight"))
        .args(&options.handed_on)
        .status()
        .map_err(|error| format!("{} does not start: {error}", interpreter.display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The active virtual environment's Python, else that of the guide's `.venv`, else the system's.
fn interpreter(active: Option<OsString>, root: &Path) -> PathBuf {
    let usual = root.join(".venv");
    let environment = active.map(PathBuf::from).or_else(|| usual.is_dir().then_some(usual));
    environment.map_or_else(|| "python3".into(), |folder| folder.join("bin/python"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command as Given};

    #[test]
    fn options_are_handed_on_as_they_are() {
        let arguments = ["cargo dev", "preflight", "--before", "--only", "issuer", "--region", "eu-central-1"];
        let Some(Given::Preflight(options)) = Cli::try_parse_from(arguments).expect("arguments").command else {
            panic!("another command");
        };
        assert_eq!(options.handed_on, arguments[2..]);
    }

    #[test]
    fn the_active_environment_goes_before_the_guides_and_that_before_the_systems() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(interpreter(None, root.path()), Path::new("python3"));
        std::fs::create_dir(root.path().join(".venv")).expect("a folder");
        assert_eq!(interpreter(None, root.path()), root.path().join(".venv/bin/python"));
        assert_eq!(interpreter(Some("/mine".into()), root.path()), Path::new("/mine/bin/python"));
    }
}
