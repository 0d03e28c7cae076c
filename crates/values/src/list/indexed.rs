//! A long list: a chain of chunks, each a run of entries with free room at its ends.
//!
//! Chunks are filled, split and merged by the rules of Redis' quicklist (`quicklist.c`, 7.2), since a list that is
//! left with one small chunk is packed again, and `OBJECT ENCODING` tells. Any operation takes at most the time to
//! walk the chain once and one chunk once, for each chunk that it changes.

use std::collections::VecDeque;
use std::ops::Range;

use crate::buffer::Buffer;
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::limits::Limits;
use crate::list::ends::Ends;
use crate::list::iter::{Backward, Forward};
use crate::list::limit::Limit;
use crate::list::run::{End, Run, Totals, offset_of, split_first};

/// Some consecutive entries.
#[derive(Clone)]
pub struct Chunk {
    bytes: Ends,
    totals: Totals,
}

impl Run for Chunk {
    #[inline]
    fn entries(&self) -> &[u8] {
        self.bytes.bytes()
    }

    #[inline]
    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        self.bytes.splice(at, removed, inserted)
    }

    #[inline]
    fn totals(&self) -> Totals {
        self.totals
    }

    #[inline]
    fn set_totals(&mut self, totals: Totals) {
        self.totals = totals;
    }
}

impl Chunk {
    /// A chunk of `element` alone, with room for others towards `end` unless it is a large one.
    fn new(element: &[u8], end: End, limit: Limit) -> Chunk {
        let capacity = if limit.is_large(element.len()) { 0 } else { limit.bytes() };
        let mut chunk = Chunk { bytes: Ends::with_room(end, capacity), totals: Totals::default() };
        chunk.push(end, element);
        chunk
    }

    #[inline]
    fn count(&self) -> usize {
        self.totals.count
    }

    /// Whether it holds a large element, which shares its chunk with no other.
    fn is_large(&self, limit: Limit) -> bool {
        self.count() == 1 && limit.is_large(split_first(self.entries()).0.len())
    }

    #[inline]
    fn accepts(&self, element: &[u8], limit: Limit) -> bool {
        !limit.refuses(self.totals.listpack_bytes, self.count(), element.len()) && !self.is_large(limit)
    }
}

/// A list as a chain of chunks. No chunk is empty.
#[derive(Clone)]
pub struct IndexedList {
    chunks: VecDeque<Chunk>,
    len: usize,
    /// What the chunks hold, beside the chain.
    chunk_bytes: usize,
}

/// A place in the chain: the chunk's index and the entry's index in it.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    entry: usize,
}

impl IndexedList {
    /// A list of no elements.
    pub(crate) fn new() -> IndexedList {
        IndexedList { chunks: VecDeque::new(), len: 0, chunk_bytes: 0 }
    }

    /// Adds `element` behind the last, in chunks of the usual size.
    pub(crate) fn add(&mut self, element: &[u8]) {
        self.push(End::Back, element, Limit::of(Limits::default().list_packed_size_max));
    }

    /// The list that was packed.
    pub(super) fn from_packed(totals: Totals, entries: &[u8]) -> IndexedList {
        let mut list = IndexedList::new();
        if totals.count > 0 {
            list.add_chunk(0, Chunk { bytes: Ends::exactly(entries), totals });
        }
        list
    }

    /// The totals and the entries to pack, if the list is so small that it may be.
    pub(super) fn to_packed(&self, limit: Limit, shrinking: bool) -> Option<(Totals, &[u8])> {
        let chunk = self.chunks.front().filter(|_| self.chunks.len() == 1)?;
        let Totals { count, listpack_bytes } = chunk.totals;
        let allowed = limit.allows_packed(listpack_bytes, count, shrinking) && !chunk.is_large(limit);
        allowed.then(|| (chunk.totals, chunk.entries()))
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether the list may be packed again as far as the number of its chunks goes.
    #[inline]
    pub(super) fn is_one_chunk(&self) -> bool {
        self.chunks.len() == 1
    }

    /// Where the element at `index` is, which must be there.
    fn place(&self, index: usize) -> Place {
        if index < self.len / 2 {
            let mut entry = index;
            for (chunk, held) in self.chunks.iter().enumerate() {
                if entry < held.count() {
                    return Place { chunk, entry };
                }
                entry -= held.count();
            }
        } else {
            let mut behind = self.len - index;
            for (chunk, held) in self.chunks.iter().enumerate().rev() {
                if behind <= held.count() {
                    return Place { chunk, entry: held.count() - behind };
                }
                behind -= held.count();
            }
        }
        unreachable!("the chunks' counts add up to the length")
    }

    /// The element at `index`.
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        (index < self.len).then(|| {
            let place = self.place(index);
            let chunk = &self.chunks[place.chunk];
            split_first(&chunk.entries()[offset_of(chunk.entries(), chunk.count(), place.entry)..]).0
        })
    }

    /// The elements from `index` on.
    pub(super) fn forward(&self, index: usize) -> Forward<'_> {
        if index >= self.len {
            return Forward::default();
        }
        let place = self.place(index);
        let chunk = &self.chunks[place.chunk];
        let at = offset_of(chunk.entries(), chunk.count(), place.entry);
        Forward {
            rest: &chunk.entries()[at..],
            chunks: self.chunks.range(place.chunk + 1..),
            remaining: self.len - index,
            stored: None,
        }
    }

    /// The elements from `index` towards the front.
    pub(super) fn backward(&self, index: usize) -> Backward<'_> {
        if index >= self.len {
            return Backward::default();
        }
        let place = self.place(index);
        let chunk = &self.chunks[place.chunk];
        let at = offset_of(chunk.entries(), chunk.count(), place.entry + 1);
        Backward {
            rest: &chunk.entries()[..at],
            chunks: self.chunks.range(..place.chunk),
            remaining: index + 1,
            stored: None,
        }
    }

    fn add_chunk(&mut self, at: usize, chunk: Chunk) {
        self.len += chunk.count();
        self.chunk_bytes += chunk.bytes.memory_bytes();
        self.chunks.insert(at, chunk);
    }

    fn remove_chunk(&mut self, at: usize) -> Option<Chunk> {
        let chunk = self.chunks.remove(at)?;
        self.len -= chunk.count();
        self.chunk_bytes -= chunk.bytes.memory_bytes();
        Some(chunk)
    }

    /// Changes a chunk, which must be there, and keeps the sums right. It may be left empty.
    #[inline]
    fn edit<R>(&mut self, at: usize, f: impl FnOnce(&mut Chunk) -> R) -> R {
        let chunk = &mut self.chunks[at];
        let (count, bytes) = (chunk.count(), chunk.bytes.memory_bytes());
        let result = f(chunk);
        self.len = self.len + chunk.count() - count;
        self.chunk_bytes = self.chunk_bytes + chunk.bytes.memory_bytes() - bytes;
        result
    }

    fn remove_if_empty(&mut self, at: usize) {
        if self.chunks[at].count() == 0 {
            self.remove_chunk(at);
        }
    }

    fn accepts(&self, chunk: usize, element: &[u8], limit: Limit) -> bool {
        self.chunks.get(chunk).is_some_and(|chunk| chunk.accepts(element, limit))
    }

    /// Adds `element` at an end.
    pub(super) fn push(&mut self, end: End, element: &[u8], limit: Limit) {
        let last = self.chunks.len().wrapping_sub(1);
        let at = if end == End::Front { 0 } else { last };
        if let Some(chunk) = self.chunks.get_mut(at).filter(|chunk| chunk.accepts(element, limit)) {
            let bytes = chunk.bytes.memory_bytes();
            chunk.push(end, element);
            self.len += 1;
            self.chunk_bytes = self.chunk_bytes + chunk.bytes.memory_bytes() - bytes;
            return;
        }
        if !self.chunks.is_empty() {
            self.edit(at, |chunk| chunk.bytes.trim());
        }
        let at = if end == End::Front { 0 } else { self.chunks.len() };
        self.add_chunk(at, Chunk::new(element, end, limit));
    }

    /// Gives the element at an end to `f` and removes it.
    pub(super) fn pop<R>(&mut self, end: End, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let at = match end {
            End::Front => 0,
            End::Back => self.chunks.len().checked_sub(1)?,
        };
        if self.chunks.is_empty() {
            return None;
        }
        let popped = self.edit(at, |chunk| chunk.pop(end, f));
        self.remove_if_empty(at);
        popped
    }

    /// Adds `element` next to the element at `index`: before it (`End::Front`) or behind it.
    pub(super) fn insert(&mut self, index: usize, side: End, element: &[u8], limit: Limit) {
        let Place { chunk, entry } = self.place(index);
        self.insert_at(Place { chunk, entry }, side, element, limit);
    }

    fn insert_at(&mut self, Place { chunk, entry }: Place, side: End, element: &[u8], limit: Limit) {
        let count = self.chunks[chunk].count();
        let large = limit.is_large(element.len());
        if !large && self.accepts(chunk, element, limit) {
            let index = entry + usize::from(side == End::Back);
            return self.edit(chunk, |chunk| chunk.insert(index, element));
        }
        // At the chunk's edge, the neighbour may have room; if not, a new chunk goes between the two.
        let (at_edge, neighbour, between) = match side {
            End::Front => (entry == 0, chunk.wrapping_sub(1), chunk),
            End::Back => (entry + 1 == count, chunk + 1, chunk + 1),
        };
        if at_edge {
            let far = if side == End::Front { End::Back } else { End::Front };
            if !large && self.accepts(neighbour, element, limit) {
                self.edit(neighbour, |chunk| chunk.push(far, element));
            } else {
                self.add_chunk(between, Chunk::new(element, side, limit));
            }
            return;
        }
        self.split(chunk, entry + usize::from(side == End::Back));
        if large {
            self.add_chunk(chunk + 1, Chunk::new(element, side, limit));
            return;
        }
        match side {
            End::Front => {
                self.edit(chunk, |left| left.push(End::Back, element));
                self.merge_around(chunk + 1, limit);
            }
            End::Back => {
                self.edit(chunk + 1, |right| right.push(End::Front, element));
                self.merge_around(chunk, limit);
            }
        }
    }

    /// Replaces the element at `index`.
    pub(super) fn set(&mut self, index: usize, element: &[u8], limit: Limit) {
        let place = self.place(index);
        match (self.chunks[place.chunk].is_large(limit), limit.is_large(element.len())) {
            (false, false) => self.edit(place.chunk, |chunk| chunk.replace(place.entry, element)),
            (false, true) => self.set_to_large(place, element, limit),
            (true, false) => {
                self.insert_at(place, End::Back, element, limit);
                self.remove_chunk(place.chunk);
            }
            (true, true) => self.edit(place.chunk, |chunk| *chunk = Chunk::new(element, End::Back, limit)),
        }
    }

    /// Replaces the element at `place` by one that gets a chunk of its own.
    fn set_to_large(&mut self, place: Place, element: &[u8], limit: Limit) {
        self.edit(place.chunk, |chunk| chunk.remove_range(place.entry, 1));
        let count = self.chunks[place.chunk].count();
        let at = match place.entry {
            0 => place.chunk,
            entry if entry == count => place.chunk + 1,
            entry => {
                self.split(place.chunk, entry);
                place.chunk + 1
            }
        };
        self.add_chunk(at, Chunk::new(element, End::Back, limit));
        if count == 0 {
            self.remove_chunk(at + 1);
        } else {
            self.merge_around(at, limit);
        }
    }

    /// Splits a chunk before the entry at `entry`, which is neither the first nor the end.
    fn split(&mut self, chunk: usize, entry: usize) {
        let right = self.edit(chunk, |left| {
            let at = offset_of(left.entries(), left.count(), entry);
            let bytes = Ends::exactly(&left.entries()[at..]);
            let moved = left.count() - entry;
            let before = left.totals;
            left.remove_range(entry, moved);
            let listpack_bytes = before.listpack_bytes - left.totals.listpack_bytes;
            Chunk { bytes, totals: Totals { count: moved, listpack_bytes } }
        });
        self.add_chunk(chunk + 1, right);
    }

    /// Merges the chunks around `center` with each other and with it, where they fit.
    fn merge_around(&mut self, mut center: usize, limit: Limit) {
        if center >= 2 && self.merge(center - 2, limit) {
            center -= 1;
        }
        self.merge(center + 1, limit);
        if center >= 1 && self.merge(center - 1, limit) {
            center -= 1;
        }
        self.merge(center, limit);
    }

    /// Merges a chunk with the next, if there is one and both fit into one, and says whether it did.
    fn merge(&mut self, left: usize, limit: Limit) -> bool {
        let (Some(a), Some(b)) = (self.chunks.get(left), self.chunks.get(left + 1)) else { return false };
        let merged = Totals {
            count: a.count() + b.count(),
            listpack_bytes: a.totals.listpack_bytes + b.totals.listpack_bytes,
        };
        if limit.exceeded_by(merged.listpack_bytes, merged.count) || a.is_large(limit) || b.is_large(limit) {
            return false;
        }
        let Some(right) = self.remove_chunk(left + 1) else { return false };
        self.edit(left, |chunk| {
            let at = chunk.entries().len();
            chunk.splice(at, 0, right.entries().len()).copy_from_slice(right.entries());
            chunk.totals = merged;
        });
        true
    }

    /// Removes the elements at `range`, which must be there.
    pub(super) fn remove_range(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let Place { mut chunk, mut entry } = self.place(range.start);
        let mut left = range.len();
        while left > 0 {
            let held = self.chunks[chunk].count();
            let removed = left.min(held - entry);
            if removed == held {
                self.remove_chunk(chunk);
            } else {
                self.edit(chunk, |chunk| chunk.remove_range(entry, removed));
                chunk += 1;
            }
            entry = 0;
            left -= removed;
        }
    }

    /// As [`Run::remove_where`].
    pub(super) fn remove_where(
        &mut self,
        end: End,
        limit: usize,
        mut matches: impl FnMut(&[u8]) -> bool,
    ) -> usize {
        let mut removed = 0;
        for step in 0..self.chunks.len() {
            if removed == limit {
                break;
            }
            let at = if end == End::Front { step } else { self.chunks.len() - 1 - step };
            removed += self.edit(at, |chunk| chunk.remove_where(end, limit - removed, &mut matches));
        }
        self.chunk_bytes -= self
            .chunks
            .iter()
            .filter(|chunk| chunk.count() == 0)
            .map(|chunk| chunk.bytes.memory_bytes())
            .sum::<usize>();
        self.chunks.retain(|chunk| chunk.count() > 0);
        removed
    }
}

#[cfg(test)]
impl IndexedList {
    /// That the sums are right and no chunk is empty.
    pub(crate) fn check(&self) {
        let chunks = || self.chunks.iter();
        assert!(chunks().all(|chunk| chunk.count() > 0 && chunk.totals == Totals::of(chunk.entries())));
        assert_eq!(self.len, chunks().map(Chunk::count).sum());
        assert_eq!(self.chunk_bytes, chunks().map(|chunk| chunk.bytes.memory_bytes()).sum());
    }
}

impl Collection for IndexedList {
    fn memory_bytes(&self) -> usize {
        size_of::<IndexedList>() + self.chunks.capacity() * size_of::<Chunk>() + self.chunk_bytes
    }

    fn free_effort(&self) -> usize {
        2 + self.chunks.len()
    }

    fn boxed_copy(&self) -> Copied {
        Copied::new(self.clone())
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for IndexedList {
    const FORM: Form = Form::ListIndexed;
}
