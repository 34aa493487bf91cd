//! How long a DM takes from Meta to an inbox that is open.

use std::time::{Duration, Instant};

use local_aws::Weather;
use serde_json::json;
use stories::{Browser, Socket, World};

/// How often Lambda looks for records of a stream.
const STREAM_POLL: Duration = Duration::from_millis(250);
/// What DMs come apart, at most: nothing is in step with those looks.
const APART: Duration = Duration::from_millis(300);
const ACCOUNT: &str = "luna.cafe";
const CONTACTS: [&str; 2] = ["ines.moreau", "kofi_mensah"];
/// The promise for nineteen of twenty, in milliseconds.
const GOAL_MS: u128 = 1000;

/// Sends DMs one after the other to an inbox that is told, and prints how long each took until the page had it.
pub(crate) async fn print(dms: usize) {
    let world = World::start_with(|settings| {
        settings.weather = Weather::fine();
        settings.stream_poll = STREAM_POLL;
    })
    .await;
    let ana = world.browser("ana");
    ana.connect("instagram", ACCOUNT).await;
    world.settle().await;
    let mut socket = ana.socket().await;
    let mut took = Vec::with_capacity(dms);
    for number in 0..dms {
        tokio::time::sleep(APART.mul_f64(f64::from(u32::try_from(number * 37 % 100).unwrap_or_default()) / 100.0))
            .await;
        took.push(one(&world, &ana, &mut socket, number).await.as_millis());
    }
    took.sort_unstable();
    let of_a_hundred = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    let (half, p95, longest) = (of_a_hundred(50), of_a_hundred(95), of_a_hundred(100));
    println!(
        "{dms} DMs, one after the other, from Meta's call to an inbox that is told (streams are read every {STREAM_POLL:?})"
    );
    println!("half within {half} ms, 95 % within {p95} ms, all within {longest} ms");
    println!("95 % within {GOAL_MS} ms: {}", if p95 < GOAL_MS { "yes" } else { "no" });
}

/// One DM: webhook, queue, processor, stream, publisher, socket, and the question that the page then asks.
async fn one(world: &World, ana: &Browser<'_>, socket: &mut Socket, number: usize) -> Duration {
    let text = format!("message {number}");
    let contact = CONTACTS[number % CONTACTS.len()];
    let sent = Instant::now();
    world.act(contact, ACCOUNT, json!({"kind": "text", "text": text})).await;
    loop {
        socket.told().await.expect("the socket stays open");
        let shown = ana.conversations().await;
        if shown.iter().any(|conversation| conversation["last_message"]["preview"] == text.as_str()) {
            return sent.elapsed();
        }
    }
}
