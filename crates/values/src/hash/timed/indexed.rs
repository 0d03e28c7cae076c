//! An indexed hash with deadlines: the table of an [`IndexedHash`], of which some elements carry one. The table's
//! segments keep lower bounds of them ([`Table::sweep`](crate::table::Table::sweep)), so that what is due is found
//! without an index.

use super::{VisitTimed, is_live};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::hash::IndexedHash;
use crate::table::{Fate, Stage};
use crate::thin::Thin;

/// Fields with values and deadlines, found by hash.
pub struct TimedHash {
    hash: IndexedHash,
    /// How many fields have a deadline.
    timed: usize,
}

impl TimedHash {
    /// The hash as it is, without a deadline so far.
    pub fn over(hash: IndexedHash) -> TimedHash {
        TimedHash { hash, timed: 0 }
    }

    /// The hash, which has no deadlines any more.
    pub fn into_untimed(self) -> IndexedHash {
        self.hash
    }

    /// How many fields have a deadline.
    pub fn timed(&self) -> usize {
        self.timed
    }

    pub fn len(&self) -> usize {
        self.hash.len()
    }

    pub fn due_ms(&self) -> u64 {
        self.hash.table.earliest_deadline()
    }

    pub fn is_gone(&self, now_ms: u64) -> bool {
        self.timed == self.len()
            && !self.hash.table.iter().any(|element| is_live(element.deadline_ms(), now_ms))
    }

    pub fn count_due(&self, now_ms: u64) -> usize {
        self.hash.table.count_due(now_ms, Thin::deadline_ms)
    }

    pub fn get(&self, field: &[u8], now_ms: u64) -> Option<&[u8]> {
        let found = self.hash.table.find(base::hash::hash(field), |element| element.name() == field)?;
        is_live(found.deadline_ms(), now_ms).then(|| Thin::parts_in_table(found)[1])
    }

    pub fn deadline_ms(&self, field: &[u8]) -> Option<Option<u64>> {
        let found = self.hash.table.find(base::hash::hash(field), |element| element.name() == field)?;
        Some(found.deadline_ms())
    }

    pub fn iter(&self, now_ms: u64) -> impl Iterator<Item = [&[u8]; 2]> {
        let live = self.hash.table.iter().filter(move |element| is_live(element.deadline_ms(), now_ms));
        live.map(Thin::parts_in_table)
    }

    pub fn for_each(&self, f: &mut VisitTimed<'_>) {
        self.hash.table.iter().for_each(|element| {
            let [field, value] = element.parts();
            f(field, value, element.deadline_ms());
        });
    }

    pub fn scan(&self, cursor: u64, count: usize, now_ms: u64, f: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        self.hash.table.scan(cursor, count, |element| {
            if is_live(element.deadline_ms(), now_ms) {
                let [field, value] = element.parts();
                f(field, value);
            }
        })
    }

    /// A field picked at random, if it is live.
    pub fn random(&self, now_ms: u64, mut rng: &mut dyn FnMut() -> u64) -> Option<[&[u8]; 2]> {
        let drawn = self.hash.table.random(&mut rng)?;
        is_live(drawn.deadline_ms(), now_ms).then(|| Thin::parts_in_table(drawn))
    }

    /// Whether the field is new to who looks at `now_ms`. Its deadline goes, unless it `keeps` it.
    pub fn set(&mut self, field: &[u8], value: &[u8], keeps: bool, now_ms: u64) -> bool {
        let IndexedHash { table, element_bytes } = &mut self.hash;
        let Some(mut element) = table.find_mut(base::hash::hash(field), |element| element.name() == field)
        else {
            self.hash.add(field, value);
            return true;
        };
        let deadline_ms = element.deadline_ms();
        let was_live = is_live(deadline_ms, now_ms);
        let kept_ms = deadline_ms.filter(|_| keeps && was_live);
        *element_bytes -= element.memory_bytes();
        *element = Thin::build([field, value], kept_ms);
        *element_bytes += element.memory_bytes();
        self.timed -= usize::from(deadline_ms.is_some() && kept_ms.is_none());
        !was_live
    }

    /// Sets or removes the deadline of a field, if it is there.
    pub fn set_deadline_ms(&mut self, field: &[u8], deadline_ms: Option<u64>) {
        let IndexedHash { table, element_bytes } = &mut self.hash;
        let Some(mut element) = table.find_mut(base::hash::hash(field), |element| element.name() == field)
        else {
            return;
        };
        self.timed -= usize::from(element.deadline_ms().is_some());
        self.timed += usize::from(deadline_ms.is_some());
        *element_bytes -= element.memory_bytes();
        element.set_deadline_ms(deadline_ms);
        *element_bytes += element.memory_bytes();
        if let Some(deadline_ms) = deadline_ms {
            element.note_deadline(deadline_ms);
        }
    }

    /// Whether the field was there for who looks at `now_ms`.
    pub fn remove(&mut self, field: &[u8], now_ms: u64) -> bool {
        let found = self.deadline_ms(field);
        self.hash.remove(field);
        self.timed -= usize::from(found.flatten().is_some());
        found.is_some_and(|deadline_ms| is_live(deadline_ms, now_ms))
    }

    /// Removes what is due, in up to `segments_max` segments of the table, names it, and returns how many fields it was.
    pub fn sweep(&mut self, now_ms: u64, segments_max: usize, swept: &mut dyn FnMut(&[u8])) -> usize {
        let IndexedHash { table, element_bytes } = &mut self.hash;
        let judge = |element: &Thin<2>| match element.deadline_ms() {
            Some(deadline_ms) if deadline_ms <= now_ms => Fate::Goes,
            deadline_ms => Fate::Stays { until_ms: deadline_ms.unwrap_or(u64::MAX) },
        };
        let mut removed = 0;
        table.sweep(now_ms, segments_max, judge, |element| {
            *element_bytes -= element.memory_bytes();
            removed += 1;
            swept(element.name());
        });
        self.timed -= removed;
        removed
    }

    /// Adds a field that is not there yet.
    pub(crate) fn add(&mut self, field: &[u8], value: &[u8], deadline_ms: Option<u64>) {
        self.hash.add(field, value);
        if deadline_ms.is_some() {
            self.set_deadline_ms(field, deadline_ms);
        }
    }
}

impl Collection for TimedHash {
    fn memory_bytes(&self) -> usize {
        size_of_val(&self.timed) + self.hash.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        self.hash.free_effort()
    }

    fn prefetch(&self, hash: u64, stage: Stage) {
        self.hash.prefetch(hash, stage);
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = TimedHash::over(IndexedHash::new());
        self.for_each(&mut |field, value, deadline_ms| copy.add(field, value, deadline_ms));
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for TimedHash {
    const FORM: Form = Form::HashIndexedTimed;
}
