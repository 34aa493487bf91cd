//! What happens later: the plan's limit, and a token that renews itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    BoxError, Transcript, Unmet,
    client::{Browser, Client, text, until},
    story::require,
};

/// Half of a token's 60 days, and one more: it is renewed then.
const A_MONTH_MS: i64 = 31 * 24 * 60 * 60 * 1000;

pub(super) async fn play(transcript: &mut Transcript, client: &Client) -> Result<(), BoxError> {
    Transcript::chapter("Later: Marta of Taller Norte has the Starter plan")?;
    let marta = transcript.step("Marta signs in", client.sign_in("marta", "taller")).await?;
    transcript.step("The first account is connected", connects(&marta)).await?;
    transcript.step("A second one is refused: 403, with the plan that allows it", second_is_refused(&marta)).await?;
    let month = transcript.step("A month passes on every clock of the stack", passes(client)).await?;
    transcript.step("The token was renewed, and nobody did anything", is_renewed(client, month)).await
}

async fn connects(marta: &Browser<'_>) -> Result<(), Unmet> {
    marta.connect("instagram", "mara.paints").await?;
    require(marta.status().await?["connected"] == true, "connected is true")
}

async fn second_is_refused(marta: &Browser<'_>) -> Result<(), Unmet> {
    match marta.connect("instagram", "luna.cafe").await {
        Err(Unmet::Answer { status: 403, body, .. }) => {
            let problem: Value = serde_json::from_str(&body).unwrap_or_default();
            require(!text(&problem, "required_plan")?.is_empty(), "the problem names the plan that would allow it")
        }
        Err(other) => Err(other),
        Ok(_) => Err(Unmet::Not("the second account is refused".to_owned())),
    }
}

/// How often tokens had been renewed before.
async fn passes(client: &Client) -> Result<u64, Unmet> {
    let before = renewals(client).await?;
    client.meta(Method::POST, "/clock", Some(json!({ "advance_ms": A_MONTH_MS }))).await?;
    Ok(before)
}

async fn is_renewed(client: &Client, before: u64) -> Result<(), Unmet> {
    until(async || Ok((renewals(client).await? > before).then_some(()))).await?;
    let marta = client.sign_in("marta", "taller").await?; // the first token of hers has ended long ago
    let status = marta.status().await?;
    require(status["connections"][0]["status"] == "active", "the account is active")?;
    require(status["connections"][0]["notice"].is_null(), "and nothing is about to end")
}

async fn renewals(client: &Client) -> Result<u64, Unmet> {
    let calls = client.meta(Method::GET, "/calls?endpoint=refresh", None).await?;
    Ok(calls["counts"]["refresh"].as_u64().unwrap_or_default())
}
