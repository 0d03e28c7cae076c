//! A run of list entries, walked from either end: what a packed list and each chunk of an indexed one consist of.
//!
//! ```text
//!  +--------+---------+----------+--------+---------+----------+-----+
//!  | length | element | length,  | length | element | length,  | ... |
//!  | varint |         | reversed | varint |         | reversed |     |
//!  +--------+---------+----------+--------+---------+----------+-----+
//! ```
//!
//! The length behind an element is the same [varint](crate::varint), its bytes in reverse order, so that it reads
//! from its end.

use crate::list::limit::listpack_entry_bytes;
use crate::varint;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where `LPUSH` adds.
    Front,
    /// Where `RPUSH` adds.
    Back,
}

/// The bytes that an entry takes.
#[inline]
pub fn entry_size(element: &[u8]) -> usize {
    2 * varint::size(element.len()) + element.len()
}

/// Writes an entry, which takes all of `out`.
#[inline]
fn write(element: &[u8], out: &mut [u8]) {
    if let (len @ 0..=0x7f, [first, into @ .., last]) = (element.len(), &mut *out) {
        // Nearly all are that short.
        (*first, *last) = (len as u8, len as u8);
        return into.copy_from_slice(element);
    }
    let head = varint::write(element.len(), out);
    let (length, rest) = out.split_at_mut(head);
    let (into, back) = rest.split_at_mut(element.len());
    into.copy_from_slice(element);
    back.copy_from_slice(length);
    back.reverse();
}

/// The first element of a run that is not empty, and the run behind it.
#[inline]
pub fn split_first(entries: &[u8]) -> (&[u8], &[u8]) {
    let (len, head) = varint::read(entries);
    let (element, rest) = entries[head..].split_at(len);
    (element, &rest[head..])
}

/// The last element of a run that is not empty, and the run before it.
#[inline]
pub fn split_last(entries: &[u8]) -> (&[u8], &[u8]) {
    let end = entries.len();
    let (len, head) = match entries[end - 1] {
        first @ 0..=0x7f => (usize::from(first), 1),
        _ => {
            let mut length = [0; 5];
            let available = end.min(length.len());
            entries[end - available..].iter().rev().zip(&mut length).for_each(|(byte, to)| *to = *byte);
            varint::read(&length)
        }
    };
    let (rest, element) = entries[..end - head].split_at(end - head - len);
    (element, &rest[..rest.len() - head])
}

/// The offset of the entry at `index` among `count`, or the end when `index` is `count`.
pub fn offset_of(entries: &[u8], count: usize, index: usize) -> usize {
    if index <= count / 2 {
        let mut rest = entries;
        for _ in 0..index {
            rest = split_first(rest).1;
        }
        entries.len() - rest.len()
    } else {
        let mut rest = entries;
        for _ in index..count {
            rest = split_last(rest).1;
        }
        rest.len()
    }
}

/// What a run holds: kept beside it, since counting would take a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many entries there are.
    pub count: usize,
    /// The bytes that Redis' listpack takes for them, without its header: the measure of Redis' limits.
    pub listpack_bytes: usize,
}

impl Totals {
    fn add(&mut self, element: &[u8]) {
        self.count += 1;
        self.listpack_bytes += listpack_entry_bytes(element);
    }

    fn subtract(&mut self, element: &[u8]) {
        self.count -= 1;
        self.listpack_bytes -= listpack_entry_bytes(element);
    }

    /// Of all entries in a run.
    pub fn of(mut entries: &[u8]) -> Totals {
        let mut totals = Totals::default();
        while !entries.is_empty() {
            let (element, rest) = split_first(entries);
            totals.add(element);
            entries = rest;
        }
        totals
    }
}

/// Something that holds a run of entries and can edit it.
pub trait Run {
    /// The entries.
    fn entries(&self) -> &[u8];

    /// As [`Buffer::splice`](crate::buffer::Buffer::splice), on the entries.
    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8];

    /// What the entries add up to.
    fn totals(&self) -> Totals;

    /// Notes what the entries add up to after an edit.
    fn set_totals(&mut self, totals: Totals);

    /// Adds `element` at an end.
    #[inline]
    fn push(&mut self, end: End, element: &[u8]) {
        let at = match end {
            End::Front => 0,
            End::Back => self.entries().len(),
        };
        self.insert_at(at, element);
    }

    /// Adds `element` so that it has `index`.
    fn insert(&mut self, index: usize, element: &[u8]) {
        let at = offset_of(self.entries(), self.totals().count, index);
        self.insert_at(at, element);
    }

    /// Adds `element` at an offset where an entry begins or the run ends.
    #[inline]
    fn insert_at(&mut self, at: usize, element: &[u8]) {
        let mut totals = self.totals();
        totals.add(element);
        write(element, self.splice(at, 0, entry_size(element)));
        self.set_totals(totals);
    }

    /// Gives the element at an end to `f` and removes it. `None` when the run is empty.
    #[inline]
    fn pop<R>(&mut self, end: End, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let entries = self.entries();
        if entries.is_empty() {
            return None;
        }
        let (element, rest) = match end {
            End::Front => split_first(entries),
            End::Back => split_last(entries),
        };
        let size = entries.len() - rest.len();
        let at = match end {
            End::Front => 0,
            End::Back => rest.len(),
        };
        let mut totals = self.totals();
        totals.subtract(element);
        let result = f(element);
        self.splice(at, size, 0);
        self.set_totals(totals);
        Some(result)
    }

    /// Replaces the element at `index`.
    fn replace(&mut self, index: usize, element: &[u8]) {
        let mut totals = self.totals();
        let at = offset_of(self.entries(), totals.count, index);
        let (old, _) = split_first(&self.entries()[at..]);
        let old_size = entry_size(old);
        totals.subtract(old);
        totals.add(element);
        write(element, self.splice(at, old_size, entry_size(element)));
        self.set_totals(totals);
    }

    /// Removes `count` elements from `start` on, which must be there.
    fn remove_range(&mut self, start: usize, count: usize) {
        let (entries, mut totals) = (self.entries(), self.totals());
        let from = offset_of(entries, totals.count, start);
        let rest = &entries[from..];
        let to = from + offset_of(rest, totals.count - start, count);
        let removed = Totals::of(&entries[from..to]);
        totals.count -= removed.count;
        totals.listpack_bytes -= removed.listpack_bytes;
        self.splice(from, to - from, 0);
        self.set_totals(totals);
    }

    /// Removes at most `limit` elements for which `matches` holds, the first ones from `end` on, and says how many.
    fn remove_where(&mut self, end: End, limit: usize, matches: &mut impl FnMut(&[u8]) -> bool) -> usize {
        let (mut removed, mut at) = (0, if end == End::Front { 0 } else { self.entries().len() });
        while removed < limit {
            let (before, behind) = self.entries().split_at(at);
            let (element, to_match) = match end {
                End::Front if !behind.is_empty() => (split_first(behind).0, at),
                End::Back if !before.is_empty() => {
                    let (element, rest) = split_last(before);
                    (element, rest.len())
                }
                _ => break,
            };
            let size = entry_size(element);
            if matches(element) {
                let mut totals = self.totals();
                totals.subtract(element);
                self.splice(to_match, size, 0);
                self.set_totals(totals);
                removed += 1;
                at = to_match;
            } else {
                at = if end == End::Front { at + size } else { to_match };
            }
        }
        removed
    }
}
