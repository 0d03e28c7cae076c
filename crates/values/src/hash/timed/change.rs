//! Changing a hash with deadlines, and making one of a hash without.

use super::TimedRef;
use super::indexed::TimedHash;
use super::packed::{self, Timed};
use crate::entry::{Entry, Form};
use crate::hash::IndexedHash;
use crate::limits::Limits;
use crate::packed as run;
use crate::stored::{StoredHash, StoredTimedHash};

/// A hash with deadlines, to change.
pub struct TimedMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
    now_ms: u64,
}

impl<'a> TimedMut<'a> {
    /// The hash in `entry`, which is given the form that has deadlines if it has another.
    pub fn made_of(entry: &'a mut Entry, limits: &'a Limits, now_ms: u64) -> TimedMut<'a> {
        match entry.form() {
            Form::HashPacked => {
                let pairs = run::elements::<2>(entry.value());
                let bytes =
                    packed::build(pairs.map(|[field, value]| Timed { field, value, deadline_ms: None }));
                entry.set_value(Form::HashPackedTimed, &bytes);
            }
            Form::HashIndexed => {
                let hash = entry.take_indexed::<IndexedHash>();
                entry.set_indexed(Box::new(TimedHash::over(*hash)));
            }
            Form::HashStored => {
                let hash = entry.take_indexed::<StoredHash>();
                entry.set_indexed(Box::new(StoredTimedHash::over(*hash)));
            }
            _ => {}
        }
        TimedMut { entry, limits, now_ms }
    }

    /// Gives the hash the form without deadlines if it has none any more, after the deadline of one field was `old` and
    /// is `new`.
    fn settle(&mut self, old: Option<u64>, new: Option<u64>) {
        match self.entry.form() {
            Form::HashPackedTimed => {
                if packed::note_change(&mut self.entry.buffer(), old, new) == u64::MAX {
                    let mut bytes = run::EMPTY.to_vec();
                    packed::elements(self.entry.value())
                        .for_each(|timed| run::push(&mut bytes, timed.pair()));
                    self.entry.set_value(Form::HashPacked, &bytes);
                }
            }
            Form::HashIndexedTimed => {
                if self.entry.indexed::<TimedHash>().timed() == 0 {
                    let hash = self.entry.take_indexed::<TimedHash>().into_untimed();
                    self.entry.set_indexed(Box::new(hash));
                }
            }
            _ => {
                if self.entry.indexed::<StoredTimedHash>().timed() == 0 {
                    let hash = self.entry.take_indexed::<StoredTimedHash>().into_untimed();
                    self.entry.set_indexed(Box::new(hash));
                }
            }
        }
    }

    /// Makes a packed hash indexed.
    pub fn index(&mut self) {
        if self.entry.form() == Form::HashPackedTimed {
            let mut indexed = TimedHash::over(IndexedHash::new());
            packed::elements(self.entry.value())
                .for_each(|Timed { field, value, deadline_ms }| indexed.add(field, value, deadline_ms));
            self.entry.set_indexed(Box::new(indexed));
        }
    }

    /// Sets `field` to `value`, and says whether it is new. Its deadline goes, unless it `keeps` it.
    pub fn set(mut self, field: &[u8], value: &[u8], keeps: bool) -> bool {
        let now_ms = self.now_ms;
        if self.entry.form() == Form::HashPackedTimed && !self.fits_packed(field, value) {
            self.index();
        }
        let is_new = match self.entry.form() {
            Form::HashPackedTimed => return self.set_in_packed(field, value, keeps),
            Form::HashIndexedTimed => self.entry.indexed_mut::<TimedHash>().set(field, value, keeps, now_ms),
            _ => self.entry.indexed_mut::<StoredTimedHash>().set(field, value, keeps, now_ms),
        };
        self.settle(None, None);
        is_new
    }

    fn fits_packed(&self, field: &[u8], value: &[u8]) -> bool {
        let bytes = self.entry.value();
        let added = run::item_size(field) + run::item_size(value) + 1;
        field.len().max(value.len()) <= self.limits.hash_packed_value_bytes_max
            && bytes.len() + added <= run::PACKED_BYTES_MAX
            && (packed::count(bytes) < self.limits.hash_packed_entries_max
                || packed::find(bytes, field).is_some())
    }

    fn set_in_packed(&mut self, field: &[u8], value: &[u8], keeps: bool) -> bool {
        let Some((at, old)) = packed::find(self.entry.value(), field) else {
            packed::push(&mut self.entry.buffer(), Timed { field, value, deadline_ms: None });
            return true;
        };
        let (old_ms, was_live) = (old.deadline_ms, old.is_live(self.now_ms));
        let deadline_ms = old_ms.filter(|_| keeps && was_live);
        packed::replace(&mut self.entry.buffer(), at, Timed { field, value, deadline_ms });
        self.settle(old_ms, deadline_ms);
        !was_live
    }

    /// Removes `field`, and says whether it was there.
    pub fn remove(mut self, field: &[u8]) -> bool {
        let (now_ms, mut old_ms) = (self.now_ms, None);
        let was_there = match self.entry.form() {
            Form::HashPackedTimed => match packed::find(self.entry.value(), field) {
                None => false,
                Some((at, old)) => {
                    let was_live = old.is_live(now_ms);
                    old_ms = old.deadline_ms;
                    packed::remove(&mut self.entry.buffer(), at);
                    was_live
                }
            },
            Form::HashIndexedTimed => self.entry.indexed_mut::<TimedHash>().remove(field, now_ms),
            _ => self.entry.indexed_mut::<StoredTimedHash>().remove(field, now_ms),
        };
        self.settle(old_ms, None);
        was_there
    }

    /// Sets or removes the deadline of a live field, and says whether there is one of this name.
    pub fn set_deadline_ms(mut self, field: &[u8], deadline_ms: Option<u64>) -> bool {
        let now_ms = self.now_ms;
        let old_ms = match self.entry.form() {
            Form::HashPackedTimed => {
                let found = packed::find(self.entry.value(), field).filter(|(_, old)| old.is_live(now_ms));
                let found = found.map(|(at, old)| (at, old.deadline_ms));
                if let Some((at, _)) = found {
                    packed::set_deadline_ms(&mut self.entry.buffer(), at, deadline_ms);
                }
                found.map(|(_, old_ms)| old_ms)
            }
            _ => {
                let hash = TimedRef::of(self.entry.as_ref()).at(now_ms);
                let found = hash.deadline_ms(field);
                match (found, self.entry.form()) {
                    (None, _) => {}
                    (_, Form::HashIndexedTimed) => {
                        self.entry.indexed_mut::<TimedHash>().set_deadline_ms(field, deadline_ms);
                    }
                    _ => self.entry.indexed_mut::<StoredTimedHash>().set_deadline_ms(field, deadline_ms),
                }
                found
            }
        };
        match old_ms {
            Some(old_ms) => self.settle(old_ms, deadline_ms),
            // It may have been given its form in vain.
            None => self.settle(None, None),
        }
        old_ms.is_some()
    }

    /// As [`HashMut::sweep`](crate::hash::HashMut::sweep).
    pub fn sweep(mut self, effort: usize, swept: &mut dyn FnMut(&[u8])) -> usize {
        let now_ms = self.now_ms;
        let removed = match self.entry.form() {
            Form::HashPackedTimed => {
                let bytes = self.entry.value();
                let before = packed::count(bytes);
                let is_due = |timed: &packed::Timed<'_>| !timed.is_live(now_ms);
                packed::elements(bytes).filter(is_due).for_each(|timed| swept(timed.field));
                let kept = packed::build(packed::elements(bytes).filter(|timed| timed.is_live(now_ms)));
                self.entry.set_value(Form::HashPackedTimed, &kept);
                before - packed::count(&kept)
            }
            Form::HashIndexedTimed => self.entry.indexed_mut::<TimedHash>().sweep(now_ms, effort, swept),
            _ => {
                let fields_max = effort.saturating_mul(FIELDS_PER_EFFORT);
                self.entry.indexed_mut::<StoredTimedHash>().sweep(now_ms, fields_max, swept)
            }
        };
        self.settle(None, None);
        removed
    }
}

/// About as many fields as a segment of a table has.
const FIELDS_PER_EFFORT: usize = 256;
