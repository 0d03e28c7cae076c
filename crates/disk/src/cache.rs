//! How much memory the cached entries of all shards may take together.

use std::sync::atomic::{AtomicUsize, Ordering};

use base::counter::Sharded;

/// Bytes taken and bytes allowed, with what is known of their use.
pub struct Budget {
    used: AtomicUsize,
    max: AtomicUsize,
    /// No more than this either, for the time being.
    ceiling: AtomicUsize,
    /// Each look-up counts, on whichever core.
    hits: Box<Sharded>,
    misses: Box<Sharded>,
    evictions: Box<Sharded>,
}

impl Budget {
    pub fn new(bytes_max: usize) -> Budget {
        Budget {
            used: AtomicUsize::new(0),
            max: AtomicUsize::new(bytes_max),
            ceiling: AtomicUsize::new(usize::MAX),
            hits: Box::new(Sharded::new()),
            misses: Box::new(Sharded::new()),
            evictions: Box::new(Sharded::new()),
        }
    }

    /// Says that what took `before` bytes takes `now`.
    pub fn change(&self, before: usize, now: usize) {
        if now >= before {
            self.used.fetch_add(now - before, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    /// Whether more is taken than allowed.
    pub fn is_exceeded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.allowed()
    }

    /// Allows so many bytes from now on.
    pub fn set_max(&self, bytes: usize) {
        self.max.store(bytes, Ordering::Relaxed);
    }

    /// Allows no more than so many bytes for the time being, nor more than [`Budget::set_max`] does.
    pub fn set_ceiling(&self, bytes: usize) {
        self.ceiling.store(bytes, Ordering::Relaxed);
    }

    fn allowed(&self) -> usize {
        self.max.load(Ordering::Relaxed).min(self.ceiling.load(Ordering::Relaxed))
    }

    /// Bytes taken, and bytes allowed.
    pub fn bytes(&self) -> (usize, usize) {
        (self.used.load(Ordering::Relaxed), self.allowed())
    }

    pub fn hit(&self) {
        self.hits.add(1);
    }

    pub fn missed(&self) {
        self.misses.add(1);
    }

    pub fn evicted(&self) {
        self.evictions.add(1);
    }

    /// Look-ups that found an entry here, that did not, and entries that had to go.
    pub fn counts(&self) -> (u64, u64, u64) {
        let count = |count: &Sharded| count.sum() as u64;
        (count(&self.hits), count(&self.misses), count(&self.evictions))
    }
}
