//! Wires `live`.

use lambda_runtime::Error;
use live::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("live").await;
    let app = App::new(&setup)?;
    edge::run_event(|event| handle(&app, event)).await
}
