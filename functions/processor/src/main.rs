//! Wires `processor`.

use lambda_runtime::Error;
use processor::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("processor").await;
    let app = App::new(&setup)?;
    edge::run_sqs(|event| handle(&app, event)).await
}
