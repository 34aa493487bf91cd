//! The upkeep of one connection.

use accounts::{Occasion, Refusal, UpkeepError, UpkeepOutcome};
use domain::Login;
use domain::breaker::Seen;
use edge::telemetry::metric;
use store::{Due, StoreError};

use crate::app::App;
use crate::queue::{Order, QueueError};

/// Why a connection goes back to the queue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("the upkeep of the connection failed")]
    Upkeep(#[from] UpkeepError),
    #[error("the app's standing at Meta is not known")]
    Watch(#[from] StoreError),
    #[error("the scan was not queued that follows an outage")]
    Queue(#[from] QueueError),
}

/// Renews and checks one connection. While Meta refuses its app that is done by probes only; others stay due.
pub(crate) async fn upkeep(app: &App, due: &Due, login: Login, probe: bool) -> Result<(), ConnectionError> {
    let breaker = app.connector.watch.find(login).await?;
    if breaker.is_open() && !probe {
        metric("upkeep", 1, &[("outcome", "skipped")]);
        return Ok(());
    }
    let occasion = if probe { Occasion::CheckUp } else { Occasion::Due };
    let now = app.clock.now_ms();
    let outcome = app.connector.upkeep(due, occasion, now).await?;
    metric("upkeep", 1, &[("outcome", outcome.as_str())]);
    match outcome {
        UpkeepOutcome::Broken(problem) => metric("connections_broken", 1, &[("reason", problem.as_str())]),
        UpkeepOutcome::Released => metric("connections_broken", 1, &[("reason", Refusal::SUBSCRIPTION_FAILED.reason)]),
        _ => {}
    }
    if outcome == UpkeepOutcome::AppRefused {
        app.connector.watch.refused(login, &due.tenant, Seen::InUpkeep, now).await?;
    } else if outcome.was_served() && breaker.refusals > 0 && app.connector.watch.served(login, now).await? {
        // What was skipped meanwhile is due: it does not wait for the schedule.
        app.queue.send(&Order::Scan { login, due_at: now.seconds(), cursor: None }).await?;
    }
    Ok(())
}
