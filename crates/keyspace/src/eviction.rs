//! Eviction: which keys go to make room in memory, and their removal.
//!
//! Nothing is kept in order for it. As in Redis (`evict.c`), every removal is preceded by a look at a few keys, and the
//! best of all that were looked at are remembered in a small pool, of which the very best goes. Slots are drawn by the
//! number of their keys, so that each key is looked at as often as any other, wherever it is.
//!
//! Nobody is waited for: a slot that is being changed is passed over. What is removed is a change like any other, which
//! watchers, waiting clients and the log learn of. Keys of stored databases are never removed: what they have in memory
//! is a cache, of which their engine lets go ([`crate::engine::Store`]).

use std::sync::atomic::Ordering;

use base::random::Random;
use base::slot::SLOTS;
use values::access::Counting;
use values::entry::{Entry, EntryRef};

use crate::engine::Counts;
use crate::view::Context;
use crate::{Key, Keyspace, Refuse, Tally, WriteTxn};

/// Keys that are remembered as the best to go: Redis' `EVPOOL_SIZE`.
const POOL_MAX: usize = 16;

/// How many keys there are in each slot is looked up again after so many draws.
const DRAWS_MAX: u32 = 1024;

/// Entries that one look at a slot may pass over in search of those that expire.
const EFFORT_PER_LOOK: usize = 256;

/// Looks at slots, for each removal, in which nothing may be found to go. Where little expires among much that does
/// not, many are in vain.
const LOOKS_IN_VAIN_MAX: u32 = 32;

/// Keys that are looked at for each one that goes, at most, whatever `maxmemory-samples` says.
const SAMPLES_MAX: usize = 64;

/// An entry that takes more allocations than this to free, some hundred microseconds, is freed elsewhere in any case.
const FREE_EFFORT_MAX: usize = 4096;

/// Which key goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that was used the longest ago.
    LeastRecentlyUsed,
    /// The one that is used the least often.
    LeastFrequentlyUsed(Counting),
    /// The one that expires first.
    SoonestDeadline,
    /// Any.
    Random,
}

/// How keys are chosen, and how they go.
#[derive(Clone, Copy, Debug)]
pub struct EvictionPolicy {
    /// Which goes first.
    pub choice: Choice,
    /// Whether only keys that expire may go.
    pub only_expiring: bool,
    /// How many keys are looked at for each one that goes.
    pub samples: usize,
    /// Whether what takes long to free is freed elsewhere.
    pub is_lazy: bool,
}

impl EvictionPolicy {
    /// How good it is that this entry goes, more being better; `None` where it may not go.
    fn score(&self, entry: EntryRef<'_>, now_ms: u64) -> Option<u64> {
        let deadline_ms = entry.deadline_ms();
        if self.only_expiring && deadline_ms.is_none() {
            return None;
        }
        Some(match self.choice {
            Choice::LeastRecentlyUsed => entry.accessed().idle_seconds(now_ms),
            Choice::LeastFrequentlyUsed(counting) => {
                u64::from(u8::MAX - entry.accessed().frequency(now_ms, counting))
            }
            Choice::SoonestDeadline => u64::MAX - deadline_ms.unwrap_or(u64::MAX),
            Choice::Random => 0,
        })
    }

    fn samples(&self) -> usize {
        if self.choice == Choice::Random { 1 } else { self.samples.clamp(1, SAMPLES_MAX) }
    }

    fn candidates(&self, counts: Counts) -> usize {
        if self.only_expiring { counts.deadlines } else { counts.keys }
    }
}

/// What came of an attempt to evict a key.
#[derive(Debug)]
pub enum Eviction {
    /// One is gone.
    Done(Tally),
    /// What was to go is being changed right now.
    Busy,
    /// There is none that may go.
    Nothing,
}

/// What one thread that evicts remembers from one removal to the next.
#[derive(Default)]
pub struct Evictor {
    /// The best to go last.
    pool: Vec<Candidate>,
    /// What the pool was filled for.
    chosen_by: Option<(Choice, bool)>,
    places: Places,
    /// Whether a slot was passed over because it was locked.
    has_met_lock: bool,
}

struct Candidate {
    score: u64,
    database: u16,
    slot: u16,
    name: Box<[u8]>,
}

/// Where there are keys that may go, as of some moment.
#[derive(Default)]
struct Places {
    /// The database and the slot, and the weight of all up to this one.
    cumulated: Vec<(u64, u16, u16)>,
    draws_left: u32,
    /// What they were counted for.
    counted_for: (bool, usize),
}

impl Places {
    fn draw(&self, random: u64) -> Option<(u16, u16)> {
        let (total, ..) = self.cumulated.last()?;
        let point = ((u128::from(random) * u128::from(*total)) >> 64) as u64;
        let at = self.cumulated.partition_point(|(upto, ..)| *upto <= point);
        self.cumulated.get(at).map(|(_, database, slot)| (*database, *slot))
    }
}

impl Evictor {
    /// Takes the key in if it is among the best so far.
    fn offer(&mut self, score: u64, database: u16, slot: u16, name: &[u8]) {
        let is_full = self.pool.len() >= POOL_MAX;
        if is_full && self.pool.first().is_some_and(|worst| score <= worst.score) {
            return;
        }
        let is_it = |other: &Candidate| other.name[..] == *name && other.database == database;
        if self.pool.iter().any(is_it) {
            return;
        }
        if is_full {
            self.pool.remove(0);
        }
        let at = self.pool.partition_point(|other| other.score <= score);
        self.pool.insert(at, Candidate { score, database, slot, name: name.into() });
    }
}

impl Keyspace {
    /// Removes the key that `policy` has go first, as far as a look at some tells. `context` says what time it is and
    /// where random choices begin.
    pub fn evict(&self, evictor: &mut Evictor, policy: &EvictionPolicy, context: Context) -> Eviction {
        let chosen_by = Some((policy.choice, policy.only_expiring));
        if evictor.chosen_by != chosen_by {
            evictor.pool.clear();
            evictor.chosen_by = chosen_by;
        }
        if self.snapshots.run() && self.snapshots.is_full() {
            // What goes would only be kept elsewhere.
            return Eviction::Busy;
        }
        let mut random = Random::from_seed(context.seed);
        evictor.has_met_lock = false;
        for look in 0..LOOKS_IN_VAIN_MAX {
            self.look_for_candidates(evictor, policy, context.now_ms, &mut random);
            if evictor.places.cumulated.is_empty() {
                return Eviction::Nothing;
            }
            while let Some(candidate) = evictor.pool.pop() {
                let Some(txn) = self.try_write(candidate.slot, context) else {
                    evictor.has_met_lock = true;
                    continue;
                };
                if let Some(tally) = self.evict_key(txn, &candidate, policy, context.now_ms) {
                    return Eviction::Done(tally);
                }
            }
            if look % 8 == 7 {
                // The counts that the draws go by may be what is wrong.
                evictor.places.draws_left = 0;
            }
        }
        if evictor.has_met_lock { Eviction::Busy } else { Eviction::Nothing }
    }

    /// Has the next `slots` slots from `from` on let go of some of what they only cache, where all of that together takes
    /// more than it may ([`crate::engine::Store::limit_cache`]). Returns where to go on.
    pub fn shrink_caches(&self, from: u16, slots: u16, now_ms: u64) -> u16 {
        let slots = (0..slots).map(|offset| (from.wrapping_add(offset)) % SLOTS as u16);
        let mut next = from;
        for index in slots {
            if let Some(mut slot) = self.slots[usize::from(index)].try_write() {
                slot.for_each_shard_mut(|shard| shard.shrink_cache(now_ms));
            }
            next = (index + 1) % SLOTS as u16;
        }
        next
    }

    /// Looks at as many keys as the policy says, in one slot or, where that has few, in some more.
    fn look_for_candidates(
        &self,
        evictor: &mut Evictor,
        policy: &EvictionPolicy,
        now_ms: u64,
        random: &mut Random,
    ) {
        let samples = policy.samples();
        let mut left = samples;
        for _ in 0..samples {
            self.refresh(&mut evictor.places, policy);
            let Some((database, slot)) = evictor.places.draw(random.next_u64()) else { return };
            let Some(held) = self.slots[usize::from(slot)].try_read() else {
                evictor.has_met_lock = true;
                continue;
            };
            let Some(shard) = held.shard(database) else { continue };
            shard.sample(random.next_u64(), policy.only_expiring, EFFORT_PER_LOOK, &mut |entry| {
                if let Some(score) = policy.score(entry, now_ms) {
                    evictor.offer(score, database, slot, entry.key());
                    left -= 1;
                }
                left > 0
            });
            if left == 0 {
                return;
            }
        }
    }

    /// Counts again what may go, if that was long ago.
    fn refresh(&self, places: &mut Places, policy: &EvictionPolicy) {
        let samples = policy.samples();
        let counts_for = (policy.only_expiring, samples);
        if places.draws_left > 0 && places.counted_for == counts_for {
            places.draws_left -= 1;
            return;
        }
        places.cumulated.clear();
        let mut total = 0;
        for (database, engine) in (0..).zip(self.engines.read().iter()) {
            if engine.is_stored() {
                continue;
            }
            for (slot, counts) in self.statistics[usize::from(database)].by_slot() {
                let candidates = policy.candidates(counts);
                if candidates > 0 {
                    // A look at a slot with fewer keys than are wanted sees each of them.
                    total += candidates.max(samples) as u64;
                    places.cumulated.push((total, database, slot));
                }
            }
        }
        places.counted_for = counts_for;
        // Where nothing may go, somebody waits for the first that may.
        places.draws_left = if places.cumulated.is_empty() { 0 } else { DRAWS_MAX };
    }

    /// Removes the key, if it still is what the policy chose. `txn` holds its slot.
    fn evict_key(
        &self,
        mut txn: WriteTxn<'_>,
        candidate: &Candidate,
        policy: &EvictionPolicy,
        now_ms: u64,
    ) -> Option<Tally> {
        // One that was used since is as good as any other.
        let is_to_go =
            |entry: EntryRef<'_>| policy.score(entry, now_ms).is_some_and(|score| score >= candidate.score);
        let entry = txn.evict(candidate.database, &Key::new(&candidate.name), is_to_go);
        let tally = txn.commit().ok()?;
        drop(txn);
        let has_made_room = entry.is_some() || tally.news.as_ref().is_some_and(|news| news.expired > 0);
        if let Some(entry) = entry {
            self.discard_evicted(entry, policy.is_lazy);
        }
        has_made_room.then_some(tally)
    }

    /// Frees what was evicted: here and now, so that memory is known to be there, unless that takes long.
    fn discard_evicted(&self, entry: Entry, is_lazy: bool) {
        let effort_max = if is_lazy { crate::FREE_EFFORT_MAX } else { FREE_EFFORT_MAX };
        if entry.as_ref().free_effort() > effort_max {
            self.pending.evicted.fetch_add(1, Ordering::Relaxed);
            self.hand_over(Refuse::Evicted(Some(entry)), 1);
        }
    }
}
