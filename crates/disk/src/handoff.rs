//! What others do while a command waits for the disk.
//!
//! A command runs on a worker that serves many connections. Before it reads what may not be in memory, the worker's
//! other work is handed to another thread, by a function that whoever runs the workers provides.

/// Runs what it is given, having seen to it that nothing else waits for this thread meanwhile.
pub type HandOver = fn(&mut dyn FnMut());

/// Hands work over, where there is a function for it.
#[derive(Default)]
pub struct Handoff(pub Option<HandOver>);

impl Handoff {
    /// Runs `wait`, which may wait for the disk.
    pub fn around<R>(&self, wait: impl FnOnce() -> R) -> R {
        let Some(hand_over) = self.0 else { return wait() };
        let (mut wait, mut result) = (Some(wait), None);
        hand_over(&mut || result = wait.take().map(|wait| wait()));
        match result {
            Some(result) => result,
            None => unreachable!("what is handed over is run"),
        }
    }
}
