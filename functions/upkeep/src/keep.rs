//! Looks after the connections of a batch, side by side.

use accounts::{Kept, Occasion, Refusal, UpkeepError};
use domain::Login;
use domain::breaker::Seen;
use edge::telemetry::metric;
use store::{Due, StoreError};

use crate::app::App;
use crate::queue::{Order, QueueError};

/// Why a connection goes back to the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error("the connection was not looked after")]
    Upkeep(#[from] UpkeepError),
    #[error("the app's standing at Meta is not known")]
    Watch(#[from] StoreError),
    #[error("the scan was not queued that follows an outage")]
    Queue(#[from] QueueError),
}

/// Looks after one connection. While Meta refuses its app that is done by probes only; others stay due.
pub(crate) async fn keep(app: &App, due: &Due, login: Login, probe: bool) -> Result<(), KeepError> {
    let breaker = app.connector.watch.find(login).await?;
    if breaker.is_open() && !probe {
        metric("upkeep", 1, &[("outcome", "skipped")]);
        return Ok(());
    }
    let occasion = if probe { Occasion::CheckUp } else { Occasion::Due };
    let now = app.clock.now_ms();
    let kept = app.connector.look_after(due, occasion, now).await?;
    metric("upkeep", 1, &[("outcome", kept.as_str())]);
    match kept {
        Kept::Broken(problem) => metric("connections_broken", 1, &[("reason", problem.as_str())]),
        Kept::Released => metric("connections_broken", 1, &[("reason", Refusal::SUBSCRIPTION_FAILED.reason)]),
        _ => {}
    }
    if kept == Kept::AppRefused {
        app.connector.watch.refused(login, &due.tenant, Seen::InUpkeep, now).await?;
    } else if kept.was_served() && breaker.refusals > 0 && app.connector.watch.served(login, now).await? {
        // What was skipped meanwhile is due: it does not wait for the schedule.
        app.queue.send(&Order::Scan { login, due_at: now.seconds(), cursor: None }).await?;
    }
    Ok(())
}
