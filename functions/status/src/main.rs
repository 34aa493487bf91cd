//! `GET /api/integrations/status` and `GET /api/integrations/meta/{channel}/status`.

use edge::{Setup, run_http, telemetry};
use lambda_http::Error;
use status::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("status").await;
    let app = App::new(&setup)?;
    run_http(|request| handle(&app, request)).await
}
