use std::time::Duration;

use stories::World;

/// A step of the clock while something waits, in milliseconds, and how many of them at most: seven hours.
const STEP_MS: i64 = 2 * 60_000;
const STEPS: usize = 210;
/// Work that goes on without the clock is over by then, or goes on after the next step.
const A_MOMENT: Duration = Duration::from_millis(400);

/// Lets everything come to rest, and moves the clock while something waits for it; says what never rests.
pub(super) async fn rest(world: &World) -> Result<(), String> {
    let mut left = String::new();
    for _ in 0..STEPS {
        match world.stack.wait_idle(A_MOMENT).await {
            Ok(()) => return Ok(()),
            Err(busy) => left = busy.to_string(),
        }
        // What is late is late by moments.
        if world.stack.late_calls() == 0 {
            world.stack.clock().advance(STEP_MS);
        }
    }
    Err(format!("it never comes to rest: {left}"))
}
