//! Wires `lifecycle`.

use edge::{Setup, run_http, telemetry};
use lambda_http::Error;
use lifecycle::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("lifecycle").await;
    let app = App::new(&setup).await?;
    run_http(|request| handle(&app, request)).await
}
