//! What transactions and the saver of a snapshot share.
//!
//! A slot's part of it is looked at only by whoever holds the slot: the saver shared, a transaction exclusively. So the
//! locks here are never waited for by those who work on different slots, and what is read and written in them is in the order
//! of the holds.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use base::slot::SLOTS;
use sync::{Condvar, Mutex, MutexGuard};

use super::{BYTES_PER_HOLD, Encode, HANDED_OVER_BYTES_MAX, KEYS_PER_HOLD, Part};
use crate::Key;
use crate::engine::{Shard, ShardBox};
use crate::slots::{Needs, Slot};

/// What a noted name takes beside its bytes, about.
const NOTE_BYTES: usize = 64;

/// Stands for no database.
const NONE: u32 = u32::MAX;

/// A snapshot that runs.
pub(super) struct Running {
    pub encode: Encode,
    /// By database: which one it was at the instant, if what it holds belongs to the snapshot.
    origins: Vec<AtomicU32>,
    slots: Vec<Mutex<Progress>>,
    /// The slots below this one are done.
    walked: AtomicU32,
    handed_over: Mutex<HandedOver>,
    /// Bytes that were handed over or noted and not taken yet.
    bytes: AtomicUsize,
    has_room: Condvar,
    has_ended: AtomicBool,
}

/// How far one slot has been saved.
#[derive(Default)]
pub(super) struct Progress {
    /// The database, by the number that it had at the instant, that is being saved; all below are done.
    pub database: u16,
    /// Of that, keys before this position are done.
    pub cursor: u64,
    /// Whether more was at the cursor than one hold may encode.
    pub is_within: bool,
    /// By database: the names of keys that are not to be saved when the saver comes by them.
    noted: Vec<HashSet<Box<[u8]>>>,
    noted_bytes: usize,
}

#[derive(Default)]
struct HandedOver {
    /// Records, by database.
    records: Vec<(u16, usize, Vec<u8>)>,
    /// Shards of databases that were emptied, by database and slot.
    shards: HashMap<(u16, u16), ShardBox>,
}

impl Progress {
    pub fn next_database(&mut self) {
        *self = Progress {
            database: self.database + 1,
            noted: std::mem::take(&mut self.noted),
            noted_bytes: self.noted_bytes,
            ..Progress::default()
        };
    }

    fn has_noted(&self, origin: u16, name: &[u8]) -> bool {
        self.noted.get(usize::from(origin)).is_some_and(|names| names.contains(name))
    }

    /// Notes a name that is not noted yet; returns the bytes that it takes.
    fn note(&mut self, origin: u16, name: &[u8]) -> usize {
        let index = usize::from(origin);
        if self.noted.len() <= index {
            self.noted.resize_with(index + 1, HashSet::new);
        }
        self.noted[index].insert(name.into());
        let bytes = name.len() + NOTE_BYTES;
        self.noted_bytes += bytes;
        bytes
    }

    /// Whether the key at `position` of the database has been saved.
    fn is_past(&self, origin: u16, position: u64) -> bool {
        origin < self.database || origin == self.database && position < self.cursor
    }
}

impl Running {
    pub fn new(databases: u16, encode: Encode) -> Running {
        Running {
            encode,
            origins: (0..u32::from(databases)).map(AtomicU32::new).collect(),
            slots: (0..SLOTS).map(|_| Mutex::default()).collect(),
            walked: AtomicU32::new(0),
            handed_over: Mutex::default(),
            bytes: AtomicUsize::new(0),
            has_room: Condvar::new(),
            has_ended: AtomicBool::new(false),
        }
    }

    fn origin(&self, database: u16) -> Option<u16> {
        u16::try_from(self.origins[usize::from(database)].load(Ordering::Relaxed)).ok()
    }

    /// Which database has now what was in `origin`.
    pub fn now_at(&self, origin: u16) -> Option<u16> {
        let is_it = |database: &AtomicU32| database.load(Ordering::Relaxed) == u32::from(origin);
        self.origins.iter().position(is_it).map(|database| database as u16)
    }

    /// What `database` holds belongs to the snapshot's database `origin`, or to none.
    pub fn attach(&self, database: u16, origin: Option<u16>) {
        self.origins[usize::from(database)].store(origin.map_or(NONE, u32::from), Ordering::Relaxed);
    }

    /// What `database` holds from now on does not belong to the snapshot.
    pub fn detach(&self, database: u16) -> Option<u16> {
        let origin = self.origin(database);
        self.attach(database, None);
        origin
    }

    pub fn swap(&self, first: u16, second: u16) {
        let (one, other) = (self.origin(first), self.origin(second));
        self.attach(first, other);
        self.attach(second, one);
    }

    fn is_walked(&self, slot: u16) -> bool {
        u32::from(slot) < self.walked.load(Ordering::Relaxed)
    }

    /// See [`super::Snapshots::before_change`].
    pub fn before_change(&self, database: u16, key: &Key<'_>, slot: &Slot) {
        if self.is_walked(key.slot) {
            return;
        }
        let Some(origin) = self.origin(database) else { return };
        let shard = slot.shard(database);
        let mut progress = self.slots[usize::from(key.slot)].lock();
        let position = shard.map_or(u64::MAX, |shard| shard.position(key.bytes));
        if progress.is_past(origin, position) || progress.has_noted(origin, key.bytes) {
            return;
        }
        self.add(progress.note(origin, key.bytes));
        drop(progress);
        let Some(entry) = shard.and_then(|shard| shard.peek(key)) else { return };
        let mut record = Vec::new();
        (self.encode)(entry, &mut record);
        self.add(record.len());
        let mut handed_over = self.handed_over.lock();
        let at = handed_over.records.iter().position(|(of, ..)| *of == origin).unwrap_or_else(|| {
            handed_over.records.push((origin, 0, Vec::new()));
            handed_over.records.len() - 1
        });
        let (_, keys, records) = &mut handed_over.records[at];
        if records.is_empty() {
            *records = record;
        } else {
            records.extend_from_slice(&record);
        }
        *keys += 1;
    }

    fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So much is no longer held; whoever waits for that goes on.
    fn give_back(&self, bytes: usize) {
        let before = self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if before >= HANDED_OVER_BYTES_MAX && before - bytes < HANDED_OVER_BYTES_MAX {
            // Whoever has found that it must wait and does not yet has the lock.
            drop(self.handed_over.lock());
            self.has_room.notify_all();
        }
    }

    pub fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= HANDED_OVER_BYTES_MAX
    }

    /// Whether any of these slots is still to be saved.
    pub fn concerns(&self, needs: &Needs) -> bool {
        match needs {
            Needs::One(slot) => !self.is_walked(*slot),
            Needs::Some(slots) => slots.iter().any(|slot| !self.is_walked(*slot)),
            Needs::All => true,
        }
    }

    pub fn wait_for_room(&self) {
        let mut handed_over = self.handed_over.lock();
        while self.is_full() && !self.has_ended.load(Ordering::Relaxed) {
            self.has_room.wait(&mut handed_over);
        }
    }

    /// Takes records of one database that were handed over.
    pub fn take(&self, out: &mut Vec<u8>) -> Option<Part> {
        let (database, keys, mut records) = self.handed_over.lock().records.pop()?;
        self.give_back(records.len());
        std::mem::swap(out, &mut records);
        Some(Part { database, keys })
    }

    /// See [`super::Snapshots::keep`].
    pub fn keep(&self, origin: u16, slot: u16, shard: ShardBox) -> Option<ShardBox> {
        if self.is_walked(slot) || self.slots[usize::from(slot)].lock().database > origin {
            return Some(shard);
        }
        let mut handed_over = self.handed_over.lock();
        if self.has_ended.load(Ordering::Relaxed) {
            return Some(shard);
        }
        handed_over.shards.insert((origin, slot), shard);
        None
    }

    /// Takes the shard of a database that was emptied.
    pub fn kept(&self, origin: u16, slot: u16) -> Option<ShardBox> {
        self.handed_over.lock().shards.remove(&(origin, slot))
    }

    /// Gives it back, since more of it is left.
    pub fn keep_again(&self, origin: u16, slot: u16, shard: ShardBox) {
        self.handed_over.lock().shards.insert((origin, slot), shard);
    }

    pub fn progress(&self, slot: u16) -> MutexGuard<'_, Progress> {
        self.slots[usize::from(slot)].lock()
    }

    /// Encodes entries of `shard` from the cursor on, and returns how many.
    pub fn encode_some(&self, progress: &mut Progress, shard: &dyn Shard, out: &mut Vec<u8>) -> usize {
        let (origin, cursor) = (progress.database, progress.cursor);
        let is_due = |progress: &Progress, name: &[u8]| {
            (cursor == 0 || shard.position(name) >= cursor) && !progress.has_noted(origin, name)
        };
        let (mut keys, mut is_within) = (0, false);
        let next = shard.scan(cursor, KEYS_PER_HOLD, &mut |entry| {
            if is_due(progress, entry.key()) {
                if out.len() < BYTES_PER_HOLD {
                    (self.encode)(entry, out);
                    keys += 1;
                } else {
                    is_within = true;
                }
            }
        });
        progress.is_within = is_within;
        if !is_within {
            progress.cursor = next;
            return keys;
        }
        // The scan comes by the same entries in the same order.
        let mut names: Vec<Box<[u8]>> = Vec::with_capacity(keys);
        shard.scan(cursor, KEYS_PER_HOLD, &mut |entry| {
            if names.len() < keys && is_due(progress, entry.key()) {
                names.push(entry.key().into());
            }
        });
        names.iter().for_each(|name| self.add(progress.note(origin, name)));
        keys
    }

    /// Says that all of a slot is saved.
    pub fn finish(&self, slot: u16, progress: &mut Progress) {
        self.walked.store(u32::from(slot) + 1, Ordering::Relaxed);
        progress.noted = Vec::new();
        self.give_back(std::mem::take(&mut progress.noted_bytes));
    }

    /// Ends the snapshot, and gives out the shards that nobody has taken.
    pub fn end(&self) -> Vec<ShardBox> {
        let mut handed_over = self.handed_over.lock();
        self.has_ended.store(true, Ordering::Relaxed);
        self.has_room.notify_all();
        std::mem::take(&mut handed_over.shards).into_values().collect()
    }
}
