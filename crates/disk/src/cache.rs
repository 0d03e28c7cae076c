//! How much memory the cached entries of all shards may take together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Bytes taken and bytes allowed, with what is known of their use.
pub struct Budget {
    used: AtomicUsize,
    max: AtomicUsize,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

impl Budget {
    pub fn new(bytes_max: usize) -> Budget {
        Budget {
            used: AtomicUsize::new(0),
            max: AtomicUsize::new(bytes_max),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
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
        self.used.load(Ordering::Relaxed) > self.max.load(Ordering::Relaxed)
    }

    /// Allows so many bytes from now on.
    pub fn set_max(&self, bytes: usize) {
        self.max.store(bytes, Ordering::Relaxed);
    }

    /// Bytes taken, and bytes allowed.
    pub fn bytes(&self) -> (usize, usize) {
        (self.used.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed))
    }

    pub fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub fn missed(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub fn evicted(&self) {
        self.evictions.fetch_add(1, Ordering::Relaxed);
    }

    /// Look-ups that found an entry here, that did not, and entries that had to go.
    pub fn counts(&self) -> (u64, u64, u64) {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (count(&self.hits), count(&self.misses), count(&self.evictions))
    }
}
