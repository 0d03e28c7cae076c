//! What an engine promises to the keyspace.
//!
//! An engine keeps, for each database that it serves, one [`Shard`] per slot. The keyspace holds the slot's lock
//! around every call, so a shard needs no lock of its own.
//!
//! An engine that stores its databases outlives the process. What a transaction has changed is then gathered in one
//! [`Batch`], and the engine's [`Store`] writes it: all of it or nothing. Until that is done the slots stay locked,
//! so nobody sees what may yet fail.

use std::sync::Arc;
use std::task::{Poll, Waker};

use smallbox::SmallBox;
use smallbox::space::S4;
use values::entry::{Entry, EntryMut, EntryRef};
use values::hash::HashRef;
pub use values::table::Stage;

use crate::Key;
pub use crate::batch::{Batch, Change, Elsewhere, STREAM_ID_BYTES, StreamEnd, Streamed, Stretch};
use crate::fault::Fault;
pub use crate::loaded::Loaded;

/// A way to hold a database.
pub trait Engine: Send + Sync {
    /// Its name in configuration and `INFO`.
    fn name(&self) -> &'static str;

    /// The shard of `slot`: what is stored of it, or an empty one.
    fn shard(&self, slot: u16) -> ShardBox;

    /// The slots that have keys when the keyspace begins.
    fn occupied_slots(&self) -> Vec<u16> {
        Vec::new()
    }

    /// What comes in this engine's place when its database is emptied at once.
    fn emptied(&self) -> Result<Emptied, Fault> {
        Ok(Emptied::InPlace)
    }

    /// Whether what it holds is in the [`Store`].
    fn is_stored(&self) -> bool {
        false
    }

    /// An engine whose shards show what this one has stored now, whatever is changed later; `None` where it stores
    /// nothing. All slots are held while this is called.
    fn freeze(&self) -> Result<Option<Arc<dyn Engine>>, Fault> {
        Ok(None)
    }

    /// Adds to `batch` that this engine serves `database` from now on.
    fn assign(&self, database: u16, batch: &mut Batch) {
        let _ = (database, batch);
    }

    /// Says that it serves no database any more, which is written: what it stores may go.
    fn retire(&self) {}

    /// Bytes of disk that the database takes, if it is stored.
    fn disk_bytes(&self) -> Option<u64> {
        None
    }

    /// Begins to make what is stored of `database` as small as it can be, in the background.
    fn compact(&self, database: u16) -> Result<Compaction, Fault> {
        let _ = database;
        Ok(Compaction::Needless)
    }
}

/// What came of asking for compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compaction {
    /// It begins.
    Begun,
    /// It was asked for before.
    Runs,
    /// Nothing is stored that could be made smaller.
    Needless,
}

/// When what was committed is brought onto the disk: `appendfsync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before it is acknowledged.
    Always,
    /// Every second.
    EverySecond,
    /// When the system sees fit.
    Never,
}

/// What may be changed of a store while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// When to sync.
    pub sync: SyncPolicy,
    /// Memory for what is read again, in bytes.
    pub cache_bytes: u64,
    /// Room in the file system, in bytes, below which nothing is written.
    pub free_bytes_min: u64,
    /// Bytes that are kept of the stream of what was done.
    pub stream_bytes_max: u64,
}

/// Memory that a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreMemory {
    /// Bytes of entries that are only a cache.
    pub cached_bytes: u64,
    /// Bytes within limits of its own: blocks of files, and what is yet to be written to them.
    pub own_bytes: u64,
}

/// How a database becomes empty at once.
pub enum Emptied {
    /// Its shards go; the engine stays.
    InPlace,
    /// This engine comes in its place.
    By(Arc<dyn Engine>),
}

/// Where the engines of a server store. All of them share one, so that a transaction on several databases is one
/// batch.
pub trait Store: Send + Sync {
    /// Writes `batch`: after a crash all of it is there or nothing.
    fn commit(&self, batch: &Batch) -> Result<(), Fault>;

    /// Hands to the system what was committed. It then survives the end of the process.
    fn flush(&self) -> Result<(), Fault>;

    /// The last commit, if nobody is to be told of it yet: because it has to be on disk first, or because more was
    /// written than the disk takes.
    fn to_be_awaited(&self) -> Option<u64>;

    /// Ready when this commit is as safe as it has to be, or never will be, and more may be written; otherwise `waker` is
    /// woken when that may be so.
    fn poll_safe(&self, commit: u64, waker: &Waker) -> Poll<Result<(), Fault>>;

    /// Takes over changed settings.
    fn configure(&self, settings: StoreSettings);

    /// The memory that it holds.
    fn memory(&self) -> StoreMemory {
        StoreMemory::default()
    }

    /// Lets cached entries take no more than this, whatever the settings say. What is too much goes when its shard is
    /// next changed or told to ([`Shard::shrink_cache`]).
    fn limit_cache(&self, bytes: u64) {
        let _ = bytes;
    }

    /// Whether it has failed for good, as far as it is open, and may work when it is opened again.
    fn wants_renewal(&self) -> bool {
        false
    }

    /// An engine that stands for one of this store's while it is away: its shards have so many keys, and every look at
    /// one is a fault.
    fn away(&self, known: Vec<(u16, Counts)>) -> Option<Arc<dyn Engine>> {
        let _ = known;
        None
    }

    /// Opens again what is stored, and returns the engine of each of `databases`. The engines before, and their shards,
    /// are gone: all of this is behind everybody's back, with the slots locked.
    fn renew(&self, databases: &[u16]) -> Result<Vec<Arc<dyn Engine>>, Fault> {
        let _ = databases;
        Ok(Vec::new())
    }

    /// Where in the stream what is stored is ([`Batch::streamed`]), if that is known.
    fn stream_end(&self) -> Result<Option<StreamEnd>, Fault> {
        Ok(None)
    }

    /// How many bytes of the stream come before those that are kept; `None` when none are.
    fn stream_begin(&self) -> Option<u64> {
        None
    }

    /// Some bytes of the stream, those behind the first `offset`: none when it has no more, `None` when they are not
    /// kept.
    fn stream_after(&self, offset: u64) -> Result<Option<Vec<u8>>, Fault> {
        let _ = offset;
        Ok(None)
    }

    /// The libraries of functions ([`Batch::libraries`]), if it has ever been given any.
    fn libraries(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// What is to be known of it.
    fn figures(&self) -> Vec<Figure>;
}

/// Something that is to be known of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name that `INFO` gives to it.
    pub name: &'static str,
    /// Its value now.
    pub value: u64,
    /// Whether it only grows, as long as the process lives.
    pub is_count: bool,
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
    /// Those whose values have elements with deadlines of their own.
    pub timed: usize,
}

impl Counts {
    /// Whether anything has a deadline.
    #[inline]
    pub fn has_deadlines(self) -> bool {
        self.deadlines > 0 || self.timed > 0
    }
}

/// What a sweep has removed.
pub enum Swept<'s> {
    /// A key whose time has come.
    Key(Entry),
    /// An element of the value of which more is said next.
    Element(&'s [u8]),
    /// So many elements of the value of the key of this name. None says that it only knows better when the next one is
    /// due, which is no change to anybody, but is to be stored.
    Elements(&'s [u8], usize),
    /// The last elements of a value, so many, and so its key.
    Emptied(Entry, usize),
}

/// The keys of one database that belong to one slot. What has expired is still there until it is removed: the
/// keyspace looks at deadlines, a shard only knows them.
pub trait Shard: Send + Sync {
    /// How many keys there are, and how many have a deadline.
    fn counts(&self) -> Counts;

    /// Whether nothing is lost with it.
    fn is_vacant(&self) -> bool {
        false
    }

    /// Has the processor load what a look-up of `key` is going to touch: first the one stage for many keys, then
    /// the other. Only a hint.
    fn prefetch(&self, key: &Key<'_>, stage: Stage);

    /// The entry of `key`, to read. What has to be fetched for it is kept in `loaded`.
    fn find<'s>(&'s self, key: &Key<'_>, loaded: &'s Loaded) -> Option<EntryRef<'s>>;

    /// The entry of `key`, if it is in memory.
    fn peek(&self, key: &Key<'_>) -> Option<EntryRef<'_>>;

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

    /// Where a [`Shard::scan`] comes by the key of this name: it has been visited when the cursor is beyond, and not when
    /// the scan has just gone on from a cursor up to this one.
    fn position(&self, name: &[u8]) -> u64;

    /// One entry, each about as likely as any other.
    fn random<'s>(&'s self, rng: &mut dyn FnMut() -> u64, loaded: &'s Loaded) -> Option<EntryRef<'s>>;

    /// Visits entries in a row, from the place on that `random` decides, until `visit` returns false or about `effort`
    /// of them have been looked at; with `only_expiring`, hardly any that has no deadline. For choosing what makes room
    /// in memory: nothing is visited where the entries are only a cache of what is stored.
    fn sample(
        &self,
        random: u64,
        only_expiring: bool,
        effort: usize,
        visit: &mut dyn FnMut(EntryRef<'_>) -> bool,
    ) {
        let _ = (random, only_expiring, effort, visit);
    }

    /// Neither an entry nor an element of one expires before this moment, in Unix milliseconds; `u64::MAX` when none
    /// ever does.
    fn earliest_deadline_ms(&self) -> u64;

    /// Removes entries, and elements of entries, whose deadline is at most `now_ms` until `effort` runs of some dozens
    /// of entries have been looked at.
    fn sweep(&mut self, now_ms: u64, effort: usize, swept: &mut dyn FnMut(Swept<'_>));

    /// Bytes of memory held beside the entries.
    fn overhead_bytes(&self) -> usize;

    /// Adds to `batch` what has become of `key` since the last [`Shard::settle`].
    fn stage(&mut self, key: &Key<'_>, batch: &mut Batch) -> Result<(), Fault> {
        let _ = (key, batch);
        Ok(())
    }

    /// Says that the staged changes are stored, or else that all changes since the last time are to be forgotten.
    fn settle(&mut self, stored: bool) {
        let _ = stored;
    }

    /// Lets go of some of what is only cached, if all of it together takes more memory than it may. `now_ms` is the
    /// present, in Unix milliseconds.
    fn shrink_cache(&mut self, now_ms: u64) {
        let _ = now_ms;
    }

    /// Takes in what was loaded for a reader when the shard was of this `generation`, so that the next one finds it.
    fn admit(&mut self, entry: Entry, generation: u64) {
        drop((entry, generation));
    }
}

/// The part of [`Shard::sweep`] that is the same in all engines: removes elements that are due from the values of the
/// keys of these `names`, up to some thousands in all. Returns when the next of these keys is due, `u64::MAX` if none.
pub fn sweep_elements(
    shard: &mut impl Shard,
    names: &[Box<[u8]>],
    now_ms: u64,
    swept: &mut dyn FnMut(Swept<'_>),
) -> u64 {
    /// Elements that are removed at most: less than a millisecond's work.
    const ELEMENTS_MAX: usize = 4096;
    /// What a value costs beside the elements that are removed.
    const ELEMENTS_EACH: usize = 16;
    const EFFORT_EACH: usize = 4;
    let (mut left, mut next_ms) = (ELEMENTS_MAX, u64::MAX);
    for name in names {
        let Some(mut entry) = shard.find_mut(&Key::new(name)) else { continue };
        if left == 0 {
            entry.note_due();
        } else {
            let removed =
                entry.sweep_elements(now_ms, EFFORT_EACH, &mut |element| swept(Swept::Element(element)));
            left = left.saturating_sub(removed + ELEMENTS_EACH);
            if HashRef::of(entry.as_ref()).is_empty() {
                swept(Swept::Emptied(entry.remove(), removed));
                continue;
            }
            swept(Swept::Elements(name, removed));
        }
        next_ms = next_ms.min(entry.due_ms());
    }
    next_ms
}
