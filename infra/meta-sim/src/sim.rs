//! What all requests share.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::{
    Clock,
    calls::CallLog,
    clock::SECOND_MS,
    faults::Faults,
    webhooks::{deliver::Callback, event::Event, options::EchoTiming, outbox::Outbox},
    world::World,
};

const SAVE_EVERY: Duration = Duration::from_millis(500);
/// How long after a lost answer media show up at the latest: Meta fetches them for 75 s, and has them checked.
const STILL_FETCHING_MS: i64 = 80 * SECOND_MS;
/// The simulated clock may be moved at any time.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the Send API waits for its own echo to be delivered first.
const ECHO_FIRST_WAIT: Duration = Duration::from_secs(6);

/// The running simulation. Not `Debug`: tokens and messages are in it.
pub(crate) struct Sim {
    /// What links begin with.
    pub(crate) base: String,
    pub(crate) clock: Clock,
    pub(crate) outbox: Outbox,
    pub(crate) faults: Faults,
    pub(crate) calls: CallLog,
    pub(crate) http: reqwest::Client,
    world: RwLock<World>,
    changed: AtomicBool,
    state_file: Option<PathBuf>,
    tasks: Mutex<JoinSet<()>>,
}

/// The point in time and place that answers are made at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now_ms: i64,
    /// What links begin with.
    pub(crate) base: &'a str,
}

/// What a call causes outside of its answer.
pub(crate) enum Effect {
    /// A message was sent.
    Sent(Sent),
    /// A call to the app's own callback.
    Callback(Callback),
}

/// What is told of a sent message.
pub(crate) struct Sent {
    /// Told when the options say.
    pub(crate) echo: Event,
    /// That the message arrived; told after the echo.
    pub(crate) receipt: Option<Event>,
}

impl Sim {
    pub(crate) fn new(base: String, clock: Clock, world: World, state_file: Option<PathBuf>) -> Self {
        Self {
            base,
            clock,
            outbox: Outbox::default(),
            faults: Faults::default(),
            calls: CallLog::default(),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(30))
                .build()
                .expect("a client without certificates of its own can be built"),
            world: RwLock::new(world),
            changed: AtomicBool::new(true),
            state_file,
            tasks: Mutex::default(),
        }
    }

    pub(crate) fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.changed.store(true, Ordering::SeqCst);
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment { now_ms: self.clock.now_ms(), base: &self.base }
    }

    /// Runs a task that ends with the simulation at the latest.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    pub(crate) fn abort_tasks(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Tells every app that is to know; the ids of those apps.
    pub(crate) fn tell(&self, event: &Event) -> Vec<String> {
        let world = self.world();
        let apps: Vec<String> = event.receivers(&world).iter().map(|app| app.app_id.clone()).collect();
        let told: Vec<Event> = apps.iter().map(|app| event.told_to(&world, app)).collect();
        drop(world);
        for (app, event) in apps.iter().zip(told) {
            self.outbox.push(app, event);
        }
        apps
    }

    /// Lets a call's effects happen, as far as they come before the answer.
    pub(crate) async fn cause(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Sent(sent) => self.tell_sent(sent).await,
                Effect::Callback(callback) => {
                    let sim = Arc::clone(self);
                    self.spawn(async move {
                        if let Err(error) = callback.post(&sim).await {
                            info!(%error, "the app's callback did not answer");
                        }
                    });
                }
            }
        }
    }

    /// What Meta has taken while it answered with an error, or not at all, it may still be fetching: media, and their echo, show up
    /// later than Meta's own limit for that. Other effects are answered as they are.
    pub(crate) fn delay_media(self: &Arc<Self>, effects: Vec<Effect>) -> Vec<Effect> {
        let (media, others) = effects.into_iter().partition::<Vec<_>, _>(|effect| match effect {
            Effect::Sent(sent) => sent.echo.element["message"]["attachments"].is_array(),
            Effect::Callback(_) => false,
        });
        let until_ms = self.clock.now_ms() + STILL_FETCHING_MS;
        for effect in media {
            let Effect::Sent(sent) = effect else { continue };
            if let Some(mid) = sent.echo.element["message"]["mid"].as_str() {
                self.world_mut().hide_message(mid, until_ms);
            }
            let sim = Arc::clone(self);
            self.spawn(async move {
                while sim.clock.now_ms() < until_ms {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                sim.tell_sent(sent).await;
            });
        }
        others
    }

    async fn tell_sent(self: &Arc<Self>, sent: Sent) {
        match self.outbox.options().echo {
            EchoTiming::Never => self.tell_soon(sent.receipt.into_iter().collect()),
            EchoTiming::Before => {
                self.tell(&sent.echo);
                self.silence(ECHO_FIRST_WAIT).await;
                self.tell_soon(sent.receipt.into_iter().collect());
            }
            EchoTiming::After | EchoTiming::Delayed => {
                self.tell_soon([sent.echo].into_iter().chain(sent.receipt).collect());
            }
        }
    }

    /// Tells of events once the delay of an echo has passed.
    fn tell_soon(self: &Arc<Self>, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let sim = Arc::clone(self);
        let delay = Duration::from_millis(self.outbox.options().echo_delay_ms);
        self.outbox.announce();
        self.spawn(async move {
            tokio::time::sleep(delay).await;
            for event in events {
                sim.tell(&event);
            }
            sim.outbox.arrived();
        });
    }

    /// Waits until no webhook is on its way; false when that takes too long.
    pub(crate) async fn silence(&self, at_most: Duration) -> bool {
        let quiet = async {
            while !self.outbox.is_idle() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(at_most, quiet).await.is_ok()
    }

    /// Writes the state to its file now and then.
    pub(crate) async fn save_regularly(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SAVE_EVERY).await;
            self.save();
        }
    }

    /// Writes the state to its file when it changed. A failure is logged: the simulation goes on in memory.
    pub(crate) fn save(&self) {
        let Some(path) = &self.state_file else { return };
        if !self.changed.swap(false, Ordering::SeqCst) {
            return;
        }
        let bytes = serde_json::to_vec(&*self.world());
        let fresh = path.with_extension("new");
        let written = bytes
            .map_err(std::io::Error::from)
            .and_then(|bytes| std::fs::write(&fresh, bytes))
            .and_then(|()| std::fs::rename(&fresh, path));
        if let Err(error) = written {
            warn!(%error, path = %path.display(), "could not write the state file");
        }
    }
}
