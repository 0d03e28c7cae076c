//! What can be known of a database without locking any slot.
//!
//! Arrays by slot, written by whoever holds the slot exclusively and read by anyone: summing up 16,384 counters
//! takes a few microseconds, so `DBSIZE` takes the same time however many keys there are.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use base::slot::SLOTS;

use crate::engine::Shard;

/// The counters of one database; no memory is taken before the first key.
#[derive(Default)]
pub(crate) struct Statistics(OnceLock<Box<Counters>>);

struct Counters {
    len: Vec<AtomicU32>,
    deadlines: Vec<AtomicU32>,
    earliest_deadline_ms: Vec<AtomicU64>,
}

impl Default for Box<Counters> {
    fn default() -> Self {
        Box::new(Counters {
            len: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            deadlines: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            earliest_deadline_ms: (0..SLOTS).map(|_| AtomicU64::new(u64::MAX)).collect(),
        })
    }
}

/// Stores only what changed, so that a slot's neighbours in the cache line are left alone.
macro_rules! store {
    ($cell:expr, $value:expr) => {{
        let (cell, value) = (&$cell, $value);
        if cell.load(Ordering::Relaxed) != value {
            cell.store(value, Ordering::Relaxed);
        }
    }};
}

impl Statistics {
    /// Takes over the counts of a slot that the caller holds exclusively.
    #[inline]
    pub fn publish(&self, slot: u16, shard: Option<&dyn Shard>) {
        let Some(counters) =
            (if shard.is_some() { Some(self.0.get_or_init(Box::default)) } else { self.0.get() })
        else {
            return;
        };
        let slot = usize::from(slot);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        store!(counters.len[slot], shard.map_or(0, |shard| count(shard.len())));
        let deadlines = shard.map_or(0, Shard::deadlines);
        if deadlines > 0 || counters.deadlines[slot].load(Ordering::Relaxed) > 0 {
            store!(counters.deadlines[slot], count(deadlines));
            store!(counters.earliest_deadline_ms[slot], shard.map_or(u64::MAX, Shard::earliest_deadline_ms));
        }
    }

    fn sum(&self, select: impl Fn(&Counters) -> &[AtomicU32]) -> usize {
        self.0.get().map_or(0, |counters| {
            select(counters).iter().map(|count| count.load(Ordering::Relaxed) as usize).sum()
        })
    }

    pub fn len(&self) -> usize {
        self.sum(|counters| &counters.len)
    }

    pub fn deadlines(&self) -> usize {
        self.sum(|counters| &counters.deadlines)
    }

    pub fn slot_len(&self, slot: u16) -> usize {
        self.0.get().map_or(0, |counters| counters.len[usize::from(slot)].load(Ordering::Relaxed) as usize)
    }

    /// A slot, each as likely as it has keys; `None` when there is no key at all.
    pub fn random_slot(&self, random: u64) -> Option<u16> {
        let counters = self.0.get()?;
        let total = self.len() as u128;
        let mut left = (u128::from(random) * total >> 64) as usize;
        for (slot, len) in counters.len.iter().enumerate() {
            let len = len.load(Ordering::Relaxed) as usize;
            if left < len {
                return Some(slot as u16);
            }
            left -= len;
        }
        // Keys went while we counted; any slot that still has some will do.
        counters.len.iter().position(|len| len.load(Ordering::Relaxed) > 0).map(|slot| slot as u16)
    }

    /// The first slot from `from` on that has something to expire at `now_ms`.
    pub fn next_due(&self, from: usize, now_ms: u64) -> Option<u16> {
        let deadlines = &self.0.get()?.earliest_deadline_ms;
        let due = |deadline: &AtomicU64| deadline.load(Ordering::Relaxed) <= now_ms;
        deadlines.get(from..)?.iter().position(due).map(|offset| (from + offset) as u16)
    }
}
