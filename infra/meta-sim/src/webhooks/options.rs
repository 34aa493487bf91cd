//! How webhooks are delivered, for everybody: the control API changes it.

use serde::{Deserialize, Serialize};

/// Delivery settings. Times are real milliseconds, not simulated ones, so that nobody waits for Meta's 36 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// How long events are collected into one body.
    pub(crate) batch_window_ms: u64,
    /// Most events in one body; Meta's limit is 1000.
    pub(crate) batch_max: usize,
    /// How many times each body is delivered in addition.
    pub(crate) duplicates: usize,
    /// Events of a batch, and the bodies, are delivered in random order.
    pub(crate) shuffle: bool,
    /// Nothing is delivered until released.
    pub(crate) hold: bool,
    /// Waits before the second, third, … attempt; after the last one the body is dropped.
    pub(crate) retry_delays_ms: Vec<u64>,
    /// An answer later than this counts as none.
    pub(crate) timeout_ms: u64,
    pub(crate) echo: EchoTiming,
    /// For [`EchoTiming::After`] and [`EchoTiming::Delayed`].
    pub(crate) echo_delay_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch_window_ms: 0,
            batch_max: 1,
            duplicates: 0,
            shuffle: false,
            hold: false,
            retry_delays_ms: vec![0, 500, 2_000, 5_000, 15_000, 60_000],
            timeout_ms: 5_000,
            echo: EchoTiming::After,
            echo_delay_ms: 40,
        }
    }
}

/// When the echo of a sent message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EchoTiming {
    /// Delivered before the Send API answers.
    Before,
    /// Shortly after the answer.
    After,
    /// `echo_delay_ms` after the answer; the same as `after` with a delay of one's own.
    Delayed,
    Never,
}
