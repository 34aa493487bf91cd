//! Metrics in CloudWatch's embedded metric format: a log line that CloudWatch also counts.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Layer};

use crate::clock::Clock;

const NAMESPACE: &str = "Buzon";

/// Prints each metric event as one line.
pub(super) struct MetricLines<W> {
    function: String,
    clock: Clock,
    writer: W,
}

impl<W> MetricLines<W> {
    /// The function's name is a dimension of every metric.
    pub(super) const fn new(function: String, writer: W) -> Self {
        Self { function, clock: Clock::System, writer }
    }
}

impl<S, W> Layer<S> for MetricLines<W>
where
    S: Subscriber,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut metric = Metric::default();
        event.record(&mut metric);
        // A metric that cannot be written is lost: the request it counts must not be.
        if let Ok(line) = metric.line(&self.function, self.clock.now_ms().get()) {
            let _ = self.writer.make_writer().write_all(&line);
        }
    }
}

#[derive(Default)]
struct Metric {
    name: String,
    value: u64,
    dimensions: BTreeMap<String, String>,
}

/// What tells CloudWatch which members of the line are a metric.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directives<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [Vec<&'a str>; 1],
    metrics: [Definition<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'static str,
}

impl Metric {
    /// Written member by member: every request has such a line, and a tree of values for it would cost more than the line.
    fn line(&self, function: &str, now_ms: i64) -> serde_json::Result<Vec<u8>> {
        let unit = if self.name.ends_with("_ms") { "Milliseconds" } else { "Count" };
        let names = std::iter::once("function").chain(self.dimensions.keys().map(String::as_str)).collect();
        let metrics = [Definition { name: &self.name, unit }];
        let directive = Directive { namespace: NAMESPACE, dimensions: [names], metrics };
        let mut line = Vec::with_capacity(512);
        let mut serializer = serde_json::Serializer::new(&mut line);
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("_aws", &Directives { timestamp: now_ms, cloud_watch_metrics: [directive] })?;
        members.serialize_entry("function", function)?;
        members.serialize_entry(&self.name, &self.value)?;
        for (dimension, kind) in &self.dimensions {
            members.serialize_entry(dimension, kind)?;
        }
        members.end()?;
        line.push(b'\n');
        Ok(line)
    }
}

impl Visit for Metric {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "metric" => value.clone_into(&mut self.name),
            "dimensions" => self.dimensions = serde_json::from_str(value).unwrap_or_default(),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "value" {
            self.value = value;
        }
    }

    /// Metrics have no field of another type.
    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::telemetry::metric;
    use crate::telemetry::tests::printed;

    #[test]
    fn a_metric_is_one_line_that_cloudwatch_counts() {
        let lines = printed(|| metric("signature_refused", 2, &[("reason", "missing")]));

        let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Buzon");
        assert_eq!(directive["Dimensions"], json!([["function", "reason"]]));
        assert_eq!(directive["Metrics"], json!([{ "Name": "signature_refused", "Unit": "Count" }]));
        assert!(line["_aws"]["Timestamp"].as_i64().is_some_and(|millis| millis > 1_700_000_000_000), "{line}");
        assert_eq!(line["signature_refused"], 2);
        assert_eq!(line["function"], "webhook-receive");
        assert_eq!(line["reason"], "missing");
    }

    #[test]
    fn a_duration_is_counted_in_milliseconds() {
        let lines = printed(|| metric("send_ms", 120, &[]));
        assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"], "Milliseconds");
        assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["function"]]));
    }
}
