//! What was asked and answered, word for word, for others to judge: somebody else's emulator, and AWS's own models.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::clock::Clock;
use crate::describe::Call;
use crate::error::Answer;

/// The file, if there is to be one: a line of JSON for each call.
///
/// `DynamoDB`'s calls are as its store saw and answered them, in the order in which it did: what the weather and faults
/// made of them is not here. The other services' calls are as their callers saw them.
#[derive(Debug)]
pub(crate) struct Transcript(Option<Arc<Mutex<Pen>>>);

/// The right to write the next line.
#[derive(Debug)]
pub(crate) struct Pen {
    file: File,
    clock: Clock,
}

impl Transcript {
    pub(crate) fn open(file: Option<&Path>, clock: &Clock) -> io::Result<Self> {
        let pen = |file| {
            let file = OpenOptions::new().create(true).append(true).open(file)?;
            Ok(Arc::new(Mutex::new(Pen { file, clock: clock.clone() })))
        };
        file.map(pen).transpose().map(Self)
    }

    /// Waits until nobody else writes; `None` where nothing is. What is done in the meantime is in the order of the file.
    pub(crate) async fn turn(&self) -> Option<OwnedMutexGuard<Pen>> {
        match &self.0 {
            Some(pen) => Some(Arc::clone(pen).lock_owned().await),
            None => None,
        }
    }

    /// As [`Self::turn`], for a thread that may block.
    pub(crate) fn blocking_turn(&self) -> Option<OwnedMutexGuard<Pen>> {
        self.0.as_ref().map(|pen| Arc::clone(pen).blocking_lock_owned())
    }
}

impl Pen {
    /// Writes a call with the body that was sent and the answer.
    pub(crate) fn write(&mut self, call: &Call, body: &[u8], answer: &Answer) {
        let target = call.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let request = serde_json::from_slice(body).unwrap_or(Value::Null);
        let (status, answer) = match answer {
            Ok(answer) => (200, answer),
            Err(error) => (error.status, &error.body),
        };
        self.line(&json!({
            "target": target,
            "function": call.function,
            "at_ms": self.clock.now_ms(),
            "request": request,
            "status": status,
            "answer": answer,
        }));
    }

    /// Writes that so many items were deleted because they expired before a time, in seconds since the Unix epoch.
    pub(crate) fn write_expiry(&mut self, before: u64, deleted: usize) {
        self.line(&json!({ "target": "expiry", "before": before, "deleted": deleted }));
    }

    fn line(&mut self, line: &Value) {
        if let Err(error) = self.file.write_all(format!("{line}\n").as_bytes()) {
            tracing::error!(%error, "The transcript lacks a call");
        }
    }
}
