//! Looks at what Meta's dashboard delivers to our apps.

use accounts::RegistrationError;
use domain::Login;

use crate::app::App;

/// Looks at each registered app, and tells the operator what is missing.
pub(crate) async fn look(app: &App) -> Result<(), RegistrationError> {
    let now = app.clock.now_ms();
    let registered = app.connector.registrations.current(now.seconds()).await?;
    for login in Login::ALL {
        if let Ok(graph) = registered.graph(login) {
            app.connector.fields.look(&graph, now).await;
        }
    }
    Ok(())
}
