//! `cargo dev doctor`: what a start would use. Secrets are not shown, only whether they are there.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use edge::telemetry::Chain;
use local::{
    RealMeta,
    template::{Function, Template},
};
use serde::de::IgnoredAny;

use super::{BoxError, UpOptions, say};

pub(super) fn run(options: &UpOptions) -> Result<(), BoxError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let (lines, wrong) = examine(options, variable)?;
    say(lines.join("\n"))?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{} to mend:\n  {}", wrong.len(), wrong.join("\n  ")).into())
}

/// What a start would use, and what is wrong with it.
fn examine(
    options: &UpOptions,
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<(Vec<String>, Vec<String>), BoxError> {
    let data = options.data_dir();
    let mut wrong: Vec<String> = RealMeta::malformed(&variable).iter().map(ToString::to_string).collect();
    wrong.extend(malformed_data(&data));
    let mut lines =
        vec![format!("template   {}", Template::path().display()), format!("data       {}", data.display())];
    let ports = options.ports();
    for (what, port) in [("api", ports.api), ("aws", ports.aws), ("meta", ports.meta), ("issuer", ports.issuer)] {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        lines.push(format!("port       {port} {what}: {}", if free { "free" } else { "taken" }));
    }
    let real = RealMeta::from_variables(variable).unwrap_or_else(|refusal| {
        let refusal = refusal.to_string();
        if !wrong.contains(&refusal) {
            wrong.push(refusal);
        }
        None
    });
    lines.extend(registrations(real.as_ref()));
    let urls = |port: u16| format!("http://127.0.0.1:{port}");
    let [api, issuer, meta] = [ports.api, ports.issuer, ports.meta].map(urls);
    match local::resolved_template(&api, &issuer, &meta, real.as_ref(), &options.parameters()) {
        Ok(template) => {
            let declared = template.parameters();
            let unknown = options.parameters().into_keys().filter(|name| !declared.contains_key(name));
            wrong.extend(unknown.map(|name| format!("the template declares no parameter `{name}`")));
            lines.push("\nparameters".to_owned());
            lines.extend(declared.iter().map(|(name, value)| format!("  {name:20} {value}")));
            for function in template.functions(&template.predicted_identities()?)? {
                lines.extend(describe(&function, options.verbose));
            }
        }
        Err(refusal) => wrong.push(Chain(&refusal).to_string()),
    }
    Ok((lines, wrong))
}

/// Whether a file's bytes are what they should be.
type Holds = fn(&[u8]) -> bool;

/// What a stack would stumble over in its folder.
fn malformed_data(folder: &Path) -> Vec<String> {
    if folder.exists() && !folder.is_dir() {
        return vec![format!("{} is no folder", folder.display())];
    }
    [("meta.json", is_json as Holds), ("issuer-key.pem", is_key)]
        .into_iter()
        .filter_map(|(name, holds)| {
            let path = folder.join(name);
            let bytes = std::fs::read(&path).ok()?;
            (!holds(&bytes)).then(|| format!("{} is malformed: `--fresh` forgets it", path.display()))
        })
        .collect()
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

fn is_key(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----BEGIN ")
}

fn registrations(real: Option<&RealMeta>) -> Vec<String> {
    let Some(real) = real else { return vec!["meta       simulated".to_owned()] };
    let apps = real.apps.iter().map(|app| {
        let (login, version) = (app.login.as_str(), &app.graph_version);
        format!("meta       real app {} ({login}, {version}), with its secret", app.app_id)
    });
    apps.collect()
}

/// One line for the function, one for each of its triggers.
fn describe(function: &Function, with_environment: bool) -> Vec<String> {
    let head = format!("\n{} ({:?}, {} MiB)", function.binary, function.timeout, function.memory_mb);
    let routes = function.routes.iter().map(|route| {
        let authorizer = route.authorizer.as_deref().unwrap_or("open to everybody");
        format!("  {:7} {}   [{authorizer}]", route.method, route.path)
    });
    let queues = function.mappings.iter().map(|mapping| {
        let queue = mapping.queue_arn.rsplit(':').next().unwrap_or_default();
        format!("  queue   {queue}, batches of {}, at most {} at once", mapping.batch_size, mapping.max_concurrency)
    });
    let timers = function.schedules.iter().map(|timer| format!("  timer   {} {}", timer.name, timer.expression));
    let variables = function.environment.iter().filter(|_| with_environment);
    let variables = variables.map(|(name, value)| format!("  {name}={value}"));
    std::iter::once(head).chain(routes).chain(queues).chain(timers).chain(variables).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn options(arguments: &[&str]) -> UpOptions {
        Cli::try_parse_from(["cargo dev", "--data", "/nowhere"].iter().chain(arguments)).expect("arguments").up
    }

    #[test]
    fn everything_that_is_malformed_is_told_at_once() {
        let variables = [("META_APP_ID", "12a"), ("META_APP_SECRET", "hush\n"), ("META_WEBHOOK_VERIFY_TOKEN", "w")];
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let options = options(&["--parameter", "Locle=en"]);
        let (lines, wrong) = examine(&options, variable).expect("examined");
        for place in ["META_APP_ID", "META_APP_SECRET", "`Locle`"] {
            assert!(wrong.iter().any(|fault| fault.contains(place)), "{place}: {wrong:?}");
        }
        assert!(!lines.iter().chain(&wrong).any(|line| line.contains("hush")), "{lines:?}");
    }

    #[test]
    fn a_value_that_the_template_does_not_allow_is_told() {
        let (_, wrong) = examine(&options(&["--parameter", "Locale=fr"]), |_| None).expect("examined");
        assert_eq!(wrong, ["the parameter `Locale` is one of es, en"]);
    }

    #[test]
    fn a_damaged_data_folder_is_told_and_a_whole_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(malformed_data(folder.path()).is_empty());
        std::fs::write(folder.path().join("meta.json"), "{\"apps\":[").expect("written");
        std::fs::write(folder.path().join("issuer-key.pem"), "-----BEGIN PRIVATE KEY-----").expect("written");
        let wrong = malformed_data(folder.path());
        assert!(wrong.len() == 1 && wrong[0].contains("meta.json"), "{wrong:?}");
        assert_eq!(malformed_data(&folder.path().join("meta.json")).len(), 1, "a file is no folder");
    }
}
