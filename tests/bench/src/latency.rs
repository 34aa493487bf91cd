//! How long a DM takes through the whole local stack: from Meta's call to the tenant's list.

use std::time::{Duration, Instant};

use serde_json::json;
use stories::World;

use crate::Failure;
use crate::measure::quantile;

/// Messages, one after another.
const MESSAGES: usize = 40;
/// Longer than any message takes.
const AT_MOST: Duration = Duration::from_secs(20);

/// Median and slowest of some messages.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct ToInbox {
    pub(crate) p50_ms: f64,
    pub(crate) slowest_ms: f64,
}

/// Measures with the functions as libraries and their queues; waiting for the list is part of it.
pub(crate) async fn webhook_to_inbox() -> Result<ToInbox, Failure> {
    let world = World::start().await;
    let ana = world.browser("ana");
    ana.connect("instagram", "luna.cafe").await;
    let mut took = Vec::new();
    for number in 0..MESSAGES {
        let text = format!("Mensaje {number}");
        let started = Instant::now();
        world.act("ines.moreau", "luna.cafe", json!({"kind": "text", "text": text})).await;
        while ana.conversations().await.first().is_none_or(|newest| newest["last_message"]["preview"] != json!(text)) {
            if started.elapsed() > AT_MOST {
                return Err("a message did not reach the inbox".into());
            }
        }
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    Ok(ToInbox { p50_ms: ms(quantile(&took, 0.5)), slowest_ms: ms(quantile(&took, 1.0)) })
}
