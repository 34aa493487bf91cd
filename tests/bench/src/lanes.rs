//! How many lanes an account should have: what a rush of one or several tenants takes, and what it costs another.

use stories::{Rush, Waits, World};

/// Answers of each tenant, to as many contacts.
const ANSWERS: u32 = 77;
/// Just below the time after which a call is given up.
const SLOW_MS: u64 = 9_000;
/// Tenants in a rush at the same time.
const TENANTS: [u32; 4] = [1, 3, 6, 12];

/// Plays each rush with each number of lanes.
pub(crate) async fn print(numbers: &[u8]) {
    let world = World::start().await;
    println!(
        "{ANSWERS} answers to {ANSWERS} contacts that take {} s each; s until another tenant's goes out",
        SLOW_MS / 1000
    );
    print!("{:>5} {:>14} {:>9} {:>8}", "lanes", "calls at once", "all out", "held up");
    for tenants in TENANTS {
        print!(" {:>9}", format!("{tenants} tenants"));
    }
    println!();
    for &lanes in numbers {
        let mut waits = Vec::new();
        for tenants in TENANTS {
            waits.push(Rush { tenants, answers: ANSWERS, slow_ms: SLOW_MS, lanes }.play(&world).await);
        }
        print_row(lanes, &waits);
    }
}

fn print_row(lanes: u8, waits: &[Waits]) {
    let alone = waits[0];
    let chosen = if lanes == domain::LANES { "*" } else { "" };
    let lanes_shown = format!("{chosen}{lanes}");
    let held_up = format!("1/{lanes}");
    print!("{lanes_shown:>5} {:>14} {:>8}s {held_up:>8}", alone.calls_at_once, seconds(alone.rush_took_ms));
    for waits in waits {
        print!(" {:>9}", seconds(waits.other_waited_ms));
    }
    println!();
}

fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1000, ms % 1000 / 100)
}
