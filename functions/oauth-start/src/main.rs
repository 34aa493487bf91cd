//! `POST /api/integrations/meta/{channel}/start`.

use edge::{Setup, run_http, telemetry};
use lambda_http::Error;
use oauth_start::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("oauth-start").await;
    let app = App::new(&setup)?;
    run_http(|request| handle(&app, request)).await
}
