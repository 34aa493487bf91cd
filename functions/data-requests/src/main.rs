//! Wires `data-requests`.

use data_requests::{App, handle};
use edge::{Setup, run_http, telemetry};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("data-requests").await;
    let app = App::new(&setup)?;
    run_http(|request| handle(&app, request)).await
}
