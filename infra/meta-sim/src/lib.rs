//! A simulated Meta, for trying and testing what talks to Instagram and Messenger: the logins with their consent pages,
//! the Graph API with Meta's validation and error bodies, signed webhooks, and a phone to write messages from.
//!
//! One port on the loopback interface serves all of Meta's hosts, each under its name as the first path segment:
//! `https://graph.instagram.com/v25.0/me` becomes `http://127.0.0.1:PORT/graph.instagram.com/v25.0/me`.
//!
//! The crate shares no code with what it is used to test. Its README lists the control API.

mod actions;
mod calls;
mod channel;
mod clock;
mod control;
mod errors;
mod faults;
mod graph;
mod html;
mod ids;
mod media;
mod oauth;
mod phone;
mod send;
mod server;
mod settings;
mod signing;
mod sim;
mod webhooks;
mod world;

use std::{
    fmt, io,
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use tokio::{net::TcpListener, task::JoinHandle};
use tracing::info;

pub use crate::{
    clock::Clock,
    settings::{App, Login, Settings},
};
use crate::{sim::Sim, world::World};

/// A running simulation; it ends when dropped, and at once.
pub struct MetaSim {
    sim: Arc<Sim>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl MetaSim {
    /// Starts a simulation on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the state file exists and cannot be read.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let mut world = match &settings.state_file {
            Some(path) => load(path)?,
            None => World::sample(),
        };
        for app in settings.apps {
            world.register(app);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let own_url = format!("http://{}", listener.local_addr()?);
        let base = settings.public_url.map_or(own_url, |url| url.trim_end_matches('/').to_owned());
        let clock = settings.clock.clone();
        let sim = Arc::new(Sim::new(base, settings.clock, world, settings.state_file));
        let server = tokio::spawn(server::serve(listener, server::router(&sim), clock));
        sim.spawn(webhooks::deliver::dispatch(Arc::clone(&sim)));
        sim.spawn(Arc::clone(&sim).save_regularly());
        info!(url = %sim.base, "simulated Meta");
        Ok(Self { sim, server: Mutex::new(Some(server)) })
    }

    /// What addresses of the simulation begin with, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.sim.base
    }

    /// How many calls are still to take effect although their callers have given up, or will.
    #[must_use]
    pub fn late_calls(&self) -> usize {
        self.sim.faults.late.load(Ordering::SeqCst)
    }

    /// Whether no webhook is on its way and no echo to come.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sim.outbox.is_idle()
    }

    /// Changes where an app receives webhooks. Does nothing for an unknown app.
    pub fn set_webhook_url(&self, app_id: &str, url: &str) {
        let mut world = self.sim.world_mut();
        if let Some(app) = world.apps.iter_mut().find(|app| app.app_id == app_id) {
            app.webhook_url = Some(url.to_owned());
        }
    }

    /// Registers an app, or replaces the one with the same id.
    pub fn register_app(&self, app: App) {
        self.sim.world_mut().register(app);
    }

    /// Stops: connections are cut, webhooks under way are dropped, the state is written to its file.
    pub async fn stop(self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.abort();
            // Aborted is how it ends: the port is free once it has.
            drop(server.await);
        }
        self.sim.abort_tasks();
        self.sim.save();
    }
}

impl fmt::Debug for MetaSim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MetaSim").field("url", &self.sim.base).finish_non_exhaustive()
    }
}

impl Drop for MetaSim {
    fn drop(&mut self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            server.abort();
        }
        self.sim.abort_tasks();
        self.sim.save();
    }
}

fn load(path: &Path) -> io::Result<World> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(World::sample()),
        Err(error) => Err(error),
    }
}
