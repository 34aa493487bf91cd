//! Wires `inbox`.

use inbox::{App, handle};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("inbox").await;
    let app = App::new(&setup)?;
    edge::run_http(|request| handle(&app, request)).await
}
