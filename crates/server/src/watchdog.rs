//! Sees to it that one client's long command does not keep the others waiting while there is a worker at rest.
//!
//! One worker at rest waits for the sockets on behalf of all; the others sleep. When that one wakes up and gets a
//! command that takes long, nobody waits for the sockets until it is done. tokio can have it wake another whenever
//! it wakes up (`enable_eager_driver_handoff`), but that costs 15% more CPU time per command without pipelining
//! (measured with two workers). So it is done only when a batch does take long: a thread looks from time to time
//! which batches are still the same, and has a worker woken up, which then finds nothing to do and so goes to wait
//! for the sockets. While there is nothing to look at, the thread sleeps.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::server::Server;

/// How often it looks. A batch is long when it takes between one and two of these.
const PERIOD: Duration = Duration::from_millis(3);

/// After so many looks at nothing it goes to sleep.
const LOOKS_AT_NOTHING: u32 = 30;

/// It wakes up by itself after this long, to see whether the server is still there.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What the workers tell about their batches.
pub(crate) struct Watchdog {
    /// By worker, changed by it alone: odd while it executes a batch, and another number for each.
    batches: Vec<AtomicU64>,
    is_asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Watchdog {
    pub fn new(workers: usize) -> Watchdog {
        Watchdog {
            batches: (0..workers).map(|_| AtomicU64::new(0)).collect(),
            is_asleep: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    /// The worker begins a batch.
    #[inline]
    pub fn begin(&self, worker: usize) {
        let Some(batch) = self.batches.get(worker) else { return };
        // It is odd already where the batch before ended in a panic.
        batch.store((batch.load(Ordering::Relaxed) + 2) | 1, Ordering::Relaxed);
        if self.is_asleep.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// The worker has executed its batch.
    #[inline]
    pub fn end(&self, worker: usize) {
        let Some(batch) = self.batches.get(worker) else { return };
        batch.store(batch.load(Ordering::Relaxed) & !1, Ordering::Relaxed);
    }

    #[cold]
    fn wake(&self) {
        if let (true, Some(thread)) = (self.is_asleep.swap(false, Ordering::SeqCst), self.thread.get()) {
            thread.unpark();
        }
    }

    fn look(&self) -> Vec<u64> {
        self.batches.iter().map(|batch| batch.load(Ordering::SeqCst)).collect()
    }
}

/// Starts to look after the workers of the runtime that the caller runs on, if there are several.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn start(server: &Arc<Server>) -> std::io::Result<()> {
    if server.watchdog.batches.len() < 2 {
        return Ok(());
    }
    let (server, runtime) = (Arc::downgrade(server), Handle::current());
    std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(&server, &runtime))?;
    Ok(())
}

fn watch(server: &Weak<Server>, runtime: &Handle) {
    let mut before = Vec::new();
    // Those that somebody has been woken up for.
    let mut noted = Vec::new();
    let mut looks_at_nothing = 0;
    while let Some(server) = server.upgrade() {
        let watchdog = &server.watchdog;
        let now = watchdog.look();
        let is_long = |worker: usize| now[worker] % 2 == 1 && before.get(worker) == Some(&now[worker]);
        let long: Vec<(usize, u64)> =
            (0..now.len()).filter(|worker| is_long(*worker)).map(|worker| (worker, now[worker])).collect();
        if long.iter().any(|batch| !noted.contains(batch)) {
            runtime.spawn(async {});
            // The worker that is woken up frees what is allocated here.
            (server.allocator.tell)();
        }
        looks_at_nothing = if now == before && long.is_empty() { looks_at_nothing + 1 } else { 0 };
        (before, noted) = (now, long);
        if looks_at_nothing < LOOKS_AT_NOTHING {
            drop(server);
            std::thread::sleep(PERIOD);
            continue;
        }
        watchdog.thread.get_or_init(std::thread::current);
        watchdog.is_asleep.store(true, Ordering::SeqCst);
        // A batch that began just before the flag was raised has not seen it.
        if watchdog.look() == before {
            drop(server);
            std::thread::park_timeout(SLEEP_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watchdog;

    #[test]
    fn a_batch_is_odd_while_it_runs_and_never_the_same() {
        let watchdog = Watchdog::new(2);
        let mut seen = std::collections::BTreeSet::new();
        for round in 0..5 {
            watchdog.begin(1);
            let [idle, running] = watchdog.look()[..] else { panic!("two workers") };
            assert!(idle == 0 && running % 2 == 1 && seen.insert(running));
            // A batch that panics has no end.
            if round != 2 {
                watchdog.end(1);
                assert_eq!(watchdog.look()[1] % 2, 0);
            }
        }
        watchdog.begin(7);
        watchdog.end(7);
    }
}
