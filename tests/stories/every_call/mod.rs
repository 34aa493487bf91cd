//! Every call fails: each call to AWS or to Meta that a story makes is refused, throttled, answered into the void, or is the last that
//! its function makes, a run each. At the end nothing is lost, doubled, out of order or stuck, and no neighbour is hurt.
//!
//! A seeded sample is part of every test run. All of them, with a table for each story:
//! `BUZON_EVERY_CALL=all cargo test -p stories -- every_call --nocapture`. One of them again, by the name that the report gives it:
//! `BUZON_EVERY_CALL="sender UpdateItem 0 Late, send BatchGetItem 3 Refused" cargo test -p stories -- every_call::an_answer`.

mod connect;
mod erase;
mod fault;
mod patience;
mod place;
mod receive;
mod renew;
mod report;
mod rest;
mod send;
mod story;

use std::cell::Cell;
use std::time::Instant;

use futures::StreamExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use tokio::sync::Mutex;

use fault::Fault;
use patience::Patience;
use place::Place;
use report::Report;
use rest::rest;
use story::Story;

/// Of each story, so many runs with one fault and with two are part of every test run.
const SAMPLE: (usize, usize) = (8, 4);
/// So many runs with two faults are part of a whole run.
const ALL_PAIRS: usize = 100;
/// So many of a whole run's go side by side: they wait most of the time. Their worlds are made one by one, which is work.
const AT_ONCE: usize = 4;
const SEED: u64 = 20_261_130;

/// One thing that goes wrong: where, and how.
type Mishap = (Place, Fault);

#[tokio::test]
async fn a_webhook_is_stored_once_whatever_call_fails() {
    every_call_fails::<receive::Receive>().await;
}

#[tokio::test]
async fn an_answer_is_sent_once_and_in_order_whatever_call_fails() {
    every_call_fails::<send::Send>().await;
}

#[tokio::test]
async fn an_account_is_connected_once_whatever_call_fails() {
    every_call_fails::<connect::Connect>().await;
}

#[tokio::test]
async fn an_erasure_takes_everything_and_nothing_else_whatever_call_fails() {
    every_call_fails::<erase::Erase>().await;
}

#[tokio::test]
async fn a_token_is_renewed_whatever_call_fails() {
    every_call_fails::<renew::Renew>().await;
}

async fn every_call_fails<S: Story>() {
    let started = Instant::now();
    let (places, wrongs) = undisturbed::<S>().await;
    assert_eq!(wrongs, Vec::<String>::new(), "{}: wrong without any fault", S::NAME);
    let mut report = Report::new(S::NAME, places.len());
    let turn = Mutex::new(());
    let runs = chosen(&places).into_iter().map(async |mishaps| {
        let (reached, wrongs) = disturbed::<S>(&mishaps, &turn).await;
        (mishaps, reached, wrongs)
    });
    let mut runs = futures::stream::iter(runs).buffer_unordered(if is_whole() { AT_ONCE } else { 1 });
    while let Some((mishaps, reached, wrongs)) = runs.next().await {
        report.add(&mishaps, reached, wrongs);
    }
    println!("{report}\nin {} s", started.elapsed().as_secs());
    assert!(report.is_clean(), "{report}");
}

/// The calls that the story makes when nothing goes wrong, and what is wrong all the same.
async fn undisturbed<S: Story>() -> (Vec<Place>, Vec<String>) {
    let story = S::set_up(Patience::Usual).await;
    let world = story.world();
    world.stack.aws().calls().clear();
    world.meta("DELETE", "/calls", serde_json::Value::Null).await;
    story.tell().await;
    let _ = rest(world).await;
    let places = Place::all(world).await;
    story.go_on().await;
    let mut wrongs = rest(world).await.err().into_iter().collect::<Vec<_>>();
    wrongs.extend(story.wrongs(0).await);
    (places, wrongs)
}

/// Tells the story with mishaps; whether all of them happened, and what is wrong at the end. `turn` is whose world is made.
async fn disturbed<S: Story>(mishaps: &[Mishap], turn: &Mutex<()>) -> (bool, Vec<String>) {
    let is_late = mishaps.iter().any(|(_, fault)| fault.patience() == Patience::Little);
    let making = turn.lock().await;
    let story = S::set_up(if is_late { Patience::Little } else { Patience::Usual }).await;
    drop(making);
    let world = story.world();
    world.meta("DELETE", "/calls", serde_json::Value::Null).await;
    let mut armed = Vec::new();
    for (place, fault) in mishaps {
        armed.push(fault.arm(place, world).await);
    }
    let told = Cell::new(false);
    let telling = async {
        story.tell().await;
        let _ = rest(world).await;
        told.set(true);
    };
    let striking = futures::future::join_all(armed.iter().map(|armed| armed.strike(world, &told)));
    let ((), reached) = futures::join!(telling, striking);
    world.stack.aws().faults().clear();
    world.meta("DELETE", "/faults", serde_json::Value::Null).await;
    story.go_on().await;
    let mut wrongs = rest(world).await.err().into_iter().collect::<Vec<_>>();
    wrongs.extend(story.wrongs(mishaps.len()).await);
    (reached.into_iter().all(|reached| reached), wrongs)
}

/// What the command asks for in the place of a sample.
fn asked() -> Option<String> {
    std::env::var("BUZON_EVERY_CALL").ok().filter(|which| !which.is_empty())
}

fn is_whole() -> bool {
    asked().is_some_and(|which| which == "all")
}

/// The name of a run, in reports and for [`asked`].
fn name(mishaps: &[Mishap]) -> String {
    let names: Vec<String> = mishaps.iter().map(|(place, fault)| format!("{place} {fault:?}")).collect();
    names.join(", ")
}

/// The run of that name.
///
/// # Panics
///
/// When the story has no such call, or nothing of the kind can happen to it.
fn named(places: &[Place], name_of_run: &str) -> Vec<Mishap> {
    let mishap = |wanted: &str| {
        let mut all = places.iter().flat_map(|place| Fault::of(place).map(|fault| (place.clone(), fault)));
        let found = all.find(|mishap| name(std::slice::from_ref(mishap)) == wanted);
        found.unwrap_or_else(|| panic!("this story has no run with \"{wanted}\""))
    };
    name_of_run.split(", ").map(mishap).collect()
}

/// The runs of this test run: all of them, a sample that is the same each time, or the one that is asked for.
fn chosen(places: &[Place]) -> Vec<Vec<Mishap>> {
    if let Some(asked) = asked().filter(|which| which != "all") {
        return vec![named(places, &asked)];
    }
    // On a machine with other work whoever has little patience gives up without a fault.
    let is_fit = |fault: &Fault| is_whole() || fault.patience() == Patience::Usual;
    let of_place =
        |place: &Place| Fault::of(place).filter(is_fit).map(|fault| (place.clone(), fault)).collect::<Vec<_>>();
    let all: Vec<Mishap> = places.iter().flat_map(of_place).collect();
    let mut random = StdRng::seed_from_u64(SEED);
    let (singles, pairs) = if is_whole() { (all.len(), ALL_PAIRS) } else { SAMPLE };
    let mut ones: Vec<Vec<Mishap>> = all.iter().map(|mishap| vec![mishap.clone()]).collect();
    ones.shuffle(&mut random);
    ones.truncate(singles);
    let mut apart = || loop {
        let two: Vec<Mishap> = all.sample(&mut random, 2).cloned().collect();
        if !two[0].0.is_like(&two[1].0) {
            return two;
        }
    };
    let twos: Vec<_> = (0..pairs).map(|_| apart()).collect();
    ones.into_iter().chain(twos).collect()
}
