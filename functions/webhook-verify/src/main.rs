//! Wires `webhook-verify`.

use lambda_http::Error;
use webhook_verify::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("webhook-verify").await;
    let app = App::new(&setup)?;
    edge::run_http(|request| handle(&app, request)).await
}
