//! The scheduler, made visible: what tokio's multi-thread runtime counts of its workers.
//!
//! It is the G-M-P design that Go made known: tasks (G) on worker threads (M) with run queues of their own (P),
//! which steal from each other, share a global queue and hand blocking work off to other threads.

use std::time::Duration;

use tokio::runtime::Handle;

/// One worker's figures, since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worker {
    /// Times that it ran a task.
    pub tasks_run: u64,
    /// Tasks in its own queue now.
    pub queue_depth: usize,
    /// Tasks that it took from other workers' queues.
    pub steals: u64,
    /// Times that it went to sleep for want of work.
    pub parks: u64,
    /// Time that it was at work.
    pub busy: Duration,
}

/// The runtime's figures.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {
    /// Each worker.
    pub workers: Vec<Worker>,
    /// Tasks that exist.
    pub tasks_alive: usize,
    /// Tasks in the queue that all workers share.
    pub global_queue_depth: usize,
    /// Threads that do blocking work.
    pub blocking_threads: usize,
    /// Blocking work that waits for a thread.
    pub blocking_queue_depth: usize,
}

/// The figures of the runtime that the caller runs on; all zero outside of one.
#[allow(clippy::needless_update, reason = "without tokio_unstable, tokio shows less")]
pub fn figures() -> Scheduler {
    let Ok(handle) = Handle::try_current() else { return Scheduler::default() };
    let metrics = handle.metrics();
    let worker = |index: usize| Worker {
        parks: metrics.worker_park_count(index),
        busy: metrics.worker_total_busy_duration(index),
        #[cfg(tokio_unstable)]
        tasks_run: metrics.worker_poll_count(index),
        #[cfg(tokio_unstable)]
        queue_depth: metrics.worker_local_queue_depth(index),
        #[cfg(tokio_unstable)]
        steals: metrics.worker_steal_count(index),
        ..Worker::default()
    };
    Scheduler {
        workers: (0..metrics.num_workers()).map(worker).collect(),
        tasks_alive: metrics.num_alive_tasks(),
        global_queue_depth: metrics.global_queue_depth(),
        #[cfg(tokio_unstable)]
        blocking_threads: metrics.num_blocking_threads(),
        #[cfg(tokio_unstable)]
        blocking_queue_depth: metrics.blocking_queue_depth(),
        ..Scheduler::default()
    }
}
