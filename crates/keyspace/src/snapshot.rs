//! Snapshots: what all databases hold at one moment, given out bit by bit while transactions go on.
//!
//! To begin one, all slots are held for an instant ([`Keyspace::begin_snapshot`]). From then on a saver walks the slots in
//! ascending order, some hundred keys at a time under the shared lock of one slot, and has the entries encoded by a
//! function that it brought along: the keyspace knows no format. A transaction that is about to get at a key which the
//! saver has not come by yet first hands over the key's record as it was at the instant, and the name is noted, so that the
//! saver passes over it; the name of a key that is made is noted as well ([`running`]). A database that is emptied hands its
//! shards over as they are, and one that is exchanged keeps the number that it had. So what is given out is what there was at
//! the instant, each key once, in no particular order.
//!
//! Removals by [`Keyspace::expire_some`] hand nothing over: a key or an element whose time has come may be missing, as it
//! would not be seen by whoever takes up what was saved.
//!
//! Databases that are stored give a view of what they had stored at the instant ([`crate::engine::Engine::freeze`]), which
//! is read after the slots, without any lock.
//!
//! # Memory
//!
//! What is handed over, with the names that are noted, is bounded by [`HANDED_OVER_BYTES_MAX`]: when there is more, a
//! transaction waits for the saver before it begins. It waits while it holds nothing: neither a slot nor the escalation. The
//! saver waits for nothing but the shared lock of one slot at a time. Those who hold slots wait at most for other slots, as
//! described in [`crate::slots`], and never for the saver; so the saver goes on, and with it those who wait for it. A
//! transaction that has begun hands over what it changes, so the bound may be exceeded by what the transactions change that
//! run at the same time.

mod running;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use base::slot::SLOTS;
use values::entry::EntryRef;

use crate::engine::{Engine, Shard, ShardBox};
use crate::fault::{self, Fault};
use crate::slots::{Held, Mode, Needs, Slot};
use crate::{Key, Keyspace};
use running::Running;

/// Bytes of records and names that may wait for the saver before transactions do.
pub const HANDED_OVER_BYTES_MAX: usize = 64 << 20;

/// Keys that are encoded, at least, under one hold of a slot's lock, if it has so many.
const KEYS_PER_HOLD: usize = 128;

/// Under one hold of a slot's lock no further key is encoded when the records are as long as this.
const BYTES_PER_HOLD: usize = 256 << 10;

/// Appends the record of an entry.
pub type Encode = Box<dyn Fn(EntryRef<'_>, &mut Vec<u8>) + Send + Sync>;

/// Why a snapshot does not begin.
#[derive(Debug)]
pub enum CannotBegin {
    /// There is one already.
    Runs,
    /// A database that is stored cannot be read.
    Fault(Fault),
}

/// How many keys a database had at the instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseSize {
    /// The database.
    pub database: u16,
    /// Its keys.
    pub keys: usize,
    /// Those of them with a deadline.
    pub deadlines: usize,
}

/// Some records of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number that the database had at the instant.
    pub database: u16,
    /// How many records there are.
    pub keys: usize,
}

/// The snapshot that there is, or none.
#[derive(Default)]
pub(crate) struct Snapshots {
    /// Changed only while all slots are held, or where it does no harm to see it late.
    runs: AtomicBool,
    current: ArcSwapOption<Running>,
}

impl Snapshots {
    /// Whether there is one.
    #[inline]
    pub fn run(&self) -> bool {
        self.runs.load(Ordering::Relaxed)
    }

    /// `key` of `database` is about to be changed, or made; `slot` is held exclusively.
    #[cold]
    pub fn before_change(&self, database: u16, key: &Key<'_>, slot: &Slot) {
        if let Some(running) = &*self.current.load() {
            running.before_change(database, key, slot);
        }
    }

    /// `database` loses its shards; all slots are held. Says which database of the snapshot it was.
    pub fn detach(&self, database: u16) -> Option<u16> {
        self.current.load().as_ref()?.detach(database)
    }

    /// Takes back a [`Snapshots::detach`].
    pub fn attach(&self, database: u16, origin: Option<u16>) {
        if let Some(running) = &*self.current.load() {
            running.attach(database, origin);
        }
    }

    /// Two databases exchange their shards; all slots are held.
    pub fn swap(&self, first: u16, second: u16) {
        if let Some(running) = &*self.current.load() {
            running.swap(first, second);
        }
    }

    /// Keeps a shard that was taken out of `slot`, if it is still to be saved; otherwise it is given back.
    pub fn keep(&self, origin: Option<u16>, slot: u16, shard: ShardBox) -> Option<ShardBox> {
        match (&*self.current.load(), origin) {
            (Some(running), Some(origin)) => running.keep(origin, slot, shard),
            _ => Some(shard),
        }
    }

    /// Waits until the saver has come after, where whoever is to change something in these slots has to.
    #[cold]
    pub fn wait_for_room(&self, needs: &Needs) {
        let running = self.current.load_full();
        if let Some(running) = running.filter(|running| running.is_full() && running.concerns(needs)) {
            crate::slots::patiently(&mut || running.wait_for_room());
        }
    }

    /// Whether more was handed over than may be.
    #[cold]
    pub fn is_full(&self) -> bool {
        self.current.load().as_ref().is_some_and(|running| running.is_full())
    }
}

/// A snapshot that is being given out. To drop it ends it.
pub struct Snapshot<'k> {
    keyspace: &'k Keyspace,
    running: Arc<Running>,
    sizes: Vec<DatabaseSize>,
    /// The slot to go on with.
    slot: u16,
    /// What is left of databases that are stored.
    stored: Vec<Stored>,
}

/// A database that is stored, as it was at the instant.
struct Stored {
    database: u16,
    engine: Arc<dyn Engine>,
    /// The slots that are left, in descending order, and the one that is being read.
    slots: Vec<u16>,
    reading: Option<(ShardBox, u64)>,
}

impl Keyspace {
    /// Begins a snapshot of all databases. `at_the_instant` is called in the moment that it shows, while no transaction
    /// runs; it must not touch the keyspace.
    pub fn begin_snapshot<R>(
        &self,
        encode: Encode,
        at_the_instant: impl FnOnce() -> R,
    ) -> Result<(Snapshot<'_>, R), CannotBegin> {
        let databases = self.databases();
        let running = Arc::new(Running::new(databases, encode));
        if self.snapshots.runs.swap(true, Ordering::AcqRel) {
            return Err(CannotBegin::Runs);
        }
        let held = Held::lock(&self.slots, &Needs::All, Mode::Shared, Some(&self.escalation));
        let engines = self.engines.read();
        let mut frozen = Vec::new();
        for (database, engine) in (0..).zip(engines.iter()) {
            match engine.freeze() {
                Ok(None) => {}
                Ok(Some(engine)) => {
                    running.attach(database, None);
                    frozen.push((database, engine));
                }
                Err(fault) => {
                    self.snapshots.runs.store(false, Ordering::Release);
                    return Err(CannotBegin::Fault(fault));
                }
            }
        }
        drop(engines);
        let size_of = |database: u16| DatabaseSize {
            database,
            keys: self.len(database),
            deadlines: self.deadlines(database),
        };
        let sizes = (0..databases).map(size_of).filter(|size| size.keys > 0).collect();
        let slots_of = |database: u16| {
            let occupied = self.statistics[usize::from(database)].by_slot();
            let occupied = occupied.filter(|(_, counts)| counts.keys > 0).map(|(slot, _)| slot);
            let mut slots: Vec<u16> = occupied.collect();
            slots.reverse();
            slots
        };
        let stored = frozen.into_iter().map(|(database, engine)| Stored {
            database,
            engine,
            slots: slots_of(database),
            reading: None,
        });
        let stored = stored.collect();
        let result = at_the_instant();
        self.snapshots.current.store(Some(Arc::clone(&running)));
        drop(held);
        Ok((Snapshot { keyspace: self, running, sizes, slot: 0, stored }, result))
    }

    /// Whether there is a snapshot.
    pub fn is_snapshotting(&self) -> bool {
        self.snapshots.run()
    }

    /// A shard that was emptied goes, unless a snapshot still has to have it.
    pub(crate) fn discard_emptied(&self, origin: Option<u16>, slot: u16, shard: ShardBox) {
        if let Some(shard) = self.snapshots.keep(origin, slot, shard) {
            self.discard_shard(shard);
        }
    }
}

impl Snapshot<'_> {
    /// How many keys there were at the instant, by database, where there were any.
    pub fn sizes(&self) -> &[DatabaseSize] {
        &self.sizes
    }

    /// Puts the next records into `out`, in place of what is in it, and says which they are; `None` when there are no more.
    ///
    /// # Errors
    /// When a database that is stored cannot be read.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Part>, Fault> {
        out.clear();
        while usize::from(self.slot) < SLOTS {
            if let Some(part) = self.running.take(out) {
                return Ok(Some(part));
            }
            let part = self.walk(out);
            if part.keys > 0 {
                return Ok(Some(part));
            }
        }
        // Whoever handed anything over did so before the saver had come by its slot.
        match self.running.take(out) {
            Some(part) => Ok(Some(part)),
            None => self.read_stored(out),
        }
    }

    /// Encodes some entries of the slot whose turn it is.
    fn walk(&mut self, out: &mut Vec<u8>) -> Part {
        let index = self.slot;
        let slot = self.keyspace.slots[usize::from(index)].read();
        let mut progress = self.running.progress(index);
        while progress.database < self.keyspace.databases() {
            let origin = progress.database;
            let kept = self.running.kept(origin, index);
            let shard: Option<&dyn Shard> = match &kept {
                Some(shard) => Some(&**shard),
                None => self.running.now_at(origin).and_then(|database| slot.shard(database)),
            };
            let keys = shard.map_or(0, |shard| self.running.encode_some(&mut progress, shard, out));
            let is_done = shard.is_none() || progress.cursor == 0 && !progress.is_within;
            if is_done {
                progress.next_database();
                if let Some(shard) = kept {
                    self.keyspace.discard_shard(shard);
                }
            } else if let Some(shard) = kept {
                self.running.keep_again(origin, index, shard);
            }
            if keys > 0 {
                return Part { database: origin, keys };
            }
        }
        self.running.finish(index, &mut progress);
        self.slot += 1;
        Part { database: 0, keys: 0 }
    }

    /// Encodes some entries of the databases that are stored.
    fn read_stored(&mut self, out: &mut Vec<u8>) -> Result<Option<Part>, Fault> {
        while let Some(stored) = self.stored.last_mut() {
            let Some((shard, cursor)) = &mut stored.reading else {
                match stored.slots.pop() {
                    Some(slot) => stored.reading = Some((stored.engine.shard(slot), 0)),
                    None => drop(self.stored.pop()),
                }
                continue;
            };
            // Whoever looked before and was not asked how it went is none of this one's business.
            fault::take();
            let mut keys = 0;
            *cursor = shard.scan(*cursor, KEYS_PER_HOLD, &mut |entry| {
                (self.running.encode)(entry, out);
                keys += 1;
            });
            if let Some(fault) = fault::take() {
                return Err(fault);
            }
            if *cursor == 0 {
                stored.reading = None;
            }
            return Ok(Some(Part { database: stored.database, keys }));
        }
        Ok(None)
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        self.keyspace.snapshots.current.store(None);
        for shard in self.running.end() {
            self.keyspace.discard_shard(shard);
        }
        self.keyspace.snapshots.runs.store(false, Ordering::Release);
    }
}
