//! `cargo dev token PERSON`.

use clap::Args;
use serde_json::{Value, json};

use super::{BoxError, NotRunning, UpOptions, say};

#[derive(Args, Debug)]
pub(super) struct TokenOptions {
    /// A sample person: ana, luis, marta, eva, robot or olivia
    person: String,
    /// Prints what renews the person's tokens instead, where the provider gives that
    #[arg(long)]
    refresh: bool,
}

pub(super) async fn run(options: &TokenOptions, stack: &UpOptions) -> Result<(), BoxError> {
    let issuer = format!("http://127.0.0.1:{}", stack.issuer_port);
    let asked =
        reqwest::Client::new().post(format!("{issuer}/token/sample")).json(&json!({ "person": options.person }));
    let answer: Value = asked.send().await.map_err(NotRunning::at(&issuer))?.json().await?;
    if !answer["people"].is_null() {
        return Err(format!("there is no sample person `{}`; there are {}", options.person, answer["people"]).into());
    }
    let token = if options.refresh { &answer["refresh_token"] } else { &answer["access_token"] };
    match token.as_str() {
        Some(token) => Ok(say(token)?),
        None => Err("this provider gives no refresh token: start with `--issuer`, and another than google".into()),
    }
}
