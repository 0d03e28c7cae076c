//! The keys of one database that belong to one slot: records on disk, with a cache of entries in front.
//!
//! An entry is changed where it is cached, by the same code that changes one in memory; [`Shard::stage`] then writes
//! down what has become of it. Until that is settled, a changed entry cannot leave the cache, and `touched` knows what
//! is stored of it.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use keyspace::Key;
use keyspace::engine::{Batch, Counts, Elsewhere, Loaded, Shard, Stage, Swept, sweep_elements};
use keyspace::fault::Fault;
use smallvec::SmallVec;
use values::access::Access;
use values::entry::{self, Deadlines, Entry, EntryMut, EntryRef, Form};
use values::stored;
use values::table::Table;

use crate::elements::{DiskElements, raise_unreadable};
use crate::format::{self, Body, Place, Tag};
use crate::space::Space;
use crate::store::SYSTEM;

/// One slot of one database.
pub struct DiskShard {
    space: Arc<Space>,
    slot: u16,
    cached: Table<Entry>,
    /// How many cached entries have deadlines.
    cached_deadlines: Deadlines,
    /// What is stored.
    counts: Counts,
    /// What will be, once the staged changes are.
    staged_counts: Counts,
    /// No key that is stored expires before this.
    earliest_deadline_ms: u64,
    /// Keys that a transaction has got at to change them, and what is stored of them.
    touched: HashMap<Box<[u8]>, Original, FixedState>,
    /// Changes with every change of what is stored; no two shards ever have the same.
    generation: u64,
    /// Where random choices of what to evict go on.
    random: u64,
}

/// Takes the hash, the name and the value of a key's record, and says whether to go on.
type VisitKey<'v> = dyn FnMut(u32, &[u8], &[u8]) -> bool + 'v;

type Meta = SmallVec<[u8; 24]>;

/// What was true of a key before the transaction.
#[derive(Clone)]
struct Original {
    /// What it adds to the counts: nothing, if it was not stored.
    counts: Counts,
    deadline_ms: Option<u64>,
    /// When it or an element of it is due, as the record for sweeps has it.
    due_ms: Option<u64>,
    /// Where its elements are, if it was a stored collection, and what its record says of it. An element that is only
    /// overwritten leaves that as it is, and the record need not be written again.
    place: Option<Place>,
    meta: Meta,
    /// Bytes that its cached entry took.
    cached_bytes: usize,
    is_staged: bool,
}

impl Original {
    const ABSENT: Original = Original {
        counts: Counts { keys: 0, deadlines: 0, timed: 0 },
        deadline_ms: None,
        due_ms: None,
        place: None,
        meta: Meta::new_const(),
        cached_bytes: 0,
        is_staged: false,
    };

    fn of(entry: EntryRef<'_>, cached_bytes: usize) -> Original {
        Original {
            counts: counts_of(entry),
            deadline_ms: entry.deadline_ms(),
            due_ms: due_ms(entry),
            place: place_of(entry),
            meta: meta_of(entry),
            cached_bytes,
            is_staged: false,
        }
    }
}

/// What one key adds to the counts.
fn counts_of(entry: EntryRef<'_>) -> Counts {
    Counts {
        keys: 1,
        deadlines: usize::from(entry.deadline_ms().is_some()),
        timed: usize::from(entry.is_timed()),
    }
}

/// Makes `counts` right where a key that adds `before` to them is to add `now`.
fn recount(counts: &mut Counts, before: Counts, now: Counts) {
    counts.keys = counts.keys + now.keys - before.keys;
    counts.deadlines = counts.deadlines + now.deadlines - before.deadlines;
    counts.timed = counts.timed + now.timed - before.timed;
}

static GENERATION: AtomicU64 = AtomicU64::new(1);

fn next_generation() -> u64 {
    GENERATION.fetch_add(1, Ordering::Relaxed)
}

/// When the key or an element of its value is due, if ever.
fn due_ms(entry: EntryRef<'_>) -> Option<u64> {
    Some(entry::due_ms(entry)).filter(|due_ms| *due_ms != u64::MAX)
}

fn elements_of(entry: EntryRef<'_>) -> Option<&DiskElements> {
    stored::of(entry)?.elements().as_any().downcast_ref()
}

fn elements_of_mut(entry: &mut Entry) -> Option<&mut DiskElements> {
    stored::of_mut(entry)?.elements_mut().as_any_mut().downcast_mut()
}

/// What the record of a stored collection says of it; nothing for any other entry.
fn meta_of(entry: EntryRef<'_>) -> Meta {
    let Some(collection) = stored::of(entry) else { return Meta::new() };
    let mut meta = Vec::with_capacity(24);
    collection.write_meta(&mut meta);
    Meta::from_vec(meta)
}

fn place_of(entry: EntryRef<'_>) -> Option<Place> {
    elements_of(entry).map(DiskElements::place)
}

impl DiskShard {
    /// The shard of `slot`, of which `counts` are stored.
    pub fn new(space: Arc<Space>, slot: u16, counts: Counts) -> DiskShard {
        DiskShard {
            space,
            slot,
            cached: Table::new(),
            cached_deadlines: Deadlines::default(),
            counts,
            staged_counts: counts,
            // Which one is the earliest is found out when something may be due.
            earliest_deadline_ms: if counts.deadlines + counts.timed > 0 { 0 } else { u64::MAX },
            touched: HashMap::default(),
            generation: next_generation(),
            random: u64::from(slot),
        }
    }

    fn cached(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        self.cached.find(key.hash, |entry| entry.key() == key.bytes).map(EntryRef::from)
    }

    /// Whether everything that is stored is cached, so that what is not cached is not there.
    fn is_all_cached(&self) -> bool {
        self.touched.is_empty() && self.cached.len() == self.counts.keys && !self.space.is_away
    }

    /// Reads the record of `key`.
    fn load(&self, key: &Key<'_>) -> Option<Entry> {
        let mut record_key = Vec::with_capacity(key.bytes.len() + format::PREFIX_BYTES + format::HASH_BYTES);
        format::write_key(&mut record_key, self.slot, key.bytes);
        self.decode(key.bytes, &self.space.get(&record_key)?)
    }

    fn decode(&self, name: &[u8], record: &[u8]) -> Option<Entry> {
        let Some(record) = format::read_value(record) else {
            raise_unreadable(name, "its record is malformed");
            return None;
        };
        match record.body {
            Body::Here(form, bytes) => {
                Some(Entry::build(name, form, record.deadline_ms, bytes.len(), |out| {
                    out.copy_from_slice(bytes);
                }))
            }
            Body::Elsewhere(form, place, description) => {
                let mut entry = Entry::build(name, Form::Bytes, record.deadline_ms, 0, |_| {});
                let elements = Box::new(DiskElements::new(Arc::clone(&self.space), place));
                match stored::open(&mut entry, form, description, elements) {
                    Ok(()) => Some(entry),
                    Err(error) => {
                        raise_unreadable(name, error);
                        None
                    }
                }
            }
        }
    }

    /// A handle of its own on the stored collection in `entry`, for a reader that shares the shard with others.
    fn own_handle(&self, entry: EntryRef<'_>) -> Option<Entry> {
        let elements = DiskElements::new(Arc::clone(&self.space), place_of(entry)?);
        Some(stored::share(entry, Box::new(elements)))
    }

    /// Has the entry of `key` cached, if there is one, and notes what is stored of it.
    fn touch(&mut self, key: &Key<'_>) {
        if self.touched.contains_key(key.bytes) {
            return;
        }
        let cached = self.cached(key).map(|entry| Original::of(entry, entry.memory_bytes()));
        let original = match cached {
            Some(original) => {
                self.space.shared.budget.hit();
                original
            }
            None if self.is_all_cached() => Original::ABSENT,
            None => {
                self.space.shared.budget.missed();
                match self.load(key) {
                    Some(entry) => {
                        let original = Original::of(entry.as_ref(), 0);
                        self.put_in(key, entry);
                        original
                    }
                    None => Original::ABSENT,
                }
            }
        };
        self.touched.insert(key.bytes.into(), original);
    }

    fn put_in(&mut self, key: &Key<'_>, entry: Entry) {
        self.cached_deadlines.add(entry.as_ref());
        self.cached.insert_unique(key.hash, entry);
    }

    fn take_out(&mut self, key: &Key<'_>) -> Option<Entry> {
        let entry = self.cached.remove(key.hash, |entry| entry.key() == key.bytes)?;
        self.cached_deadlines.take_back(entry.as_ref());
        Some(entry)
    }

    /// An entry as this shard can hold it: a stored collection of another space becomes one in memory, which is then
    /// stored here.
    fn received(&self, entry: Entry) -> Entry {
        let is_foreign = entry.form().is_stored()
            && elements_of(entry.as_ref()).is_none_or(|elements| elements.space().id != self.space.id);
        if is_foreign { entry.as_ref().copy_to(entry.key()) } else { entry }
    }

    fn random(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.random ^ self.random >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ mixed >> 33
    }

    /// Lets go of entries, of some each time the one that was used the longest ago, until the cache is within its
    /// budget again. `clock` is the present, as [`values::access::Access::clock`] has it.
    fn evict(&mut self, clock: u32) {
        /// As Redis samples by default.
        const SAMPLES: usize = 5;
        /// One admission never pays for much more than it took.
        const EVICTIONS_MAX: usize = 32;
        for _ in 0..EVICTIONS_MAX {
            if !self.space.shared.budget.is_exceeded() {
                return;
            }
            let mut oldest: Option<(u32, Box<[u8]>)> = None;
            for _ in 0..SAMPLES {
                let random = self.random();
                let Some(entry) = self.cached.random(&mut || random) else { return };
                let idle = clock.wrapping_sub(entry.as_ref().accessed().clock()) & 0x00ff_ffff;
                if oldest.as_ref().is_none_or(|(most, _)| idle > *most) {
                    oldest = Some((idle, entry.key().into()));
                }
            }
            let Some((_, name)) = oldest else { return };
            if let Some(entry) = self.take_out(&Key::new(&name)) {
                self.space.shared.budget.change(entry.as_ref().memory_bytes(), 0);
                self.space.shared.budget.evicted();
            }
        }
    }

    /// Visits the records of keys whose hashes are from `from` on, until `visit` says false.
    fn walk(&self, from: u32, visit: &mut VisitKey<'_>) {
        let lower = Bound::Included(format::hash_prefix(self.slot, from).to_vec());
        let upper = Bound::Excluded(format::prefix(self.slot, Tag::Deadline).to_vec());
        self.space.scan((lower, upper), false, &mut |key, value| {
            let (Some(hash), Some(name)) = (format::hash_of(&key), format::name_of(&key)) else {
                return false;
            };
            visit(hash, name, &value)
        });
    }

    /// Adds to `batch` what has become of `key`, of which `original` is stored.
    fn stage_key(&mut self, key: &Key<'_>, original: &Original, batch: &mut Batch) -> Result<(), Fault> {
        let (space, slot) = (Arc::clone(&self.space), self.slot);
        let found = self.cached.find_mut(key.hash, |entry| entry.key() == key.bytes);
        let now = match found {
            None => Original::ABSENT,
            Some(mut entry) => {
                if key.bytes.len() > format::NAME_BYTES_MAX {
                    return Err(Fault::new(format!(
                        "ERR a key is longer than the {} bytes that a database on disk takes",
                        format::NAME_BYTES_MAX
                    )));
                }
                if entry.form().is_indexed() && !entry.form().is_stored() {
                    let id = space.shared.ids.next().map_err(|error| crate::store::fault(&error))?;
                    let elements = DiskElements::new(Arc::clone(&space), Place { home: slot, id });
                    stored::spill(&mut entry, Box::new(elements));
                }
                let place = match elements_of(entry.as_ref()) {
                    Some(elements) => {
                        elements.stage(batch)?;
                        Some(elements.place())
                    }
                    None => None,
                };
                let now = Original::of(entry.as_ref(), 0);
                let is_as_before = place.is_some()
                    && place == original.place
                    && now.deadline_ms == original.deadline_ms
                    && now.counts == original.counts
                    && now.meta == original.meta;
                if !is_as_before {
                    batch.put(
                        space.id,
                        |out| format::write_key(out, slot, key.bytes),
                        |out| format::write_value(out, entry.as_ref(), place),
                    );
                }
                now
            }
        };
        if now.counts.keys < original.counts.keys {
            batch.remove(space.id, |out| format::write_key(out, slot, key.bytes));
        }
        if now.due_ms != original.due_ms {
            if let Some(due_ms) = original.due_ms {
                batch.remove(space.id, |out| format::write_deadline(out, slot, due_ms, key.bytes));
            }
            if let Some(due_ms) = now.due_ms {
                batch.put(space.id, |out| format::write_deadline(out, slot, due_ms, key.bytes), |_| {});
                self.earliest_deadline_ms = self.earliest_deadline_ms.min(due_ms);
            }
        }
        if now.place != original.place {
            let elsewhere = |place: Place| Elsewhere { space: space.id, slot: place.home, id: place.id };
            batch.released.extend(original.place.map(elsewhere));
            batch.adopted.extend(now.place.map(elsewhere));
        }
        let counts = &mut self.staged_counts;
        let before = *counts;
        recount(counts, original.counts, now.counts);
        if *counts != before {
            let counts = *counts;
            batch.put(
                SYSTEM,
                |out| format::write_counts_key(out, space.id, slot),
                |out| format::write_counts(out, counts),
            );
        }
        Ok(())
    }
}

impl Shard for DiskShard {
    fn counts(&self) -> Counts {
        let mut counts = self.counts;
        for (name, original) in &self.touched {
            let now = self.cached(&Key::new(name)).map(counts_of).unwrap_or_default();
            recount(&mut counts, original.counts, now);
        }
        counts
    }

    fn prefetch(&self, key: &Key<'_>, stage: Stage) {
        self.cached.prefetch(key.hash, stage);
    }

    fn find<'s>(&'s self, key: &Key<'_>, loaded: &'s Loaded) -> Option<EntryRef<'s>> {
        if let Some(entry) = self.cached(key) {
            self.space.shared.budget.hit();
            if !entry.form().is_stored() || self.touched.contains_key(key.bytes) {
                return Some(entry);
            }
            return Some(loaded.keep(self.own_handle(entry)?, None));
        }
        if self.is_all_cached() || self.touched.contains_key(key.bytes) {
            return None;
        }
        self.space.shared.budget.missed();
        let entry = self.load(key)?;
        if !entry.form().is_stored() {
            return Some(loaded.keep(entry, Some(self.generation)));
        }
        let own = self.own_handle(entry.as_ref())?;
        loaded.keep(entry, Some(self.generation));
        Some(loaded.keep(own, None))
    }

    fn peek(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        self.cached(key)
    }

    fn find_mut(&mut self, key: &Key<'_>) -> Option<EntryMut<'_>> {
        self.touch(key);
        let found = self.cached.find_mut(key.hash, |entry| entry.key() == key.bytes)?;
        Some(EntryMut::new(found, &mut self.cached_deadlines))
    }

    fn insert(&mut self, key: &Key<'_>, entry: Entry) -> EntryMut<'_> {
        self.touch(key);
        let entry = self.received(entry);
        EntryMut::inserted(self.cached.insert_unique(key.hash, entry), &mut self.cached_deadlines)
    }

    fn find_or_insert(&mut self, key: &Key<'_>, make: &mut dyn FnMut() -> Entry) -> (EntryMut<'_>, bool) {
        self.touch(key);
        let is_key = |entry: &Entry| entry.key() == key.bytes;
        let (entry, inserted) = self.cached.find_or_insert(key.hash, is_key, make);
        (EntryMut::new(entry, &mut self.cached_deadlines), inserted)
    }

    /// The cursor is the hash of the names to go on with, as [`base::hash::stable_hash`] has it, which no change to
    /// other keys changes.
    fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(EntryRef<'_>)) -> u64 {
        let from = cursor as u32;
        let mut seen = 0;
        let mut last = None;
        let mut next = None;
        self.walk(from, &mut |hash, name, record| {
            if seen >= count && last != Some(hash) {
                next = Some(hash);
                return false;
            }
            last = Some(hash);
            if !self.touched.contains_key(name) {
                seen += 1;
                match self.cached(&Key::new(name)) {
                    // The handle on a stored collection is not shared: it holds what it hands out.
                    Some(entry) if !entry.form().is_stored() => visit(entry),
                    _ => {
                        if let Some(entry) = self.decode(name, record) {
                            visit(entry.as_ref());
                        }
                    }
                }
            }
            true
        });
        for name in self.touched.keys() {
            let hash = base::hash::stable_hash(name);
            if hash >= from
                && next.is_none_or(|next| hash < next)
                && let Some(entry) = self.cached(&Key::new(name))
            {
                visit(entry);
            }
        }
        next.map_or(0, u64::from)
    }

    fn position(&self, name: &[u8]) -> u64 {
        u64::from(base::hash::stable_hash(name))
    }

    /// One of the few whose hashes follow a random one.
    fn random<'s>(&'s self, rng: &mut dyn FnMut() -> u64, loaded: &'s Loaded) -> Option<EntryRef<'s>> {
        const CANDIDATES: usize = 8;
        if self.cached.len() == self.counts().keys {
            return self.cached.random(&mut || rng()).map(EntryRef::from);
        }
        let mut names: Vec<Box<[u8]>> = Vec::new();
        for from in [(rng() >> 32) as u32, 0] {
            self.walk(from, &mut |_, name, _| {
                let is_gone = self.touched.contains_key(name) && self.cached(&Key::new(name)).is_none();
                if !is_gone {
                    names.push(name.into());
                }
                names.len() < CANDIDATES
            });
            if names.len() >= CANDIDATES {
                break;
            }
        }
        if names.is_empty() {
            return None;
        }
        let chosen = ((u128::from(rng()) * names.len() as u128) >> 64) as usize;
        self.find(&Key::new(&names[chosen]), loaded)
    }

    fn earliest_deadline_ms(&self) -> u64 {
        self.earliest_deadline_ms
    }

    fn sweep(&mut self, now_ms: u64, effort: usize, swept: &mut dyn FnMut(Swept<'_>)) {
        /// A run of entries in memory has about as many.
        const KEYS_PER_EFFORT: usize = 16;
        // What lies before has been removed, and to pass over it takes time.
        let lower = Bound::Included(format::deadline_prefix(self.slot, self.earliest_deadline_ms).to_vec());
        let upper = Bound::Excluded(format::prefix(self.slot, Tag::Element).to_vec());
        let mut due: Vec<Box<[u8]>> = Vec::new();
        let mut earliest_ms = u64::MAX;
        self.space.scan((lower, upper), false, &mut |key, _| {
            let Some((deadline_ms, name)) = format::deadline_of(&key) else { return true };
            let goes_on = deadline_ms <= now_ms && due.len() < effort * KEYS_PER_EFFORT;
            if goes_on {
                due.push(name.into());
            } else {
                earliest_ms = deadline_ms;
            }
            goes_on
        });
        due.retain(|name| {
            let key = Key::new(name);
            self.touch(&key);
            let is_due =
                |entry: EntryRef<'_>| entry.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms);
            let is_whole = self.cached(&key).is_some_and(is_due);
            if is_whole && let Some(entry) = self.take_out(&key) {
                swept(Swept::Key(entry));
            }
            !is_whole
        });
        // What is due of those that stay is among their elements.
        self.earliest_deadline_ms = earliest_ms.min(sweep_elements(self, &due, now_ms, swept));
    }

    fn overhead_bytes(&self) -> usize {
        size_of::<DiskShard>() + self.cached.memory_bytes()
    }

    fn stage(&mut self, key: &Key<'_>, batch: &mut Batch) -> Result<(), Fault> {
        let Some(original) = self.touched.get_mut(key.bytes) else { return Ok(()) };
        if std::mem::replace(&mut original.is_staged, true) {
            return Ok(());
        }
        let original = original.clone();
        self.stage_key(key, &original, batch)
    }

    fn settle(&mut self, stored: bool) {
        if self.touched.is_empty() {
            return;
        }
        let mut clock = 0;
        let mut has_changed = false;
        for (name, original) in std::mem::take(&mut self.touched) {
            let key = Key::new(&name);
            has_changed |= original.is_staged;
            let mut cached_bytes = 0;
            if stored {
                if let Some(mut entry) = self.cached.find_mut(key.hash, |entry| entry.key() == key.bytes) {
                    if let Some(elements) = elements_of_mut(&mut entry) {
                        elements.settle();
                    }
                    cached_bytes = entry.as_ref().memory_bytes();
                    clock = entry.as_ref().accessed().clock();
                }
            } else {
                self.take_out(&key);
            }
            self.space.shared.budget.change(original.cached_bytes, cached_bytes);
        }
        if stored {
            self.counts = self.staged_counts;
        } else {
            self.staged_counts = self.counts;
            if self.counts.deadlines + self.counts.timed > 0 {
                self.earliest_deadline_ms = 0;
            }
        }
        if has_changed {
            self.generation = next_generation();
        }
        self.evict(clock);
    }

    fn shrink_cache(&mut self, now_ms: u64) {
        if self.touched.is_empty() {
            self.evict(Access::at(now_ms).clock());
        }
    }

    fn admit(&mut self, entry: Entry, generation: u64) {
        let hash = base::hash::hash(entry.key());
        let name: Box<[u8]> = entry.key().into();
        let key = Key { bytes: &name, slot: self.slot, hash };
        if generation != self.generation || self.cached(&key).is_some() {
            return;
        }
        let clock = entry.as_ref().accessed().clock();
        self.space.shared.budget.change(0, entry.as_ref().memory_bytes());
        self.put_in(&key, entry);
        self.evict(clock);
    }
}

impl Drop for DiskShard {
    fn drop(&mut self) {
        let untouched = self.cached.iter().filter(|entry| !self.touched.contains_key(entry.key()));
        let bytes: usize = untouched.map(|entry| entry.as_ref().memory_bytes()).sum();
        let touched: usize = self.touched.values().map(|original| original.cached_bytes).sum();
        self.space.shared.budget.change(bytes + touched, 0);
    }
}
