//! Finds out whether Meta serves an app again.

use domain::Login;
use domain::upkeep::CHECK_UP_SECONDS;
use tracing::{info, warn};

use crate::app::App;
use crate::queue::Order;
use crate::scan::ScanError;

/// So many connections are asked for at once: some of them may be refused alone.
const PROBES: usize = 5;

/// Of so many that worked last. Which ones is left to chance: those whose refusals ended it all have their appointments close
/// together, and nothing moves while it lasts.
const AMONG: i32 = 200;

/// Sends a few connections of each refused app to Meta, if it is time for that.
pub(crate) async fn all(app: &App) -> Result<(), ScanError> {
    for login in Login::ALL {
        if app.connector.watch.take_probe(login, app.clock.now_ms()).await? {
            probe(app, login).await?;
        }
    }
    Ok(())
}

/// Asks for a few of those that worked last, due or not: what has failed before says little about the app.
async fn probe(app: &App, login: Login) -> Result<(), ScanError> {
    let next_hour = app.clock.now().plus(CHECK_UP_SECONDS);
    let latest = app.connector.connections.latest(login, next_hour, AMONG).await?;
    if latest.is_empty() {
        warn!(login = login.as_str(), "No connection is left to probe with");
    }
    let chosen = fastrand::choose_multiple(latest, PROBES);
    let orders: Vec<Order> = chosen.into_iter().map(|due| Order::Upkeep { due, login, probe: true }).collect();
    let queued = app.queue.send_all(&orders).await;
    info!(login = login.as_str(), queued, "Probes whether Meta serves the app again");
    Ok(())
}
