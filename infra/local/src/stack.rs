//! Everything that `template.yaml` declares, running on this machine.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::SdkConfig;
use local_aws::{LocalAws, Weather};
use meta_sim::MetaSim;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    apps::{self, Login, MetaApp},
    assemble::{self, Port, World},
    clock::StackClock,
    gateway::{self, live::AWS_ADDRESS},
    invoke::{Chaos, InvokeError, SharedInvoker},
    issuer::{self, Issuer, PEOPLE, Person},
    logs::{self, LogLine, Registration},
    provision,
    schedule::Alarm,
    settings::{StackSettings, StartError},
    streams::Progress,
    template::{Function, Identities},
};

/// The queues or functions were still busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "still busy: {messages} messages in queues, {records} records of streams, {invocations} invocations, {late_calls} late calls, webhooks under way: {webhooks}"
)]
pub struct StillBusy {
    /// Messages that wait or are in flight.
    pub messages: usize,
    /// Records of streams that are to be read or done.
    pub records: usize,
    /// Invocations that have not ended.
    pub invocations: usize,
    /// Whether the simulated Meta still delivers.
    pub webhooks: bool,
    /// Calls that are still to be carried out.
    pub late_calls: usize,
}

/// Callers of AWS that are no functions: stories and tests that look into tables, and the stack itself.
const ONLOOKERS: [&str; 4] = ["story", "test", "local-stack", "event-source"];

const NOT_BUSY: StillBusy = StillBusy { messages: 0, records: 0, invocations: 0, webhooks: false, late_calls: 0 };

/// A running stack. Dropping it stops it as well, without waiting.
pub struct Stack {
    urls: Urls,
    aws: LocalAws,
    sdk: SdkConfig,
    meta: MetaSim,
    issuer: Arc<Issuer>,
    invoker: SharedInvoker,
    alarms: Arc<Vec<Alarm>>,
    progress: Arc<Progress>,
    identities: Identities,
    apps: Vec<MetaApp>,
    clock: StackClock,
    logs: Registration,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Clone, Debug)]
struct Urls {
    api: String,
    issuer: String,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stack").field("urls", &self.urls).finish_non_exhaustive()
    }
}

impl Stack {
    /// Starts everything: the emulated AWS with the template's resources, the simulated Meta, the issuer, the functions and
    /// what triggers them.
    ///
    /// # Errors
    ///
    /// [`StartError`], whose text says what to do.
    pub async fn start(settings: StackSettings) -> Result<Self, StartError> {
        logs::install(settings.output);
        let logs = Registration::new();
        let data_dir = &settings.data_dir;
        std::fs::create_dir_all(data_dir).map_err(|source| StartError::Io { what: "the data folder", source })?;
        let api = Port::open(settings.ports.api, "api").await?;
        let issuer = Port::open(settings.ports.issuer, "issuer").await?;
        let aws = assemble::aws(&settings).await?;
        let meta = assemble::meta(&settings, &api.url).await?;
        let real = settings.real_meta.as_ref();
        let apps = real.map_or_else(apps::simulated, |real| real.apps.clone());

        let people = Issuer::new(data_dir, &issuer.url, &api.url, meta.url(), settings.clock.clone())?;
        let sign_in = Port::open(0, "issuer").await?;
        let people = people.behaving_like(settings.issuer, &sign_in);
        let parameters = people.parameters(&settings.parameters);
        let template = assemble::resolved_template(&api.url, &issuer.url, meta.url(), real, &parameters)?;
        let sdk = provision::sdk_config(aws.url(), "local-stack").await;
        let secrets = BTreeMap::from([("MetaAppsSecret".to_owned(), apps::secret(&apps))]);
        let identities = provision::provision(&template, &sdk, &secrets).await?;
        provision::permit(&aws.permissions(), &template, &identities)?;
        let mut functions = template.functions(&identities)?;
        for function in &mut functions {
            // Whoever tries endpoints has them on this machine. Only here may they be.
            if function.environment.contains_key("WEBHOOK_PORTS") {
                function.environment.insert("WEBHOOK_ALLOWED_HOSTS".to_owned(), "127.0.0.1,localhost".to_owned());
            }
            // What API Gateway's addresses are here.
            for value in function.environment.values_mut() {
                *value = value
                    .replace(&format!("wss://{AWS_ADDRESS}"), &api.url.replacen("http", "ws", 1))
                    .replace(&format!("https://{AWS_ADDRESS}"), aws.url());
            }
        }
        let world = World { settings: &settings, sdk: &sdk, aws_url: aws.url(), stack: logs.stack };
        let invoker = Arc::new(world.invoker(&functions)?);
        let alarms = Arc::new(world.alarms(&functions, &invoker)?);
        let sources = world.event_sources(&functions, &invoker, &identities)?;
        let progress = Arc::new(Progress::open(data_dir.join("streams.json")));
        let streams = world.stream_sources(&functions, &invoker, &identities, aws.streams(), Arc::clone(&progress))?;
        let tunnel = real.and_then(|real| real.redirect_uri.as_deref());
        let tenant_claim = settings.parameters.get("TenantClaim").map(String::as_str);
        let people = Arc::new(people.trusting(tunnel).naming_tenants_in(tenant_claim));
        let gateway = gateway::Settings {
            api: template.http_api(&identities)?,
            invoker: Arc::clone(&invoker),
            clock: settings.clock.clone(),
            stack: logs.stack,
        };

        let urls = Urls { api: api.url.clone(), issuer: issuer.url.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(issuer.serve(issuer::router(Arc::clone(&people))));
        tasks.spawn(sign_in.serve(issuer::pages_router(Arc::clone(&people))));
        let router = gateway::router(gateway);
        let router = match template.web_socket_api(&identities)? {
            Some(sockets) => router.merge(gateway::live::router(gateway::live::Settings {
                api: sockets,
                invoker: Arc::clone(&invoker),
                sockets: aws.sockets(),
                clock: settings.clock.clone(),
                stack: logs.stack,
                lost_goodbyes: settings.weather.lost_posts,
            })),
            None => router,
        };
        tasks.spawn(api.serve(router));
        for source in sources {
            tasks.spawn(source.run());
        }
        tasks.spawn(streams.run());
        let ringing = if settings.schedules { alarms.len() } else { 0 };
        for index in 0..ringing {
            let (alarms, stack) = (Arc::clone(&alarms), logs.stack);
            tasks.spawn(async move { alarms[index].run(stack).await });
        }
        aws.set_weather(Weather { spared: ONLOOKERS.map(str::to_owned).into(), ..settings.weather.clone() });
        Ok(Self {
            urls,
            aws,
            sdk,
            meta,
            issuer: people,
            invoker,
            alarms,
            progress,
            identities,
            apps,
            clock: settings.clock,
            logs,
            tasks: Mutex::new(tasks),
        })
    }

    /// The HTTP API's address, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.urls.api
    }

    /// The emulated AWS's address.
    #[must_use]
    pub fn aws_url(&self) -> &str {
        self.aws.url()
    }

    /// The simulated Meta's address.
    #[must_use]
    pub fn meta_url(&self) -> &str {
        self.meta.url()
    }

    /// The issuer's address.
    #[must_use]
    pub fn issuer_url(&self) -> &str {
        &self.urls.issuer
    }

    /// The sample people.
    #[must_use]
    pub const fn people(&self) -> &'static [Person] {
        &PEOPLE
    }

    /// A JWT of a sample person's that the API takes, valid for an hour of the stack's time or as long as the provider's are.
    ///
    /// # Panics
    ///
    /// When there is no such person.
    #[must_use]
    pub fn token(&self, person: &str) -> String {
        let person = issuer::find(person).unwrap_or_else(|| panic!("there is no sample person `{person}`"));
        self.issuer.bearer(person).expect("claims of a sample person can be signed")
    }

    /// The emulated AWS: log of calls, faults, queues.
    #[must_use]
    pub const fn aws(&self) -> &LocalAws {
        &self.aws
    }

    /// The simulated Meta.
    #[must_use]
    pub const fn meta(&self) -> &MetaSim {
        &self.meta
    }

    /// The registered app of a login.
    #[must_use]
    pub fn app(&self, login: Login) -> Option<&MetaApp> {
        self.apps.iter().find(|app| app.login == login)
    }

    /// The stack's time.
    #[must_use]
    pub const fn clock(&self) -> &StackClock {
        &self.clock
    }

    /// A configuration for AWS clients of this stack, whose calls are logged under this name.
    #[must_use]
    pub fn aws_config(&self, name: &str) -> SdkConfig {
        provision::named(&self.sdk, name)
    }

    /// What a resource of the template is called in AWS (`!Ref`): a table's name, a queue's URL, a secret's ARN.
    #[must_use]
    pub fn resource(&self, logical_id: &str) -> Option<&str> {
        self.identities.get(logical_id).map(|identity| identity.reference.as_str())
    }

    /// The template's functions with their resolved environments, as [`Process::environment`](crate::Process::environment)
    /// takes them to run a binary by itself.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.invoker.functions()
    }

    /// Every line that was logged, oldest first.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.logs.book.lines()
    }

    /// Ends every running invocation of a function, by the name of its crate, as if its environments died.
    pub fn kill(&self, function: &str) {
        self.invoker.kill(function);
    }

    /// Lets invocations die at random, or no longer.
    pub fn set_chaos(&self, chaos: Option<Chaos>) {
        self.invoker.set_chaos(chaos, None);
    }

    /// Lets invocations of one function, by the name of its crate, die at random.
    pub fn set_chaos_of(&self, function: &str, chaos: Chaos) {
        self.invoker.set_chaos(Some(chaos), Some(function));
    }

    /// Calls a function, by the name of its crate, with an event.
    ///
    /// # Errors
    ///
    /// [`InvokeError`] when it has no answer.
    pub async fn invoke(&self, function: &str, event: &str) -> Result<Vec<u8>, InvokeError> {
        let logical_id = self.logical_id(function)?;
        self.invoker.invoke(&logical_id, event.to_owned()).await
    }

    /// Runs a schedule of the template now: a function's crate and the event's name, as `("sender", "Sweep")`. Schedules are
    /// minutes apart, an index lags by less: it shows what was written before.
    ///
    /// # Errors
    ///
    /// [`InvokeError`] when there is no such schedule or the function has no answer.
    pub async fn run_schedule(&self, function: &str, name: &str) -> Result<Vec<u8>, InvokeError> {
        let logical_id = self.logical_id(function)?;
        let alarm = self.alarms.iter().find(|alarm| alarm.is(&logical_id, name));
        self.aws.catch_up();
        alarm.ok_or_else(|| InvokeError::Unknown(format!("{function}/{name}")))?.ring().await
    }

    fn logical_id(&self, binary: &str) -> Result<String, InvokeError> {
        let mut functions = self.invoker.functions();
        let found = functions.find(|function| function.binary == binary);
        found.map(|function| function.logical_id.clone()).ok_or_else(|| InvokeError::Unknown(binary.to_owned()))
    }

    /// Waits until nothing moves: Meta has delivered, queues that feed functions are empty, no function runs, no call is still
    /// to be carried out, and no read of the database is behind.
    ///
    /// # Errors
    ///
    /// [`StillBusy`] when that takes longer than `at_most`.
    pub async fn wait_idle(&self, at_most: Duration) -> Result<(), StillBusy> {
        let until = Instant::now() + at_most;
        loop {
            // What Meta still delivers reaches a queue before Meta is idle, so Meta is asked first.
            let webhooks = !self.meta.is_idle();
            let busy = StillBusy {
                webhooks,
                records: self.progress.behind(&self.aws.streams()),
                messages: self.waiting(),
                invocations: self.invoker.in_flight(),
                late_calls: self.late_calls(),
            };
            if busy == NOT_BUSY {
                self.aws.catch_up();
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(busy);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Calls of which AWS or Meta will do what they ask although their callers have given up, or will.
    #[must_use]
    pub fn late_calls(&self) -> usize {
        self.aws.faults().late_calls() + self.meta.late_calls()
    }

    /// Messages for functions; dead letters wait for a person.
    fn waiting(&self) -> usize {
        let queues = self.aws.queues();
        let working = queues.iter().filter(|queue| !queue.is_dead_letter_queue);
        working.map(|queue| queue.counts.visible + queue.counts.in_flight + queue.counts.delayed).sum()
    }

    /// Stops everything and waits for it: data is on disk, ports are free.
    pub async fn stop(self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.invoker.kill_all();
        self.meta.stop().await;
        self.aws.stop().await;
    }
}

#[cfg(test)]
mod tests;
