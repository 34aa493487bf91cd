//! The parts that a stack is put together from.

use std::{collections::BTreeMap, io, net::Ipv4Addr, net::SocketAddr, sync::Arc};

use aws_config::SdkConfig;
use axum::Router;
use edge::{Clock, Environment, Setup};
use local_aws::LocalAws;
use meta_sim::MetaSim;
use tokio::net::TcpListener;

use crate::{
    apps::{self, Login, RealMeta},
    functions,
    invoke::{Executor, Invoker, Pool, ProcessSetting, SharedInvoker, Warm},
    issuer::AUDIENCE,
    mapping::EventSource,
    provision,
    schedule::Alarm,
    settings::{Invocation, StackSettings, StartError},
    streams::{Progress, StreamSource, StreamSources},
    template::{Function, Identities, Template, TemplateError},
};

/// Where Meta sends people back to, for each channel.
const CALLBACK_INSTAGRAM: &str = "/api/integrations/meta/instagram/callback";
const CALLBACK_MESSENGER: &str = "/api/integrations/meta/messenger/callback";
/// Where the app of each login has Meta deliver. Either address takes the webhooks of both channels.
const fn webhook(login: Login) -> &'static str {
    match login {
        Login::Instagram => "/webhooks/meta/instagram",
        Login::Facebook => "/webhooks/meta/messenger",
    }
}

/// Names of the issuer's pages under which browsers take them for another site than the API's. They lead the first to loopback by
/// themselves; tests lead the second.
const OTHER_SITES: [&str; 2] = ["product.localhost", "product.test"];

/// A port on loopback that is ours before anything is told its address.
pub(crate) struct Port {
    pub(crate) url: String,
    listener: TcpListener,
}

impl Port {
    pub(crate) async fn open(port: u16, what: &'static str) -> Result<Self, StartError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortTaken { port, what },
            _ => StartError::Io { what, source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { url: format!("http://{address}"), listener })
    }

    /// Serves until the task is aborted.
    pub(crate) async fn serve(self, router: Router) {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        if let Err(error) = axum::serve(self.listener, service).await {
            tracing::error!(%error, "A server ended");
        }
    }
}

/// Starts the emulated AWS in its part of the data folder.
pub(crate) async fn aws(settings: &StackSettings) -> Result<LocalAws, StartError> {
    drop(Port::open(settings.ports.aws, "aws").await?); // names a taken port as the others are named
    let clock = local_aws::Clock::with_offset(settings.clock.offset());
    let data_dir = settings.data_dir.join("aws");
    let transcript = settings.transcript.clone();
    Ok(LocalAws::start(local_aws::Settings { port: settings.ports.aws, data_dir, clock, transcript }).await?)
}

/// Starts the simulated Meta, with an app for each login that delivers to our API.
pub(crate) async fn meta(settings: &StackSettings, api_url: &str) -> Result<MetaSim, StartError> {
    drop(Port::open(settings.ports.meta, "meta").await?);
    let apps = apps::simulated().into_iter().map(|app| meta_sim::App {
        login: match app.login {
            Login::Instagram => meta_sim::Login::Instagram,
            Login::Facebook => meta_sim::Login::Facebook,
        },
        app_id: app.app_id,
        app_secret: app.app_secret,
        redirect_uris: [CALLBACK_INSTAGRAM, CALLBACK_MESSENGER].map(|path| format!("{api_url}{path}")).to_vec(),
        webhook_url: Some(format!("{api_url}{}", webhook(app.login))),
        verify_token: Some(app.verify_token),
        deauthorize_url: Some(format!("{api_url}/webhooks/meta/deauthorize")),
        data_deletion_url: Some(format!("{api_url}/webhooks/meta/data-deletion")),
    });
    let meta = MetaSim::start(meta_sim::Settings {
        port: settings.ports.meta,
        apps: apps.collect(),
        state_file: Some(settings.data_dir.join("meta.json")),
        clock: meta_sim::Clock::shared(settings.clock.offset()),
        ..meta_sim::Settings::default()
    });
    meta.await.map_err(|source| StartError::Io { what: "the simulated Meta's port or state file", source })
}

/// The template's parameters that this stack sets itself.
fn parameters(api_url: &str, issuer_url: &str, meta_url: &str, real: Option<&RealMeta>) -> BTreeMap<String, String> {
    let redirect_uri =
        |registered: Option<&String>, path: &str| registered.cloned().unwrap_or_else(|| format!("{api_url}{path}"));
    let (instagram, messenger) =
        real.map_or((None, None), |real| (real.redirect_uri.as_ref(), real.redirect_uri_messenger.as_ref()));
    let other_sites = OTHER_SITES.map(|site| issuer_url.replace("127.0.0.1", site));
    let origins: Vec<String> = [issuer_url.to_owned()].into_iter().chain(other_sites).collect();
    let prefix = if real.is_some() { "https://".to_owned() } else { format!("{meta_url}/") };
    let values = [
        ("Stage", "local".to_owned()),
        ("JwtIssuer", issuer_url.to_owned()),
        ("JwtAudience", AUDIENCE.to_owned()),
        ("PlanClaim", "plan".to_owned()),
        ("AllowedOrigins", origins.join(",")),
        ("MetaRedirectUri", redirect_uri(instagram, CALLBACK_INSTAGRAM)),
        ("MetaRedirectUriMessenger", redirect_uri(messenger, CALLBACK_MESSENGER)),
        ("MetaUrlPrefix", prefix),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The template as a stack at these addresses reads it; `chosen` are parameter values that go before all others.
///
/// # Errors
///
/// [`TemplateError`] when the template cannot be run here.
pub fn resolved_template(
    api_url: &str,
    issuer_url: &str,
    meta_url: &str,
    real: Option<&RealMeta>,
    chosen: &BTreeMap<String, String>,
) -> Result<Template, TemplateError> {
    let mut parameters = parameters(api_url, issuer_url, meta_url, real);
    parameters.extend(chosen.clone());
    Template::read(&Template::path(), &parameters)
}

/// What functions and their triggers share.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) settings: &'a StackSettings,
    pub(crate) sdk: &'a SdkConfig,
    pub(crate) aws_url: &'a str,
    pub(crate) stack: u64,
}

impl World<'_> {
    pub(crate) fn invoker(&self, functions: &[Function]) -> Result<Invoker, StartError> {
        let joined = functions.iter().map(|function| Ok((function.clone(), self.executor(function)?)));
        let joined = joined.collect::<Result<Vec<_>, StartError>>()?;
        Ok(Invoker::new(joined, self.settings.clock.clone(), self.stack))
    }

    fn executor(&self, function: &Function) -> Result<Executor, StartError> {
        if let Invocation::Processes { bin_dir } = &self.settings.invocation {
            let setting =
                ProcessSetting { bin_dir, aws_url: self.aws_url, stack: self.stack, output: self.settings.output };
            return Ok(Executor::Processes(Pool::new(function, &setting)));
        }
        let factory = functions::find(&function.binary);
        let factory = factory.ok_or_else(|| StartError::UnlinkedFunction(function.logical_id.clone()))?;
        let clock = Clock::Shared(self.settings.clock.offset());
        let mut environment = function.environment.clone();
        environment.extend(self.settings.variables.clone());
        let setup = Setup {
            env: Environment::from_map(environment),
            aws: provision::named(self.sdk, &function.binary)
                .into_builder()
                .time_source(clock.clone())
                .timeout_config(self.settings.patience.timeouts())
                .build(),
            clock,
        };
        Ok(Executor::InProcess(Box::new(Warm::new(factory, setup))))
    }

    pub(crate) fn alarms(&self, functions: &[Function], invoker: &SharedInvoker) -> Result<Vec<Alarm>, StartError> {
        let schedules = functions.iter().flat_map(|function| {
            function.schedules.iter().map(|schedule| (schedule.clone(), function.logical_id.clone()))
        });
        let alarm = |(schedule, function)| {
            Ok(Alarm::new(schedule, function, Arc::clone(invoker), self.settings.clock.clone())?)
        };
        schedules.map(alarm).collect()
    }

    pub(crate) fn event_sources(
        &self,
        functions: &[Function],
        invoker: &SharedInvoker,
        identities: &Identities,
    ) -> Result<Vec<EventSource>, StartError> {
        let sqs = aws_sdk_sqs::Client::new(&provision::named(self.sdk, "event-source"));
        let mappings =
            functions.iter().flat_map(|function| function.mappings.iter().map(move |mapping| (function, mapping)));
        let source = |(function, mapping): (&Function, &crate::template::Mapping)| {
            let mut queues = identities.values();
            let queue = queues.find(|queue| queue.attributes.get("Arn") == Some(&mapping.queue_arn));
            let queue = queue.ok_or_else(|| StartError::UnknownQueue(function.logical_id.clone()))?;
            Ok(EventSource {
                mapping: mapping.clone(),
                queue_url: queue.reference.clone(),
                function: function.logical_id.clone(),
                sqs: sqs.clone(),
                invoker: Arc::clone(invoker),
                stack: self.stack,
                retry_delay: self.settings.retry_delay,
            })
        };
        mappings.map(source).collect()
    }

    /// What joins the tables' streams to functions; `from` says how far an earlier run has come.
    pub(crate) fn stream_sources(
        &self,
        functions: &[Function],
        invoker: &SharedInvoker,
        identities: &Identities,
        streams: local_aws::Streams,
        progress: Arc<Progress>,
    ) -> Result<StreamSources, StartError> {
        let sqs = aws_sdk_sqs::Client::new(&provision::named(self.sdk, "event-source"));
        let named = |attribute: &str, arn: &str| {
            identities.values().find(|resource| resource.attributes.get(attribute).is_some_and(|known| known == arn))
        };
        let joined =
            functions.iter().flat_map(|function| function.streams.iter().map(move |mapping| (function, mapping)));
        let source = |(function, mapping): (&Function, &crate::template::StreamMapping)| {
            let unknown = || StartError::UnknownStream(function.logical_id.clone());
            let table = named("StreamArn", &mapping.stream_arn).ok_or_else(unknown)?;
            let told = mapping.on_failure.as_ref().map(|arn| named("Arn", arn).ok_or_else(unknown)).transpose()?;
            Ok(StreamSource {
                mapping: mapping.clone(),
                table: table.reference.clone(),
                function: function.logical_id.clone(),
                on_failure: told.map(|queue| (sqs.clone(), queue.reference.clone())),
                invoker: Arc::clone(invoker),
                clock: self.settings.clock.clone(),
                retry_delay: self.settings.retry_delay,
                repeats: self.settings.weather.repeated_batches,
                seed: self.settings.weather.seed,
            })
        };
        let sources = joined.map(source).collect::<Result<_, StartError>>()?;
        Ok(StreamSources { streams, sources, progress, poll: self.settings.stream_poll, stack: self.stack })
    }
}
