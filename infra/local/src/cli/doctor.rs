//! `cargo dev doctor`: what a start would use. Secrets are not shown, only whether they are there.

use std::net::{Ipv4Addr, TcpListener};

use local::{
    RealMeta,
    template::{Function, Template},
};

use super::{BoxError, UpOptions, say};

pub(super) fn run(options: &UpOptions) -> Result<(), BoxError> {
    let real = RealMeta::from_variables(|name| std::env::var(name).ok())?;
    let urls = |port: u16| format!("http://127.0.0.1:{port}");
    let ports = options.ports();
    let [api, issuer, meta] = [ports.api, ports.issuer, ports.meta].map(urls);
    let template = local::resolved_template(&api, &issuer, &meta, real.as_ref(), &options.parameters())?;
    let mut lines = vec![
        format!("template   {}", Template::path().display()),
        format!("data       {}", options.data_dir().display()),
    ];
    for (what, port) in [("api", ports.api), ("aws", ports.aws), ("meta", ports.meta), ("issuer", ports.issuer)] {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        lines.push(format!("port       {port} {what}: {}", if free { "free" } else { "taken" }));
    }
    lines.extend(registrations(real.as_ref()));
    lines.push("\nparameters".to_owned());
    lines.extend(template.parameters().iter().map(|(name, value)| format!("  {name:20} {value}")));
    for function in template.functions(&template.predicted_identities()?)? {
        lines.extend(describe(&function, options.verbose));
    }
    say(lines.join("\n"))?;
    Ok(())
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
