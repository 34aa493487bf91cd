//! Log lines and metrics, both as JSON lines on standard output, which costs no call to AWS.

mod emf;

use std::error::Error;
use std::fmt;

use serde::Serializer as _;
use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt as lines};

use emf::MetricLines;

/// The target of events that are metrics. Fields: `metric`, `value`, and `dimensions` as the text of a JSON object.
pub const METRIC: &str = "metric";

/// Crates that write requests, answers or addresses into their more talkative levels. Prefixes of targets.
const THIRD_PARTY: [&str; 10] = ["aws", "h2", "hyper", "lambda", "mio", "reqwest", "rustls", "tokio", "tower", "want"];

/// Writes log lines and metrics to standard output, where Lambda takes them to CloudWatch.
///
/// `LOG_LEVEL` is a level (`debug`) or a list of them by module (`info,store=debug`); the default is `info`. A second call
/// does nothing.
pub fn init() {
    let directives = std::env::var("LOG_LEVEL").unwrap_or_default();
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "local".to_owned());
    // Fails only if there is a subscriber already, which then keeps its place.
    let _ = subscriber(&directives, function, std::io::stdout).try_init();
}

fn subscriber<W>(directives: &str, function: String, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Clone + Send + Sync + 'static,
{
    let lines = lines::layer().json().flatten_event(true).with_span_list(false).with_writer(writer.clone());
    tracing_subscriber::registry()
        .with(lines.with_filter(filter(directives)))
        .with(MetricLines::new(function, writer).with_filter(only_metrics()))
}

/// Which events are log lines, for whoever builds a subscriber of another look.
///
/// Metrics are not. Third-party crates never say more than `info`, whatever is asked for: below that they print what must
/// stay out of a log. Directives that cannot be read count as `info`.
#[must_use]
pub fn filter(directives: &str) -> Targets {
    let asked: Targets = if directives.is_empty() { Targets::new() } else { directives.parse().unwrap_or_default() };
    let default = asked.default_level().unwrap_or(LevelFilter::INFO);
    THIRD_PARTY
        .into_iter()
        .fold(asked.with_default(default), |targets, name| targets.with_target(name, LevelFilter::INFO.min(default)))
        .with_target(METRIC, LevelFilter::OFF)
}

fn only_metrics() -> Targets {
    Targets::new().with_target(METRIC, LevelFilter::INFO)
}

/// Counts something: one value under a name, with the dimensions that tell its kinds apart.
///
/// Names are `snake_case`; one that ends in `_ms` is in milliseconds, any other is a count. A dimension's values are few and
/// known, because CloudWatch bills each combination: never an id.
pub fn metric(name: &str, value: u64, dimensions: &[(&str, &str)]) {
    let dimensions = json_object(dimensions);
    info!(target: METRIC, metric = name, value, dimensions);
}

/// Name and kind of each, as the text of a JSON object.
fn json_object(dimensions: &[(&str, &str)]) -> String {
    let mut json = Vec::new();
    // Strings into memory: nothing about it can fail.
    let _ = serde_json::Serializer::new(&mut json).collect_map(dimensions.iter().copied());
    String::from_utf8(json).unwrap_or_default()
}

/// An error with its causes, as `what failed: why: why that`. Log lines would show only the first.
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the function `webhook-receive` prints, line by line.
    pub(super) fn printed(events: impl FnOnce()) -> Vec<Value> {
        let output = Output::default();
        let writer = output.clone();
        let subscriber = subscriber("info", "webhook-receive".to_owned(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, events);
        let bytes = output.0.lock().expect("no writer panicked").clone();
        String::from_utf8(bytes)
            .expect("JSON is UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect()
    }

    #[test]
    fn a_log_line_is_json_with_its_fields_and_the_request_id() {
        let lines = printed(|| {
            let _span = tracing::info_span!("request", request_id = "req-1").entered();
            info!(ig.id = "17841", "Connected an account");
            tracing::debug!("Not asked for");
        });

        let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
        assert_eq!(line["message"], "Connected an account");
        assert_eq!(line["ig.id"], "17841");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["span"]["request_id"], "req-1");
        assert!(line["timestamp"].is_string(), "{line}");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the message was not stored")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the table did not answer")]
    struct Inner(#[source] fmt::Error);

    #[test]
    fn an_error_is_shown_with_all_its_causes() {
        let shown = Chain(&Outer(Inner(fmt::Error))).to_string();
        assert_eq!(shown, format!("the message was not stored: the table did not answer: {}", fmt::Error));
    }

    #[test]
    fn third_party_crates_stay_quiet_however_much_is_asked_for() {
        let filter = filter("trace");
        assert!(filter.would_enable("webhook_receive", &Level::TRACE));
        for target in ["aws_smithy_runtime::client", "hyper_util", "reqwest::connect", "lambda_runtime", "rustls"] {
            assert!(filter.would_enable(target, &Level::INFO), "{target}");
            assert!(!filter.would_enable(target, &Level::DEBUG), "{target}");
        }
    }

    #[test]
    fn one_module_can_be_made_to_talk() {
        let filter = filter("WARN,store=debug");
        assert!(filter.would_enable("store::message", &Level::DEBUG));
        assert!(!filter.would_enable("sender", &Level::INFO));
        assert!(!filter.would_enable("aws_config", &Level::INFO));
    }

    #[test]
    fn without_a_level_or_with_one_that_nobody_knows_info_is_shown() {
        for directives in ["", "verbose", "store=loud"] {
            let filter = filter(directives);
            assert!(filter.would_enable("sender", &Level::INFO), "{directives}");
            assert!(!filter.would_enable("sender", &Level::DEBUG), "{directives}");
        }
    }

    #[test]
    fn a_metric_is_no_log_line() {
        assert!(!filter("trace").would_enable(METRIC, &Level::INFO));
        assert!(only_metrics().would_enable(METRIC, &Level::INFO));
    }
}
