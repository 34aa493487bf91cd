//! `cargo dev token PERSON`.

use clap::Args;
use serde_json::{Value, json};

use super::{BoxError, NotRunning, UpOptions, say};

#[derive(Args, Debug)]
pub(super) struct TokenOptions {
    /// A sample person: ana, luis, marta, eva, robot or olivia
    person: String,
}

pub(super) async fn run(options: &TokenOptions, stack: &UpOptions) -> Result<(), BoxError> {
    let issuer = format!("http://127.0.0.1:{}", stack.issuer_port);
    let asked =
        reqwest::Client::new().post(format!("{issuer}/token/sample")).json(&json!({ "person": options.person }));
    let answer: Value = asked.send().await.map_err(NotRunning::at(&issuer))?.json().await?;
    match answer["access_token"].as_str() {
        Some(token) => say(token)?,
        None => {
            return Err(
                format!("there is no sample person `{}`; there are {}", options.person, answer["people"]).into()
            );
        }
    }
    Ok(())
}
