//! `GET /api/integrations/meta/{channel}/callback`.

use edge::{Setup, run_http, telemetry};
use lambda_http::Error;
use oauth_callback::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("oauth-callback").await;
    let app = App::new(&setup)?;
    run_http(|request| handle(&app, request)).await
}
