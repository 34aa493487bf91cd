//! Serves the emulated AWS until Ctrl-C: `cargo run -p local-aws --example serve -- DATA_DIR [PORT]`.

use std::error::Error;

use local_aws::{Clock, LocalAws, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data_dir = arguments.next().ok_or("say where the data is to be")?.into();
    let port = arguments.next().map_or(Ok(4566), |port| port.parse())?;
    let aws = LocalAws::start(Settings { port, data_dir, clock: Clock::default(), transcript: None }).await?;
    println!("AWS_ENDPOINT_URL={}", aws.url());
    tokio::signal::ctrl_c().await?;
    aws.stop().await;
    Ok(())
}
