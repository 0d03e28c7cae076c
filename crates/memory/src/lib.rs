//! The engine that serves a database from memory: a hash table of entries for each slot.

use keyspace::Key;
use keyspace::engine::{Counts, Engine, Loaded, Shard, ShardBox, Stage, Swept, sweep_elements};
use smallbox::smallbox;
use smallbox::space::S4;
use values::entry::{self, Deadlines, Entry, EntryMut, EntryRef};
use values::table::Table;

/// Databases in memory.
pub struct Memory;

impl Engine for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn shard(&self, _: u16) -> ShardBox {
        smallbox!(MemoryShard::default())
    }
}

const _: () = assert!(size_of::<MemoryShard>() <= size_of::<S4>(), "a shard in memory lies in its slot");

#[derive(Default)]
struct MemoryShard {
    entries: Table<Entry>,
    deadlines: Deadlines,
}

impl Shard for MemoryShard {
    #[inline]
    fn counts(&self) -> Counts {
        let Deadlines { keys, timed } = self.deadlines;
        Counts { keys: self.entries.len(), deadlines: keys as usize, timed: timed as usize }
    }

    fn is_vacant(&self) -> bool {
        self.entries.is_empty()
    }

    #[inline]
    fn prefetch(&self, key: &Key<'_>, stage: Stage) {
        self.entries.prefetch(key.hash, stage);
    }

    #[inline]
    fn find<'s>(&'s self, key: &Key<'_>, _: &'s Loaded) -> Option<EntryRef<'s>> {
        self.peek(key)
    }

    #[inline]
    fn peek(&self, key: &Key<'_>) -> Option<EntryRef<'_>> {
        self.entries.find(key.hash, |entry| entry.key() == key.bytes).map(EntryRef::from)
    }

    #[inline]
    fn find_mut(&mut self, key: &Key<'_>) -> Option<EntryMut<'_>> {
        let found = self.entries.find_mut(key.hash, |entry| entry.key() == key.bytes)?;
        Some(EntryMut::new(found, &mut self.deadlines))
    }

    fn insert(&mut self, key: &Key<'_>, entry: Entry) -> EntryMut<'_> {
        EntryMut::inserted(self.entries.insert_unique(key.hash, entry), &mut self.deadlines)
    }

    fn find_or_insert(&mut self, key: &Key<'_>, make: &mut dyn FnMut() -> Entry) -> (EntryMut<'_>, bool) {
        let (entry, inserted) = self.entries.find_or_insert(key.hash, |entry| entry.key() == key.bytes, make);
        (EntryMut::new(entry, &mut self.deadlines), inserted)
    }

    fn scan(&self, cursor: u64, count: usize, visit: &mut dyn FnMut(EntryRef<'_>)) -> u64 {
        self.entries.scan(cursor, count, |entry| visit(entry.as_ref()))
    }

    fn position(&self, name: &[u8]) -> u64 {
        values::table::position_of(base::hash::hash(name))
    }

    fn random<'s>(&'s self, rng: &mut dyn FnMut() -> u64, _: &'s Loaded) -> Option<EntryRef<'s>> {
        self.entries.random(&mut || rng()).map(EntryRef::from)
    }

    fn sample(
        &self,
        random: u64,
        only_expiring: bool,
        effort: usize,
        visit: &mut dyn FnMut(EntryRef<'_>) -> bool,
    ) {
        self.entries.sample(random, only_expiring, effort, |entry| visit(entry.as_ref()));
    }

    fn earliest_deadline_ms(&self) -> u64 {
        self.entries.earliest_deadline()
    }

    fn sweep(&mut self, now_ms: u64, effort: usize, swept: &mut dyn FnMut(Swept<'_>)) {
        let mut due: Vec<Box<[u8]>> = Vec::new();
        let deadlines = &mut self.deadlines;
        let judge = |entry: &Entry| {
            let (fate, has_due_elements) = entry::judge(entry.as_ref(), now_ms);
            if has_due_elements {
                due.push(entry.key().into());
            }
            fate
        };
        self.entries.sweep(now_ms, effort, judge, |entry| {
            deadlines.take_back(entry.as_ref());
            swept(Swept::Key(entry));
        });
        sweep_elements(self, &due, now_ms, swept);
    }

    fn overhead_bytes(&self) -> usize {
        size_of::<MemoryShard>() + self.entries.memory_bytes()
    }
}
