//! What can be known of a database without locking any slot.
//!
//! Arrays by slot, written by whoever holds the slot exclusively and read by anyone: summing up 16,384 counters
//! takes a few microseconds, so `DBSIZE` takes the same time however many keys there are.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use base::slot::SLOTS;

use crate::engine::{Counts, Shard};

/// The counters of one database; no memory is taken before the first key.
#[derive(Default)]
pub(crate) struct Statistics(OnceLock<Box<Counters>>);

struct Counters {
    /// The number of keys in the lower half, of those with a deadline in the upper one: see [`pack`].
    counts: Vec<AtomicU64>,
    /// The number of keys whose values have elements with deadlines.
    timed: Vec<AtomicU32>,
    earliest_deadline_ms: Vec<AtomicU64>,
}

impl Default for Box<Counters> {
    fn default() -> Self {
        Box::new(Counters {
            counts: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            timed: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            earliest_deadline_ms: (0..SLOTS).map(|_| AtomicU64::new(u64::MAX)).collect(),
        })
    }
}

/// The highest bit of the lower half: whether there are keys whose values have elements with deadlines.
const TIMED: u64 = 1 << 31;

/// Both counts in one word, so that one look tells whether anything has changed, and another whether there is any
/// deadline.
#[inline]
fn pack(counts: Counts) -> u64 {
    let half = |count: usize, most: u32| u64::from(u32::try_from(count).unwrap_or(most).min(most));
    let timed = if counts.timed > 0 { TIMED } else { 0 };
    half(counts.deadlines, u32::MAX) << 32 | timed | half(counts.keys, u32::MAX >> 1)
}

fn keys(packed: u64) -> usize {
    (packed & (TIMED - 1)) as usize
}

fn has_deadlines(packed: u64) -> bool {
    packed >= TIMED
}

fn deadlines(packed: u64) -> usize {
    (packed >> 32) as usize
}

impl Statistics {
    /// Takes over the counts of a slot that the caller holds exclusively. Stores only what changed, so that a slot's
    /// neighbours in the cache line are left alone.
    #[inline]
    pub fn publish(&self, slot: u16, shard: Option<&dyn Shard>) {
        let counters = match (self.0.get(), shard) {
            (Some(counters), _) => counters,
            (None, Some(_)) => self.0.get_or_init(Box::default),
            (None, None) => return,
        };
        let slot = usize::from(slot);
        let old = counters.counts[slot].load(Ordering::Relaxed);
        let counts = shard.map(Shard::counts).unwrap_or_default();
        let new = pack(counts);
        if old != new {
            counters.counts[slot].store(new, Ordering::Relaxed);
        }
        if has_deadlines(old | new) {
            counters.timed[slot].store(counts.timed as u32, Ordering::Relaxed);
            // What a shard says is not later than its earliest deadline, and may be long past where it has none any more.
            let earliest = shard.filter(|_| has_deadlines(new)).map_or(u64::MAX, Shard::earliest_deadline_ms);
            let cell = &counters.earliest_deadline_ms[slot];
            if cell.load(Ordering::Relaxed) != earliest {
                cell.store(earliest, Ordering::Relaxed);
            }
        }
    }

    fn sum(&self, select: impl Fn(u64) -> usize) -> usize {
        let counts = self.0.get().map(|counters| counters.counts.iter());
        counts.into_iter().flatten().map(|packed| select(packed.load(Ordering::Relaxed))).sum()
    }

    pub fn len(&self) -> usize {
        self.sum(keys)
    }

    pub fn deadlines(&self) -> usize {
        self.sum(deadlines)
    }

    pub fn timed(&self) -> usize {
        let counts = self.0.get().map(|counters| counters.timed.iter());
        counts.into_iter().flatten().map(|count| count.load(Ordering::Relaxed) as usize).sum()
    }

    pub fn slot_len(&self, slot: u16) -> usize {
        self.0.get().map_or(0, |counters| keys(counters.counts[usize::from(slot)].load(Ordering::Relaxed)))
    }

    /// The slots, with what is in them.
    pub fn by_slot(&self) -> impl Iterator<Item = (u16, Counts)> {
        let counters = self.0.get().into_iter();
        let counts = counters.flat_map(|counters| counters.counts.iter().zip(&counters.timed));
        (0..).zip(counts.map(|(packed, timed)| {
            let (packed, timed) = (packed.load(Ordering::Relaxed), timed.load(Ordering::Relaxed));
            Counts { keys: keys(packed), deadlines: deadlines(packed), timed: timed as usize }
        }))
    }

    /// A slot, each as likely as it has keys; `None` when there is no key at all.
    pub fn random_slot(&self, random: u64) -> Option<u16> {
        let counters = self.0.get()?;
        let total = self.len() as u128;
        let mut left = ((u128::from(random) * total) >> 64) as usize;
        let lens = || counters.counts.iter().map(|packed| keys(packed.load(Ordering::Relaxed)));
        for (slot, len) in lens().enumerate() {
            if left < len {
                return Some(slot as u16);
            }
            left -= len;
        }
        // Keys went while we counted; any slot that still has some will do.
        lens().position(|len| len > 0).map(|slot| slot as u16)
    }

    /// The first slot from `from` on that has something to expire at `now_ms`.
    pub fn next_due(&self, from: usize, now_ms: u64) -> Option<u16> {
        let deadlines = &self.0.get()?.earliest_deadline_ms;
        let due = |deadline: &AtomicU64| deadline.load(Ordering::Relaxed) <= now_ms;
        deadlines.get(from..)?.iter().position(due).map(|offset| (from + offset) as u16)
    }
}
