//! Wires `endpoints`.

use endpoints::{App, handle};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("endpoints").await;
    let app = App::new(&setup)?;
    edge::run_http(|request| handle(&app, request)).await
}
