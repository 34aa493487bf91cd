//! Finds out whether Meta serves an app again.

use domain::{Login, UnixSeconds};
use tracing::{info, warn};

use crate::handler::App;
use crate::queue::Order;
use crate::scan::ScanError;

/// After any appointment: the one that comes first is asked for, due or not.
const EVER: UnixSeconds = UnixSeconds::new(i64::MAX / 1000);

/// Sends one connection of each refused app to Meta, if it is time for that.
pub(crate) async fn all(app: &App) -> Result<(), ScanError> {
    for login in [Login::Instagram, Login::Facebook] {
        if app.watch.take_probe(login, app.clock.now_ms()).await? {
            probe(app, login).await?;
        }
    }
    Ok(())
}

async fn probe(app: &App, login: Login) -> Result<(), ScanError> {
    let (found, _) = app.connector.connections().due(login, EVER, None, 1).await?;
    let Some(due) = found.into_iter().next() else {
        warn!(login = login.as_str(), "No connection is left to probe with");
        return Ok(());
    };
    info!(login = login.as_str(), account = %due.ig_user_id, "Probes whether Meta serves the app again");
    app.queue.send(&Order::Keep { due, login, probe: true }).await?;
    Ok(())
}
