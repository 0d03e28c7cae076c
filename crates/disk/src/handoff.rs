//! What others do while a command waits for the disk.
//!
//! A command runs on a worker that serves many connections. Before it reads what may not be in memory, the worker's
//! other work is handed to another thread, by a function that whoever runs the workers provides.

use std::sync::atomic::{AtomicU64, Ordering};

/// Runs what it is given, having seen to it that nothing else waits for this thread meanwhile.
pub type HandOver = fn(&mut dyn FnMut());

/// Hands work over, and counts.
#[derive(Default)]
pub struct Handoff {
    hand_over: Option<HandOver>,
    count: AtomicU64,
}

impl Handoff {
    pub fn new(hand_over: Option<HandOver>) -> Handoff {
        Handoff { hand_over, count: AtomicU64::new(0) }
    }

    /// Runs `wait`, which may wait for the disk.
    pub fn around<R>(&self, wait: impl FnOnce() -> R) -> R {
        let Some(hand_over) = self.hand_over else { return wait() };
        self.count.fetch_add(1, Ordering::Relaxed);
        let (mut wait, mut result) = (Some(wait), None);
        hand_over(&mut || result = wait.take().map(|wait| wait()));
        match result {
            Some(result) => result,
            None => unreachable!("what is handed over is run"),
        }
    }

    /// How often something may have waited for the disk.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
