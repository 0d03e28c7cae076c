//! What the program's allocator knows of itself. Only the program names its allocator; it hands this in.

/// An allocator's name, figures and services.
#[derive(Clone, Copy)]
pub struct Allocator {
    /// Its name and version.
    pub name: &'static str,
    /// Its figures, as they are now. Takes many microseconds.
    pub figures: fn() -> AllocatorFigures,
    /// Bytes in use, by what threads have told. Takes some tens of nanoseconds.
    pub used_bytes: fn() -> u64,
    /// Has the calling thread tell what it has allocated and freed, and returns the balance. Takes some nanoseconds.
    pub tell: fn() -> i64,
    /// Gives unused memory back to the system.
    pub purge: fn(),
    /// Has unused memory given back by a thread of its own, or by whoever comes by: `jemalloc-bg-thread`.
    pub purge_in_background: fn(bool),
    /// All that it can tell of itself, for people to read.
    pub report: fn() -> String,
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllocatorFigures {
    /// In use.
    pub used_bytes: u64,
    /// Handed out, among them those that threads keep for their next use.
    pub allocated_bytes: u64,
    /// In pages from which something is handed out.
    pub active_bytes: u64,
    /// In pages that take up memory.
    pub resident_bytes: u64,
}

impl Default for Allocator {
    /// An allocator of which nothing is known.
    fn default() -> Allocator {
        Allocator {
            name: "libc",
            figures: AllocatorFigures::default,
            used_bytes: || 0,
            tell: || 0,
            purge: || {},
            purge_in_background: |_| {},
            report: || "Stats not supported for the current allocator".to_owned(),
        }
    }
}
