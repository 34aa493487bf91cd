//! The simulated Meta as a program of its own: `cargo run -p meta-sim -- --port 4700 --apps apps.json`.

use std::{io, path::PathBuf};

use clap::Parser;
use meta_sim::{App, MetaSim, Settings};
use tracing_subscriber::EnvFilter;

/// A simulated Meta: both logins, Graph API, signed webhooks, a phone.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4700)]
    port: u16,
    /// What links begin with, when people reach the simulation through something else.
    #[arg(long)]
    public_url: Option<String>,
    /// JSON file with a list of apps: login, `app_id`, `app_secret`, `redirect_uris`, `webhook_url`, …
    #[arg(long)]
    apps: Option<PathBuf>,
    /// Keeps the state over restarts.
    #[arg(long)]
    state: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let arguments = Arguments::parse();
    let apps: Vec<App> = match &arguments.apps {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => vec![],
    };
    let settings = Settings {
        port: arguments.port,
        public_url: arguments.public_url,
        apps,
        state_file: arguments.state,
        ..Settings::default()
    };
    let meta = MetaSim::start(settings).await?;
    tokio::signal::ctrl_c().await?;
    meta.stop().await;
    Ok(())
}
