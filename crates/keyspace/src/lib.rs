//! The keyspace: slots and their locks, what commands see of them and do to them, expiry, and what an engine is.
//!
//! It promises that a command's keys do not change under it, that a key whose time has come is never seen, and
//! that whoever watches or waits for a key learns of every change. It knows no command, no client and no clock:
//! the time and the randomness that a command works with are handed in as its [`Context`].

mod batch;
mod effects;
pub mod engine;
mod events;
mod eviction;
mod expiry;
pub mod fault;
mod handles;
mod key;
mod loaded;
mod observers;
mod pending;
mod renewal;
mod slots;
mod snapshot;
mod statistics;
mod strings;
mod txn;
mod view;

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};

use base::slot::SLOTS;
use smallvec::SmallVec;
use sync::RwLock;
use values::entry::Entry;

pub use crate::effects::{Did, Effect, Effects, Log, Taker, Takers};
use crate::engine::{Engine, Loaded, ShardBox, Stage, Store};
pub use crate::events::{Event, EventClasses, News};
pub use crate::eviction::{Choice, Eviction, EvictionPolicy, Evictor};
pub use crate::expiry::{Expired, Sweep};
pub use crate::handles::{HashMut, ListMut, SetMut, StreamMut, ZSetMut};
pub use crate::key::{DatabaseKey, Key};
pub use crate::observers::WatchFlag;
use crate::slots::{Escalation, LockedSlot, Slot};
pub use crate::slots::{HandOff, Needs, SlotsOfKeys, hand_waits_to};
use crate::snapshot::Snapshots;
pub use crate::snapshot::{CannotBegin, DatabaseSize, Encode, HANDED_OVER_BYTES_MAX, Part, Snapshot};
use crate::statistics::Statistics;
pub use crate::strings::{Deadline, StringMut};
pub use crate::txn::{DifferentEngines, WriteTxn};
pub use crate::view::{Context, ReadView, Tally, WrongType, encoding_name};

/// What was taken out of the keyspace and is left to be freed.
pub struct Garbage {
    what: Refuse,
    pending: Arc<Pending>,
}

/// Objects handed over to be freed and not freed yet.
#[derive(Default)]
struct Pending {
    all: AtomicUsize,
    /// Those that were evicted.
    evicted: AtomicUsize,
}

enum Refuse {
    Entry(#[expect(dead_code, reason = "held to be dropped")] Entry),
    Evicted(Option<Entry>),
    Shard(ShardBox),
}

impl Drop for Garbage {
    fn drop(&mut self) {
        let objects = match &mut self.what {
            Refuse::Entry(_) => 1,
            Refuse::Evicted(entry) => {
                // Whoever waits for its memory has it when it is counted.
                drop(entry.take());
                self.pending.evicted.fetch_sub(1, Ordering::Release);
                1
            }
            Refuse::Shard(shard) => shard.counts().keys,
        };
        self.pending.all.fetch_sub(objects, Ordering::Relaxed);
    }
}

/// All keys of all databases.
pub struct Keyspace {
    slots: Box<[LockedSlot]>,
    /// Whoever has it may hold slots and wait for others.
    escalation: Escalation,
    /// By database. Exchanged, like the data, by `SWAPDB`.
    engines: RwLock<Vec<Arc<dyn Engine>>>,
    /// Where databases are stored, if any are.
    store: Option<Arc<dyn Store>>,
    statistics: Box<[Statistics]>,
    garbage: Sender<Garbage>,
    pending: Arc<Pending>,
    /// Objects handed over to be freed, since they were last counted anew.
    deferred: AtomicUsize,
    /// The classes of events that are told, and whether effects are recorded.
    wanted_events: AtomicU16,
    /// Where effects go.
    log: OnceLock<Arc<dyn Log>>,
    /// Whoever is about to change something asks it.
    snapshots: Snapshots,
}

/// An entry that takes more allocations than this to free is freed elsewhere.
const FREE_EFFORT_MAX: usize = 64;

impl Keyspace {
    /// A keyspace with one database for each of `engines`, holding what they have stored in `store`; and where its
    /// garbage comes out: whoever receives it needs only drop it. Without a receiver it is dropped on the spot.
    pub fn new(
        engines: Vec<Arc<dyn Engine>>,
        store: Option<Arc<dyn Store>>,
    ) -> (Keyspace, Receiver<Garbage>) {
        let (garbage, receiver) = channel();
        let keyspace = Keyspace {
            slots: (0..SLOTS).map(|_| LockedSlot::default()).collect(),
            escalation: Escalation::new(()),
            statistics: engines.iter().map(|_| Statistics::default()).collect(),
            engines: RwLock::new(engines),
            store,
            garbage,
            pending: Arc::default(),
            deferred: AtomicUsize::new(0),
            wanted_events: AtomicU16::new(0),
            log: OnceLock::new(),
            snapshots: Snapshots::default(),
        };
        keyspace.take_up_stored();
        (keyspace, receiver)
    }

    /// Makes the shards of what is stored.
    fn take_up_stored(&self) {
        for (database, engine) in (0..).zip(self.engines.read().iter()) {
            for index in engine.occupied_slots() {
                let mut slot = self.slots[usize::from(index)].write();
                *slot.place_mut(database).0 = Some(engine.shard(index));
                self.publish(index, &slot);
            }
        }
    }

    /// Where databases are stored, if any are.
    pub fn store(&self) -> Option<&Arc<dyn Store>> {
        self.store.as_ref()
    }

    /// Has everything that was committed survive the end of the process.
    #[inline]
    pub fn flush(&self) -> Result<(), fault::Fault> {
        self.store.as_ref().map_or(Ok(()), |store| store.flush())
    }

    /// The number of databases.
    pub fn databases(&self) -> u16 {
        self.statistics.len() as u16
    }

    /// The engine that serves `database`, which must exist.
    pub fn engine(&self, database: u16) -> Arc<dyn Engine> {
        Arc::clone(&self.engines.read()[usize::from(database)])
    }

    /// Locks what is needed and shows it.
    #[inline]
    pub fn read(&self, needs: &Needs, context: Context) -> ReadView<'_> {
        ReadView::new(self, needs, context)
    }

    /// Locks what is needed for changes.
    #[inline(always)]
    pub fn write(&self, needs: &Needs, context: Context) -> WriteTxn<'_> {
        if self.snapshots.run() {
            self.snapshots.wait_for_room(needs);
        }
        WriteTxn::new(self, needs, context)
    }

    /// Locks one slot for changes, unless somebody else has it.
    fn try_write(&self, slot: u16, context: Context) -> Option<WriteTxn<'_>> {
        let held = slots::Held::try_lock_one(&self.slots, slot, slots::Mode::Exclusive)?;
        Some(WriteTxn::holding(self, held, context))
    }

    /// Locks what is needed for changes, and takes the right to lock more later: see [`WriteTxn::extend`]. One
    /// transaction has that right at a time.
    pub fn write_growing(&self, needs: &Needs, context: Context) -> WriteTxn<'_> {
        if self.snapshots.run() {
            // What else it will need is not known.
            self.snapshots.wait_for_room(&Needs::All);
        }
        WriteTxn::new_growing(self, slots::escalate(&self.escalation), needs, context)
    }

    /// As [`Keyspace::write_growing`], but without the right to lock more later if somebody else keeps that for longer
    /// than a moment.
    pub fn write_perhaps_growing(&self, needs: &Needs, context: Context) -> WriteTxn<'_> {
        if self.snapshots.run() {
            self.snapshots.wait_for_room(&Needs::All);
        }
        match slots::escalate_soon(&self.escalation) {
            Some(escalation) => WriteTxn::new_growing(self, escalation, needs, context),
            None => self.write(needs, context),
        }
    }

    /// Has the processor load the slot of `key`.
    #[inline]
    pub fn prefetch_slot(&self, key: &Key<'_>) {
        base::prefetch::prefetch((&raw const self.slots[usize::from(key.slot)]).addr());
    }

    /// Has the processor load what look-ups of `keys` in `database` are going to touch beyond their slots: all shards,
    /// then all their buckets, and so on, so that the waits for memory fall together. Passes over slots that are
    /// being changed.
    pub fn prefetch(&self, database: u16, keys: &[Key<'_>]) {
        let held = keys.iter().filter_map(|key| Some((key, self.slots[usize::from(key.slot)].try_read()?)));
        let held: SmallVec<[_; 16]> = held.collect();
        let shards = || held.iter().filter_map(|(key, slot)| Some((key, slot.shard(database)?)));
        shards().for_each(|(_, shard)| base::prefetch::prefetch(std::ptr::from_ref(shard).addr()));
        shards().for_each(|(key, shard)| shard.prefetch(key, Stage::Bucket));
        shards().for_each(|(key, shard)| shard.prefetch(key, Stage::Element));
    }

    /// As [`Keyspace::prefetch`], for elements of collections: each by its key and its hash
    /// ([`base::hash::hash`]), those of one key best in a row.
    pub fn prefetch_elements(&self, database: u16, elements: &[(Key<'_>, u64)]) {
        for elements in elements.chunk_by(|(one, _), (other, _)| one.bytes == other.bytes) {
            let key = &elements[0].0;
            let Some(slot) = self.slots[usize::from(key.slot)].try_read() else { continue };
            let Some(entry) = slot.shard(database).and_then(|shard| shard.peek(key)) else { continue };
            for stage in [Stage::Bucket, Stage::Element] {
                elements.iter().for_each(|(_, hash)| entry.prefetch(*hash, stage));
            }
        }
    }

    /// The number of keys in `database`, in constant time. Keys whose time has come are counted until they are
    /// removed: see [`Keyspace::expire`].
    pub fn len(&self, database: u16) -> usize {
        self.statistics[usize::from(database)].len()
    }

    /// The number of keys of `database` that have a deadline.
    pub fn deadlines(&self, database: u16) -> usize {
        self.statistics[usize::from(database)].deadlines()
    }

    /// The number of keys of `database` whose values have elements with deadlines of their own.
    pub fn timed(&self, database: u16) -> usize {
        self.statistics[usize::from(database)].timed()
    }

    /// The number of keys of `database` in one slot.
    pub fn slot_len(&self, database: u16, slot: u16) -> usize {
        self.statistics[usize::from(database)].slot_len(slot)
    }

    /// Whether no database has any key.
    pub fn is_empty(&self) -> bool {
        (0..self.databases()).all(|database| self.len(database) == 0)
    }

    fn is_slot_empty(&self, database: u16, slot: u16) -> bool {
        self.slot_len(database, slot) == 0
    }

    fn random_slot(&self, database: u16, random: u64) -> Option<u16> {
        self.statistics[usize::from(database)].random_slot(random)
    }

    /// No longer tells the watcher with this flag of changes to `key`.
    pub fn unwatch(&self, key: &DatabaseKey, flag: &WatchFlag) {
        let mut slot = slots::write_slot(&self.slots[usize::from(base::slot::slot(&key.name))]);
        if slot.observers().is_some() {
            slot.observers_mut().unwatch(key, flag);
            slot.tidy();
        }
    }

    /// Takes back one [`WriteTxn::wait_for`].
    pub fn stop_waiting(&self, key: &DatabaseKey) {
        let mut slot = slots::write_slot(&self.slots[usize::from(base::slot::slot(&key.name))]);
        if slot.observers().is_some() {
            slot.observers_mut().stop_waiting(key);
            slot.tidy();
        }
    }

    /// Bytes of memory that the keyspace holds beside the entries, in the slots that nobody is changing right now:
    /// it waits for no one, so that the caller may be within a transaction.
    pub fn overhead_bytes(&self, database: u16) -> usize {
        let slots = (0..SLOTS as u16).filter(|slot| !self.is_slot_empty(database, *slot));
        let shards = slots.filter_map(|slot| {
            let slot = self.slots[usize::from(slot)].try_read()?;
            Some(slot.shard(database)?.overhead_bytes())
        });
        shards.sum()
    }

    /// Objects that were removed and whose memory is about to come back.
    pub fn pending_frees(&self) -> usize {
        self.pending.all.load(Ordering::Relaxed)
    }

    /// Those of them that were evicted.
    pub fn pending_evictions(&self) -> usize {
        self.pending.evicted.load(Ordering::Acquire)
    }

    /// How many objects were removed whose memory came back later.
    pub fn deferred_frees(&self) -> usize {
        self.deferred.load(Ordering::Relaxed).saturating_sub(self.pending_frees())
    }

    /// Begins to count them anew.
    pub fn reset_deferred_frees(&self) {
        self.deferred.store(self.pending_frees(), Ordering::Relaxed);
    }

    fn discard(&self, entry: Entry) {
        if entry.as_ref().free_effort() > FREE_EFFORT_MAX {
            self.hand_over(Refuse::Entry(entry), 1);
        }
    }

    fn discard_shard(&self, shard: ShardBox) {
        let objects = shard.counts().keys;
        self.hand_over(Refuse::Shard(shard), objects);
    }

    fn hand_over(&self, what: Refuse, objects: usize) {
        self.pending.all.fetch_add(objects, Ordering::Relaxed);
        self.deferred.fetch_add(objects, Ordering::Relaxed);
        // Without a receiver the garbage comes back in the error and is dropped right here.
        drop(self.garbage.send(Garbage { what, pending: Arc::clone(&self.pending) }));
    }

    /// Lets the shards of `database` have what was fetched for a reader, where their slots are free.
    fn admit(&self, database: u16, loaded: Loaded) {
        for (entry, generation) in loaded.into_admissible() {
            let slot = base::slot::slot(entry.key());
            let Some(mut slot) = self.slots[usize::from(slot)].try_write() else { continue };
            if let (Some(shard), _) = slot.shard_mut(database) {
                shard.admit(entry, generation);
            }
        }
    }

    /// Has `engine` serve `database`, and returns the one that did.
    fn replace_engine(&self, database: u16, engine: Arc<dyn Engine>) -> Arc<dyn Engine> {
        std::mem::replace(&mut self.engines.write()[usize::from(database)], engine)
    }

    fn engines_swapped(&self, first: u16, second: u16) {
        self.engines.write().swap(usize::from(first), usize::from(second));
        self.snapshots.swap(first, second);
    }

    /// Makes the counts of a slot that was held exclusively known.
    fn publish(&self, index: u16, slot: &Slot) {
        slot.for_each_shard(|database, shard| self.statistics[usize::from(database)].publish(index, shard));
    }
}
