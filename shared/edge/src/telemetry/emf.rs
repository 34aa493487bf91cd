//! Metrics in CloudWatch's embedded metric format: a log line that CloudWatch also counts.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::fmt;
use std::io::Write as _;

use serde_json::{Map, Value, json};
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
        let line = format!("{}\n", metric.into_line(&self.function, self.clock.now_ms().get()));
        // A metric that cannot be written is lost: the request it counts must not be.
        let _ = self.writer.make_writer().write_all(line.as_bytes());
    }
}

#[derive(Default)]
struct Metric {
    name: String,
    value: u64,
    dimensions: Map<String, Value>,
}

impl Metric {
    fn into_line(self, function: &str, now_ms: i64) -> Value {
        let unit = if self.name.ends_with("_ms") { "Milliseconds" } else { "Count" };
        let names: Vec<&str> = std::iter::once("function").chain(self.dimensions.keys().map(String::as_str)).collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now_ms,
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [names],
                    "Metrics": [{ "Name": self.name, "Unit": unit }],
                }],
            },
            "function": function,
        });
        line[self.name] = self.value.into();
        for (dimension, kind) in self.dimensions {
            line[dimension] = kind;
        }
        line
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
    use super::*;
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
