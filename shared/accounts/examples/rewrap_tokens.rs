//! Moves every token to the KMS key that `KMS_KEY_ID` names, inside KMS: no token becomes plain here. Running it again is
//! harmless; it ends well once no token needs another key. What it is for, and how it is run: `infra/guides/deploy.md`.

use std::process::ExitCode;

use accounts::Connector;
use accounts::rewrapping::Rewrapped;
use edge::Setup;
use edge::telemetry::Chain;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let setup = Setup::from_process("rewrap-tokens").await;
    let rewrapped = Connector::new(&setup)?.rewrap_all().await?;
    let is_whole = rewrapped.is_whole();
    let Rewrapped { moved, changed, failed } = rewrapped;
    for (tenant, account, failure) in &failed {
        eprintln!("{account} of {tenant}: {}", Chain(failure));
    }
    println!("{moved} tokens moved, {} not; {changed} connections were changed meanwhile", failed.len());
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
