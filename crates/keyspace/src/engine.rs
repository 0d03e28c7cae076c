//! What an engine promises to the keyspace.
//!
//! An engine keeps, for each database that it serves, one [`Shard`] per slot. The keyspace holds the slot's lock
//! around every call, so a shard needs no lock of its own.

use smallbox::SmallBox;
use smallbox::space::S4;
use values::entry::{Entry, EntryMut, EntryRef};
pub use values::table::Stage;

use crate::Key;

/// A way to hold a database.
pub trait Engine: Send + Sync {
    /// Its name in configuration and `INFO`.
    fn name(&self) -> &'static str;

    /// A new, empty shard.
    fn shard(&self) -> ShardBox;
}

/// A shard of any kind. A small one lies in the box itself, and so in its slot: one wait for memory less for each
/// look-up.
pub type ShardBox = SmallBox<dyn Shard, S4>;

/// How many keys a shard has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub keys: usize,
    /// Those with a deadline.
    pub deadlines: usize,
}

/// The keys of one database that belong to one slot. What has expired is still there until it is removed: the
/// keyspace looks at deadlines, a shard only knows them.
pub trait Shard: Send + Sync {
    /// How many keys there are, and how many have a deadline.
    fn counts(&self) -> Counts;

    /// Has the processor load what a look-up of `key` is going to touch: first the one stage for many keys, then
    /// the other. Only a hint.
    fn prefetch(&self, key: &Key<'_>, stage: Stage);

    /// The entry of `key`, to read.
    fn find(&self, key: &Key<'_>) -> Option<EntryRef<'_>>;

    /// The entry of `key`, to change.
    fn find_mut(&mut self, key: &Key<'_>) -> Option<EntryMut<'_>>;

    /// Puts in `entry`, whose key is `key` and is not there yet.
    fn insert(&mut self, key: &Key<'_>, entry: Entry) -> EntryMut<'_>;

    /// The entry of `key`, or else the one that `make` makes, put in; and whether it was. What is made has no
    /// deadline.
    fn find_or_insert(&mut self, key: &Key<'_>, make: &mut dyn FnMut() -> Entry) -> (EntryMut<'_>, bool);

    /// Visits entries from `cursor` on, at least `count` of them if there are as many, and returns where to go
    /// on; 0 begins, and, returned, says that all were seen. An entry that is there throughout is visited.
    /// Cursors are below 2^32.
    fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(EntryRef<'_>)) -> u64;

    /// One entry, each as likely as any other.
    fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<EntryRef<'_>>;

    /// No entry expires before this moment, in Unix milliseconds; `u64::MAX` when none ever does.
    fn earliest_deadline_ms(&self) -> u64;

    /// Removes entries whose deadline is at most `now_ms` until `effort` runs of some dozens of entries have
    /// been looked at, and returns how many were.
    fn sweep(&mut self, now_ms: u64, effort: usize, expired: &mut dyn FnMut(Entry)) -> usize;

    /// Bytes of memory held beside the entries.
    fn overhead_bytes(&self) -> usize;
}
