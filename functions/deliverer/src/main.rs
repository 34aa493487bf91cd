//! Wires `deliverer`.

use deliverer::{App, handle};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    edge::telemetry::init();
    let setup = edge::Setup::from_process("deliverer").await;
    let app = App::new(&setup)?;
    edge::run_event(|event| handle(&app, event)).await
}
