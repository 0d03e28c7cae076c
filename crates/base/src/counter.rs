//! Counters that many threads add to and few read.
//!
//! A [`Sharded`] counter has a cell for each of the first [`OWNED_CELLS`] threads alive that count anything. Only
//! its thread writes a cell, so adding is a plain load and store with no locked instruction and no cache line
//! that moves between cores. Threads beyond that number share one more cell, which costs them an atomic addition.
//! A thread that ends gives its place to the next one; what was counted stays.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many threads at once have a cell of their own.
pub const OWNED_CELLS: usize = 63;

/// A sum that is spread over the threads that add to it.
///
/// It takes 128 bytes per thread that counts, out of 8 KiB of address space: keep it in a `static` or in
/// zeroed memory, where cells nobody touches cost nothing.
pub struct Sharded {
    cells: [CacheLine; OWNED_CELLS + 1],
}

/// 128 bytes, since today's processors fetch lines of 64 in pairs.
#[repr(align(128))]
struct CacheLine(AtomicI64);

impl Sharded {
    /// A counter at zero.
    pub const fn new() -> Self {
        Self { cells: [const { CacheLine(AtomicI64::new(0)) }; OWNED_CELLS + 1] }
    }

    /// Adds `amount`, which may be negative. The sum wraps around.
    #[inline]
    pub fn add(&self, amount: i64) {
        let place = PLACE.get();
        match self.cells.get(place) {
            Some(CacheLine(cell)) if place < OWNED_CELLS => {
                // Nobody else writes this cell: no addition can be lost between the load and the store.
                cell.store(cell.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
            }
            _ => self.add_without_cell(amount),
        }
    }

    /// The sum of everything added so far; additions under way on other threads may be missing from it.
    pub fn sum(&self) -> i64 {
        self.cells.iter().fold(0, |sum, CacheLine(cell)| sum.wrapping_add(cell.load(Ordering::Relaxed)))
    }

    /// What [`Sharded::add`] does on a thread's first addition, or when all cells have an owner.
    #[cold]
    fn add_without_cell(&self, amount: i64) {
        if PLACE.get() == UNASSIGNED {
            // Fails only while the thread ends and its places are given back already: then it shares.
            let _ = LEASE.try_with(|_| ());
            if PLACE.get() < OWNED_CELLS {
                return self.add(amount);
            }
        }
        self.cells[SHARED].0.fetch_add(amount, Ordering::Relaxed);
    }
}

impl Default for Sharded {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sharded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Sharded").field(&self.sum()).finish()
    }
}

/// The place of a thread that has no cell of its own.
const SHARED: usize = OWNED_CELLS;

/// The place of a thread that has not counted anything yet.
const UNASSIGNED: usize = usize::MAX;

thread_local! {
    /// The index of this thread's cell in every counter. Apart from the lease, because reading it must not
    /// check for a destructor.
    static PLACE: Cell<usize> = const { Cell::new(UNASSIGNED) };

    static LEASE: Lease = Lease::take();
}

/// Bit `n` is set while a thread owns the cells at place `n`. The mutex also orders what one owner wrote
/// before what the next one reads.
static TAKEN: Mutex<u64> = Mutex::new(0);

/// A place that is this thread's until it ends.
struct Lease;

impl Lease {
    fn take() -> Self {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let place = taken.trailing_ones() as usize;
        if place < OWNED_CELLS {
            *taken |= 1 << place;
        }
        PLACE.set(place.min(SHARED));
        Self
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Destructors of other thread-locals that run later may still count.
        let place = PLACE.replace(SHARED);
        if place < OWNED_CELLS {
            *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) &= !(1 << place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Barrier};

    #[test]
    fn adds_up_over_more_threads_than_cells() {
        static COUNTER: Sharded = Sharded::new();
        let threads = OWNED_CELLS + 20;
        let barrier = Arc::new(Barrier::new(threads));
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                std::thread::spawn(move || {
                    for amount in [3, -1].repeat(5_000) {
                        COUNTER.add(amount);
                    }
                    // All live together, so some of them had to share.
                    barrier.wait();
                    PLACE.get()
                })
            })
            .collect();
        let mut places: Vec<_> = handles.into_iter().map(|handle| handle.join().expect("no panic")).collect();
        assert_eq!(COUNTER.sum(), threads as i64 * 10_000);

        places.sort_unstable();
        assert!(places.iter().filter(|&&place| place == SHARED).count() >= 20);
        let owned: Vec<_> = places.iter().filter(|&&place| place != SHARED).collect();
        assert!(owned.windows(2).all(|pair| pair[0] != pair[1]), "two threads owned one cell");
    }

    #[test]
    fn a_place_is_used_again_and_keeps_its_count() {
        static COUNTER: Sharded = Sharded::new();
        for _ in 0..3 * OWNED_CELLS {
            std::thread::spawn(|| COUNTER.add(1)).join().expect("no panic");
        }
        assert_eq!(COUNTER.sum(), 3 * OWNED_CELLS as i64);
    }

    #[test]
    fn a_thread_that_ends_may_still_count() {
        static COUNTER: Sharded = Sharded::new();
        struct CountsWhenDropped;
        impl Drop for CountsWhenDropped {
            fn drop(&mut self) {
                COUNTER.add(1);
            }
        }
        thread_local!(static LATE: CountsWhenDropped = const { CountsWhenDropped });
        std::thread::spawn(|| {
            LATE.with(|_| ());
            COUNTER.add(1);
        })
        .join()
        .expect("no panic");
        assert_eq!(COUNTER.sum(), 2);
    }
}
