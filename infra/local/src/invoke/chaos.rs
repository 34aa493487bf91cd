//! Execution environments that die at a moment nobody chose.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::InvokeError;

/// How often functions are killed, and the seed that decides when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chaos {
    /// The same seed throws the same dice.
    pub seed: u64,
    /// The share of invocations that die, from 0 to 1.
    pub probability: f64,
}

/// A doomed invocation dies at one of its first so many steps, or after its last one, before its answer is heard.
const MOST_STEPS: u32 = 40;
/// A step that waits for something that never comes ends here.
const MOST_PATIENCE: Duration = Duration::from_millis(500);

/// Decides for each invocation.
pub(super) struct Dice {
    random: StdRng,
    probability: f64,
}

/// After so many steps an invocation dies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doom(u32);

impl Dice {
    pub(super) fn new(chaos: Chaos) -> Self {
        Self { random: StdRng::seed_from_u64(chaos.seed), probability: chaos.probability.clamp(0.0, 1.0) }
    }

    pub(super) fn throw(&mut self) -> Option<Doom> {
        let doomed = self.random.random_bool(self.probability);
        doomed.then(|| Doom(self.random.random_range(0..=MOST_STEPS)))
    }
}

/// A future that may die: it is dropped at an await point, as a killed process stops between two calls.
pub(super) struct Mortal<F> {
    work: Option<Pin<Box<F>>>,
    steps_left: Option<u32>,
    patience: Pin<Box<tokio::time::Sleep>>,
}

impl<F> Mortal<F> {
    pub(super) fn new(work: F, doom: Option<Doom>) -> Self {
        let patience = Box::pin(tokio::time::sleep(MOST_PATIENCE));
        Self { work: Some(Box::pin(work)), steps_left: doom.map(|Doom(steps)| steps), patience }
    }
}

impl<F, T> Future for Mortal<F>
where
    F: Future<Output = Result<T, InvokeError>>,
{
    type Output = Result<T, InvokeError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mortal = &mut *self;
        let Some(work) = mortal.work.as_mut() else { return Poll::Ready(Err(InvokeError::Killed)) };
        let Some(steps_left) = mortal.steps_left.as_mut() else { return work.as_mut().poll(context) };
        let impatient = mortal.patience.as_mut().poll(context).is_ready();
        if *steps_left == 0 || impatient || work.as_mut().poll(context).is_ready() {
            mortal.work = None;
            return Poll::Ready(Err(InvokeError::Killed));
        }
        *steps_left -= 1;
        Poll::Pending
    }
}
