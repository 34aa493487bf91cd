//! Wires `webhook-receive`.

use lambda_http::Error;
use webhook_receive::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("webhook-receive").await;
    let app = App::new(&setup)?;
    edge::run_http(|request| handle(&app, request)).await
}
