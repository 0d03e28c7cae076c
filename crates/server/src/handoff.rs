//! Waiting for the disk without keeping others waiting.
//!
//! A command runs on a worker with many connections. tokio can hand the worker's other tasks to another thread first
//! (`block_in_place`), but to do so before every read from the store costs 16 us of CPU time for each unpipelined
//! command and most of the throughput (HGET at -P 1 with one worker: 29 us and 13,000 a second, against 13 us and
//! 74,000 without), while most reads find their block in memory. So a read is handed off while reads are slow: from
//! the first one that had to wait for the disk until [`QUICK_READS`] in a row did not. What that leaves is one read
//! at a time that keeps its worker for as long as the disk takes, after a row of reads from memory.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::process::blocks_read;

/// After so many reads that did not wait for the disk, the next ones are not expected to either.
const QUICK_READS: u32 = 64;

/// A read from memory does not take longer, unless the thread was interrupted.
const QUICK_NS: u64 = 50_000;

/// A read that takes longer has waited, whatever the system counts.
const SLOW_NS: u64 = 5_000_000;

/// Reads in a row that did not wait for the disk, up to [`QUICK_READS`].
static QUICK_IN_A_ROW: AtomicU32 = AtomicU32::new(QUICK_READS);

/// Reads that were handed off, and reads that waited for the disk without having been.
static HANDED_OFF: AtomicU64 = AtomicU64::new(0);
static WAITED: AtomicU64 = AtomicU64::new(0);

/// By how much every read is slowed down, in microseconds: `DEBUG DISK-READ-DELAY`.
static DELAY_US: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What the system had counted of this thread's reads from the disk when last asked.
    static BLOCKS_READ: Cell<u64> = const { Cell::new(0) };
}

/// Runs `work`, which may have to wait for the disk, on the calling worker; another thread goes on with the worker's
/// other tasks where a wait is to be expected.
pub fn hand_over(work: &mut dyn FnMut()) {
    if QUICK_IN_A_ROW.load(Ordering::Relaxed) >= QUICK_READS {
        if timed(work) {
            WAITED.fetch_add(1, Ordering::Relaxed);
            QUICK_IN_A_ROW.store(0, Ordering::Relaxed);
        }
        return;
    }
    HANDED_OFF.fetch_add(1, Ordering::Relaxed);
    if tokio::task::block_in_place(|| timed(work)) {
        QUICK_IN_A_ROW.store(0, Ordering::Relaxed);
    } else {
        QUICK_IN_A_ROW.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs `work` and says whether it waited for the disk.
fn timed(work: &mut dyn FnMut()) -> bool {
    let mut stopwatch = Stopwatch::start();
    let delay_us = DELAY_US.load(Ordering::Relaxed);
    if delay_us > 0 {
        std::thread::sleep(Duration::from_micros(delay_us));
    }
    work();
    let elapsed_ns = stopwatch.lap_ns();
    elapsed_ns > QUICK_NS && (elapsed_ns > SLOW_NS || has_read_blocks())
}

/// Whether this thread has read from the disk since the last time.
#[cold]
fn has_read_blocks() -> bool {
    let now = blocks_read();
    BLOCKS_READ.replace(now) != now
}

/// Slows every read down, for tests.
pub(crate) fn delay_reads(by: Duration) {
    DELAY_US.store(by.as_micros() as u64, Ordering::Relaxed);
}

/// Reads that were handed off, and reads that waited for the disk without having been.
pub(crate) fn counts() -> (u64, u64) {
    (HANDED_OFF.load(Ordering::Relaxed), WAITED.load(Ordering::Relaxed))
}
