//! Wires the function that serves the pages and the web components.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    edge::telemetry::init();
    let app = web::App::new(&edge::Setup::from_process("web").await)?;
    edge::run_http(|request| web::handle(&app, request)).await
}
