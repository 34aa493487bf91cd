//! Wires `eraser`.

use eraser::{App, handle};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("eraser").await;
    let app = App::new(&setup)?;
    edge::run_sqs(|event| handle(&app, event)).await
}
