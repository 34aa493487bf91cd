//! `GET /api/integrations/meta/{channel}/assets` and `POST …/select`.

use edge::{Setup, run_http, telemetry};
use lambda_http::Error;
use oauth_select::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let setup = Setup::from_process("oauth-select").await;
    let app = App::new(&setup)?;
    run_http(|request| handle(&app, request)).await
}
