//! The thread that brings commits onto the disk and tidies up behind.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::store::Disk;

/// Wakes the thread.
#[derive(Default)]
pub struct Signal {
    is_raised: Mutex<bool>,
    raised: Condvar,
}

impl Signal {
    /// Has the thread look for work.
    pub fn wake(&self) {
        *self.is_raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.raised.notify_one();
    }

    fn wait(&self, at_most: Duration) {
        let guard = self.is_raised.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut guard, _) = self
            .raised
            .wait_timeout_while(guard, at_most, |is_raised| !*is_raised)
            .unwrap_or_else(PoisonError::into_inner);
        *guard = false;
    }
}

/// Starts the thread; it ends with the store.
pub fn start(disk: &Arc<Disk>) -> std::io::Result<()> {
    let disk = Arc::downgrade(disk);
    std::thread::Builder::new().name("disk-sync".to_owned()).spawn(move || run(&disk)).map(drop)
}

fn run(disk: &Weak<Disk>) {
    /// How long a tick is when nobody waits.
    const TICK: Duration = Duration::from_millis(100);
    /// And when somebody waits for memtables to be written out.
    const TICK_WHEN_STALLED: Duration = Duration::from_millis(2);
    const CLEANED_EVERY: Duration = Duration::from_secs(1);
    let Some(mut journal) = disk.upgrade().map(|disk| disk.journal()) else { return };
    let (mut synced, mut cleaned, mut ticked) = (Instant::now(), Instant::now(), Instant::now());
    let mut has_stalled = false;
    while let Some(disk) = disk.upgrade() {
        disk.signal().wait(if has_stalled { TICK_WHEN_STALLED } else { TICK });
        has_stalled = disk.release_stalled();
        if disk.is_closed() {
            return;
        }
        if disk.is_awaited() || disk.is_due(synced.elapsed()) {
            synced = Instant::now();
            // A failure has been logged, and is told to everyone who asks.
            let _ = disk.sync(&mut journal);
        }
        if ticked.elapsed() >= TICK {
            ticked = Instant::now();
            disk.look_at_room();
            disk.tidy();
        }
        if cleaned.elapsed() >= CLEANED_EVERY {
            cleaned = Instant::now();
            disk.close_graves();
            disk.bound_stream();
            disk.drop_replaced();
        }
    }
}
