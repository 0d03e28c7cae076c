//! An entry in a shard's table, and what the table has to know of it.

use std::ops::{Deref, DerefMut};

use super::{Entry, EntryRef};
use crate::hash::{self, HashMut};
use crate::limits::Limits;
use crate::table::{Fate, RefMut};

/// How many entries of a table have deadlines. Two numbers of four bytes, so that a shard in memory lies in its slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// Those that expire as a whole.
    pub keys: u32,
    /// Those that have elements with deadlines of their own.
    pub timed: u32,
}

impl Deadlines {
    /// Counts an entry that is put in.
    pub fn add(&mut self, entry: EntryRef<'_>) {
        self.keys += u32::from(entry.deadline_ms().is_some());
        self.timed += u32::from(entry.is_timed());
    }

    /// Takes an entry back that is taken out.
    pub fn take_back(&mut self, entry: EntryRef<'_>) {
        self.keys -= u32::from(entry.deadline_ms().is_some());
        self.timed -= u32::from(entry.is_timed());
    }
}

/// When something of the entry is due, the whole or an element; `u64::MAX` is never. It may be too early, as
/// [`hash::due_ms`] says, and is never too late.
pub fn due_ms(entry: EntryRef<'_>) -> u64 {
    hash::due_ms(entry).min(entry.deadline_ms().unwrap_or(u64::MAX))
}

/// What a sweep of a table at `now_ms` does with an entry, and whether elements of one that stays are due. These are to
/// be swept by [`EntryMut::sweep_elements`], which notes when others are.
pub fn judge(entry: EntryRef<'_>, now_ms: u64) -> (Fate, bool) {
    let deadline_ms = entry.deadline_ms().unwrap_or(u64::MAX);
    if deadline_ms <= now_ms {
        return (Fate::Goes, false);
    }
    match hash::due_ms(entry) {
        due_ms if due_ms <= now_ms => (Fate::Stays { until_ms: deadline_ms }, true),
        due_ms => (Fate::Stays { until_ms: due_ms.min(deadline_ms) }, false),
    }
}

/// An entry in a shard's table, to change in place or to take out.
pub struct EntryMut<'a> {
    entry: RefMut<'a, Entry>,
    /// The table's count of entries that have deadlines.
    deadlines: &'a mut Deadlines,
}

impl<'a> EntryMut<'a> {
    /// The entry, in a table that counts its entries with deadlines in `deadlines`.
    pub fn new(entry: RefMut<'a, Entry>, deadlines: &'a mut Deadlines) -> EntryMut<'a> {
        EntryMut { entry, deadlines }
    }

    /// An entry that has just been put into the table, and was not counted yet.
    pub fn inserted(entry: RefMut<'a, Entry>, deadlines: &'a mut Deadlines) -> EntryMut<'a> {
        deadlines.add(entry.as_ref());
        let mut entry = EntryMut { entry, deadlines };
        entry.note_due();
        entry
    }

    /// Takes the entry out.
    pub fn remove(self) -> Entry {
        let entry = self.entry.remove();
        self.deadlines.take_back(entry.as_ref());
        entry
    }

    /// Puts `entry`, of the same key, in its place and returns the old one.
    pub fn replace(&mut self, entry: Entry) -> Entry {
        self.deadlines.add(entry.as_ref());
        let old = std::mem::replace(&mut *self.entry, entry);
        self.deadlines.take_back(old.as_ref());
        self.note_due();
        old
    }

    /// Sets or removes the deadline.
    pub fn set_deadline_ms(&mut self, deadline_ms: Option<u64>) {
        self.deadlines.keys += u32::from(deadline_ms.is_some());
        self.deadlines.keys -= u32::from(self.entry.deadline_ms().is_some());
        self.entry.set_deadline_ms(deadline_ms);
        if let Some(deadline_ms) = deadline_ms {
            self.entry.note_deadline(deadline_ms);
        }
    }

    /// Lets the caller change the entry in a way that may give its elements deadlines or take them away.
    pub fn change_elements<R>(&mut self, change: impl FnOnce(&mut Entry) -> R) -> R {
        self.deadlines.timed -= u32::from(self.entry.is_timed());
        let result = change(&mut self.entry);
        self.deadlines.timed += u32::from(self.entry.is_timed());
        if self.entry.is_timed() {
            self.note_due();
        }
        result
    }

    /// Removes elements whose deadline has passed, as [`HashMut::sweep`] does, names them, and returns how many. The
    /// entry may then be empty.
    pub fn sweep_elements(&mut self, now_ms: u64, effort: usize, swept: &mut dyn FnMut(&[u8])) -> usize {
        if hash::due_ms(self.entry.as_ref()) > now_ms {
            return 0;
        }
        // Nothing that a limit bounds is added.
        let limits = Limits::default();
        self.change_elements(|entry| HashMut::of(entry, &limits).at(now_ms).sweep(effort, swept))
    }

    /// As [`due_ms`].
    pub fn due_ms(&self) -> u64 {
        due_ms(self.entry.as_ref())
    }

    /// Has the table know when something of the entry is due.
    pub fn note_due(&mut self) {
        let due_ms = self.due_ms();
        if due_ms != u64::MAX {
            self.entry.note_deadline(due_ms);
        }
    }
}

impl Deref for EntryMut<'_> {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

/// Deadlines are changed through [`EntryMut::set_deadline_ms`] and [`EntryMut::change_elements`] alone.
impl DerefMut for EntryMut<'_> {
    fn deref_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }
}
