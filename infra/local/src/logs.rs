//! Log lines: kept for each stack, and shown one on a line.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    io::{IsTerminal, Write},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use edge::telemetry::METRIC;
use serde::Serialize;
use serde_json::{Value as Json, json};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// So many lines are kept for each stack.
const KEPT: usize = 200_000;
/// One log line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Milliseconds since 1970, by the system's clock.
    pub at_ms: i64,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// The module that wrote it.
    pub target: String,
    /// The function that it ran in; the local stack's own lines have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The invocation that it ran in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The sentence.
    pub message: String,
    /// Everything else, of the event and of the spans around it.
    pub fields: BTreeMap<String, Json>,
}

/// The lines of one stack, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogBook(Arc<Mutex<VecDeque<LogLine>>>);

impl LogBook {
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        lock(&self.0).iter().cloned().collect()
    }

    fn push(&self, line: LogLine) {
        let mut lines = lock(&self.0);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Which stack an event belongs to. Several run in one process, the subscriber is one for all.
static BOOKS: LazyLock<Mutex<HashMap<u64, LogBook>>> = LazyLock::new(Mutex::default);

/// A stack's place among the books; gives it up when dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) stack: u64,
    pub(crate) book: LogBook,
}

impl Registration {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let stack = NEXT.fetch_add(1, Ordering::Relaxed);
        let book = LogBook::default();
        lock(&BOOKS).insert(stack, book.clone());
        Self { stack, book }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock(&BOOKS).remove(&self.stack);
    }
}

/// What is shown while lines are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nothing: for tests.
    Silent,
    /// One readable line for each, from this level on.
    Text(Level),
    /// One JSON object for each, from this level on.
    Json(Level),
}

/// Makes this process's log lines go to their stacks, and to standard output as wanted. The first call decides.
pub fn install(output: Output) {
    let colour = std::io::stdout().is_terminal();
    // The emulator's engine warns of every refused call, also of those that ask whether something exists.
    let filter = edge::telemetry::filter("debug,dynoxide=error").with_target(METRIC, LevelFilter::INFO);
    let recorder = Recorder { output, colour }.with_filter(filter);
    let _ = tracing_subscriber::registry().with(recorder).try_init();
}

/// Keeps a line that a function's process wrote to its standard output, and shows it.
pub(crate) fn adopt(stack: u64, line: LogLine, output: Output) {
    let recorder = Recorder { output, colour: std::io::stdout().is_terminal() };
    recorder.keep(stack, line);
}

struct Recorder {
    output: Output,
    colour: bool,
}

impl Recorder {
    fn keep(&self, stack: u64, line: LogLine) {
        let level = line.level.parse().unwrap_or(Level::INFO);
        match self.output {
            Output::Text(most) if level <= most && line.target != METRIC => {
                show(&Readable { line: &line, colour: self.colour });
            }
            Output::Json(most) if level <= most => show(&json!(line)),
            _ => {}
        }
        if let Some(book) = lock(&BOOKS).get(&stack) {
            book.push(line);
        }
    }
}

/// Whoever reads our output may have gone away; the stack goes on.
fn show(line: &dyn fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The fields of a span or an event.
#[derive(Clone, Default)]
struct Fields(BTreeMap<String, Json>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), Json::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), Json::from(value));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten().collect::<Vec<_>>().into_iter().rev() {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.0.extend(around.0.clone());
            }
        }
        event.record(&mut fields);
        let mut fields = fields.0;
        let stack = fields.remove("stack").and_then(|stack| stack.as_u64()).unwrap_or_default();
        let mut text = |name: &str| {
            fields.remove(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let line = LogLine {
            at_ms: crate::clock::system_ms(),
            level: event.metadata().level().to_string(),
            target: event.metadata().target().to_owned(),
            function: text("function"),
            request_id: text("request_id").or_else(|| text("lambda_request_id")),
            message: text("message").unwrap_or_default(),
            fields,
        };
        self.keep(stack, line);
    }
}

/// `07:20:42.123 INFO  processor     Stored a message  conversation=…`
struct Readable<'a> {
    line: &'a LogLine,
    colour: bool,
}

impl fmt::Display for Readable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        let (dim, paint, plain) = if self.colour { ("\x1b[2m", paint(&line.level), "\x1b[0m") } else { ("", "", "") };
        let time = jiff::Timestamp::from_millisecond(line.at_ms).unwrap_or_default().strftime("%H:%M:%S%.3f");
        let source = line.function.as_deref().unwrap_or_else(|| line.target.split("::").next().unwrap_or_default());
        write!(formatter, "{dim}{time}{plain} {paint}{:5}{plain} {source:15} {}{dim}", line.level, line.message)?;
        for (name, value) in line.fields.iter().filter(|(name, _)| *name != "lambda_request_id") {
            match value.as_str() {
                Some(text) => write!(formatter, "  {name}={text}")?,
                None => write!(formatter, "  {name}={value}")?,
            }
        }
        formatter.write_str(plain)
    }
}

fn paint(level: &str) -> &'static str {
    match level {
        "ERROR" => "\x1b[31m",
        "WARN" => "\x1b[33m",
        "INFO" => "\x1b[32m",
        _ => "\x1b[36m",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> LogLine {
        LogLine {
            at_ms: 1_790_848_800_123,
            level: "INFO".to_owned(),
            target: "processor::store".to_owned(),
            function: Some("processor".to_owned()),
            request_id: None,
            message: "Stored a message".to_owned(),
            fields: BTreeMap::from([("attempt".to_owned(), Json::from(2)), ("kind".to_owned(), Json::from("text"))]),
        }
    }

    #[test]
    fn a_line_reads_well_alone() {
        let text = Readable { line: &line(), colour: false }.to_string();
        assert_eq!(text, "10:00:00.123 INFO  processor       Stored a message  attempt=2  kind=text");
    }

    #[test]
    fn lines_go_to_the_stack_whose_span_they_are_in() {
        install(Output::Silent);
        let (one, other) = (Registration::new(), Registration::new());
        tracing::info_span!("invocation", stack = one.stack, function = "send", request_id = "r-1")
            .in_scope(|| tracing::info!(attempt = 1, "Queued a reply"));
        let lines = one.book.lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].function.as_deref(), Some("send"));
        assert_eq!(lines[0].message, "Queued a reply");
        assert_eq!(lines[0].fields["attempt"], 1);
        assert!(other.book.lines().is_empty());
    }
}
