//! Finds what is due and hands it over.

use std::time::Instant;

use domain::{Login, UnixSeconds};
use edge::telemetry::metric;
use store::{DueCursor, StoreError};
use tracing::info;

use crate::app::App;
use crate::queue::{Order, QueueError};

/// Connections of one page.
const PAGE: i32 = 500;

/// Why a scan did not go on. What it has not handed over is still due.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("what is due could not be read")]
    Store(#[from] StoreError),
    #[error("the rest of the scan was not queued")]
    Queue(#[from] QueueError),
}

/// A part of a scan.
pub(crate) struct Part {
    pub(crate) login: Login,
    pub(crate) due_at: UnixSeconds,
    pub(crate) cursor: Option<DueCursor>,
}

/// Scans both logins from the beginning.
pub(crate) async fn all(app: &App) -> Result<(), ScanError> {
    let until = Instant::now() + app.patience;
    for login in Login::ALL {
        scan(app, Part { login, due_at: app.clock.now(), cursor: None }, until).await?;
    }
    Ok(())
}

/// Goes on with a scan.
pub(crate) async fn part(app: &App, part: Part) -> Result<(), ScanError> {
    scan(app, part, Instant::now() + app.patience).await
}

/// Hands over page after page. When the time is up the rest becomes an order itself; at least one page is done, so that
/// every scan ends.
async fn scan(app: &App, part: Part, until: Instant) -> Result<(), ScanError> {
    let Part { login, due_at, mut cursor } = part;
    if app.connector.watch.find(login).await?.is_open() {
        info!(login = login.as_str(), "Meta refuses the app: nothing is handed over");
        return Ok(());
    }
    let (mut due, mut queued) = (0, 0);
    loop {
        let (page, next) = app.connector.connections.due(login, due_at, cursor, PAGE).await?;
        let orders: Vec<Order> = page.into_iter().map(|due| Order::Upkeep { due, login, probe: false }).collect();
        due += orders.len();
        queued += app.queue.send_all(&orders).await;
        cursor = next;
        if cursor.is_none() {
            break;
        }
        if Instant::now() >= until {
            app.queue.send(&Order::Scan { login, due_at, cursor }).await?;
            break;
        }
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    metric("upkeep_due", count(due), &[("login", login.as_str())]);
    metric("upkeep_not_queued", count(due - queued), &[("login", login.as_str())]);
    info!(login = login.as_str(), due, queued, "Handed over what is due");
    Ok(())
}
