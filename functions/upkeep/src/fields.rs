//! Looks at what Meta's dashboard delivers to our apps.

use std::collections::BTreeSet;

use accounts::RegistrationError;
use domain::{Channel, Login};
use store::StoreError;

use crate::app::App;

/// As many connections of a login show which channels are connected through it.
const SHOWN_BY: i32 = 200;
/// Every connection has its next appointment by then.
const YEAR_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Why the apps were not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FieldsError {
    #[error("the registrations could not be read")]
    Registration(#[from] RegistrationError),
    #[error("it is not known what is connected")]
    Store(#[from] StoreError),
}

/// Looks at each registered app for the channels that are connected through it, and tells the operator what is missing.
pub(crate) async fn look(app: &App) -> Result<(), FieldsError> {
    let now = app.clock.now_ms();
    let registered = app.connector.registrations.current(now.seconds()).await?;
    for login in Login::ALL {
        let Ok(graph) = registered.graph(login) else { continue };
        for channel in connected(app, login).await? {
            app.connector.fields.look(&graph, channel, now).await;
        }
    }
    Ok(())
}

async fn connected(app: &App, login: Login) -> Result<BTreeSet<Channel>, StoreError> {
    let until = app.clock.now().plus(YEAR_SECONDS);
    let latest = app.connector.connections.latest(login, until, SHOWN_BY).await?;
    Ok(latest.into_iter().map(|due| due.account.channel).collect())
}
