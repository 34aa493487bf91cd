//! What Meta may send, of every kind, in every envelope, with every kind of time, again and again: held against what it says.
//!
//! The generator follows Meta's documents and what others have seen, and knows nothing of our readers. It keeps its own
//! account of what was said; at the end nothing of that is missing, nothing is there twice, and nothing else was counted.

mod bodies;
mod shapes;
mod times;
mod truth;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use stories::{Browser, World};

use self::bodies::Round;
use self::shapes::Generator;
use self::truth::Truth;
use crate::util::{LUNA, account_of, dead_letters};

/// How many deliveries of events a run has where nobody asks for another number: a tenth of a whole run.
const DELIVERIES: usize = 1_300;

/// Every event is delivered at once, after ten minutes, and after a day and a half.
const ROUNDS_MS: [i64; 3] = [0, 10 * 60_000, 35 * 60 * 60_000];

/// Within this time something happens to what waits.
const A_WHILE: Duration = Duration::from_mins(2);

/// How often Meta may try.
const TRIES: usize = 20;

/// A number from the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test]
async fn whatever_meta_may_send_is_lost_nowhere_and_counted_once() {
    let world = World::start().await;
    let (ana, marta) = (world.browser("ana"), world.browser("marta"));
    ana.connect("instagram", LUNA).await;
    marta.connect("instagram", "mara.paints").await;
    let deliveries =
        number("BUZON_DELIVERIES").map_or(DELIVERIES, |asked| usize::try_from(asked).unwrap_or(DELIVERIES));
    let seed = number("BUZON_SEED").unwrap_or(7);
    let mut random = StdRng::seed_from_u64(seed);
    let accounts = [account_of(&ana).await, account_of(&marta).await];
    let now = world.stack.clock().now_ms();
    let generator = Generator::new(&mut random, &accounts, now - 60 * 60_000);
    let (events, truth) = generator.make(deliveries / ROUNDS_MS.len());
    let started = Instant::now();
    let mut bodies = 0;
    for later in ROUNDS_MS {
        world.stack.clock().advance(later);
        let mut events = events.clone();
        events.shuffle(&mut random);
        for body in Round::new(&mut random, world.stack.clock().now_ms(), later > 0).bodies(events) {
            deliver(&world, body).await;
            bodies += 1;
        }
        at_rest(&world).await;
    }
    println!(
        "seed {seed}: {} events delivered {} times in {bodies} bodies, {:.1} s",
        events.len(),
        ROUNDS_MS.len(),
        started.elapsed().as_secs_f64()
    );
    assert_eq!(dead_letters(&world), 0);
    for (person, account) in ["ana", "marta"].into_iter().zip(&accounts) {
        assert_told(&world.browser(person), account, &truth).await;
    }
}

/// Waits until everything has come to rest, for as long as that comes nearer: thousands of messages take a slow machine a while.
async fn at_rest(world: &World) {
    let mut left = usize::MAX;
    while let Err(busy) = world.stack.wait_idle(A_WHILE).await {
        assert!(busy.messages < left, "{busy}, and it does not get less");
        left = busy.messages;
    }
}

/// Delivers as Meta does, again and again until it is told 200: on a slow machine the function may run into its timeout.
async fn deliver(world: &World, body: String) {
    let body = body.into_bytes();
    let signature = world.sign(local::Login::Instagram, &body);
    for _ in 0..TRIES {
        let answer = world.post_webhook(body.clone(), Some(&signature)).await;
        if answer.status == 200 {
            return;
        }
        assert!([500, 503].contains(&answer.status), "{}", answer.body);
        at_rest(world).await;
    }
    panic!("a delivery was refused {TRIES} times");
}

/// The person's inbox is what was said to the account, and nothing else.
async fn assert_told(person: &Browser<'_>, account: &str, truth: &Truth) {
    let shown = truth::shown(person).await;
    let told = truth.of(account);
    for (contact, told) in &told {
        assert_eq!(shown.get(contact), Some(told), "contact {contact} of {account}");
    }
    assert_eq!(shown.len(), told.len(), "conversations that nobody began");
}
