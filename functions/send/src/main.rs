//! Wires `send`.

use lambda_http::Error;
use send::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("send").await;
    let app = App::new(&setup)?;
    edge::run_http(|request| handle(&app, request)).await
}
