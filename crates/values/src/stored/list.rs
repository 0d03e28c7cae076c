//! A list whose elements lie outside of its entry.

use std::ops::{Bound, Range};

use super::{Key, Malformed, Pairs, Stored, number};
use crate::elements::{Elements, Pair, Span};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::list::{End, IndexedList};

/// The index that the first element of a new list gets: there is as much room before it as behind it.
const MIDDLE: u64 = 1 << 63;
/// How far from the middle a list may lie when it is opened. No list gets there, so no index overflows.
const DISTANCE_MAX: u64 = 1 << 61;
/// Elements that are moved together.
const BATCH: usize = 128;

/// Elements in order, each under its index. The indices follow each other.
pub struct StoredList {
    elements: Box<dyn Elements>,
    /// The index of the first element.
    head: u64,
    len: usize,
}

impl StoredList {
    /// A list without elements, which will lie in `elements`.
    pub fn new(elements: Box<dyn Elements>) -> StoredList {
        StoredList { elements, head: MIDDLE, len: 0 }
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredList, Malformed> {
        let [count, zigzag] = number::read_meta(meta)?;
        let distance = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let len = number::count(count)?;
        if distance.unsigned_abs() > DISTANCE_MAX || count > DISTANCE_MAX {
            return Err(Malformed("the list lies beyond its indices"));
        }
        Ok(StoredList { elements, head: MIDDLE.wrapping_add_signed(distance), len })
    }

    /// The same list by other `elements`, which are the same as well.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredList {
        StoredList { elements, head: self.head, len: self.len }
    }

    fn key(&self, place: usize) -> [u8; 8] {
        (self.head + place as u64).to_be_bytes()
    }

    /// The keys from `first` up to `end`, which is not one of them.
    fn span<'k>(first: &'k [u8; 8], end: &'k [u8; 8], backward: bool) -> Span<'k> {
        Span { lower: Bound::Included(first), upper: Bound::Excluded(end), backward }
    }

    /// The element at `place`.
    pub(crate) fn get(&self, place: usize) -> Option<&[u8]> {
        (place < self.len).then(|| self.elements.get(&self.key(place)))?
    }

    /// The elements from `place` on.
    pub(crate) fn forward(&self, place: usize) -> Option<Box<Indices<'_>>> {
        (place < self.len).then(|| self.indices(place..self.len, false))
    }

    /// The elements from `place` towards the front.
    pub(crate) fn backward(&self, place: usize) -> Option<Box<Indices<'_>>> {
        (place < self.len).then(|| self.indices(0..place + 1, true))
    }

    fn indices(&self, places: Range<usize>, backward: bool) -> Box<Indices<'_>> {
        let key = |place| Key::from_slice(&self.key(place));
        let (lower, upper) = (Bound::Included(key(places.start)), Bound::Excluded(key(places.end)));
        Box::new(Indices(Pairs::new(&*self.elements, lower, upper, backward, places.len())))
    }

    /// The place of the first element that equals `wanted`.
    pub(crate) fn position(&self, wanted: &[u8]) -> Option<usize> {
        let (mut place, mut found) = (0, false);
        self.visit(0..self.len, false, &mut |element| {
            found = element == wanted;
            place += usize::from(!found);
            !found
        });
        found.then_some(place)
    }

    /// Passes the elements at `places` to `visit` until it says false. Holds nothing.
    fn visit(&self, places: Range<usize>, backward: bool, visit: &mut dyn FnMut(&[u8]) -> bool) {
        if !places.is_empty() {
            let (first, end) = (self.key(places.start), self.key(places.end));
            self.elements.walk(Self::span(&first, &end, backward), &mut |_, element| visit(element));
        }
    }

    /// Adds `element` at an end.
    pub(crate) fn push(&mut self, end: End, element: &[u8]) {
        let key = match end {
            End::Front => {
                self.head -= 1;
                self.key(0)
            }
            End::Back => self.key(self.len),
        };
        self.elements.set(&key, element);
        self.len += 1;
    }

    /// Gives the element at an end to `f` and removes it.
    pub(crate) fn pop<R>(&mut self, end: End, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let last = self.len.checked_sub(1)?;
        let key = self.key(if end == End::Front { 0 } else { last });
        let popped = f(self.elements.get(&key)?);
        self.elements.remove(&key);
        self.head += u64::from(end == End::Front);
        self.len = last;
        Some(popped)
    }

    /// Replaces the element at `place`, which must be there.
    pub(crate) fn set(&mut self, place: usize, element: &[u8]) {
        let key = self.key(place);
        self.elements.set(&key, element);
    }

    /// Adds `element` so that it has `place`. What is before it or what is behind it moves, whichever is less.
    pub(crate) fn insert(&mut self, place: usize, element: &[u8]) {
        if place < self.len / 2 {
            self.rewrite(0..place, false, &mut |index| Some(index - 1));
            self.head -= 1;
        } else {
            self.rewrite(place..self.len, true, &mut |index| Some(index + 1));
        }
        self.len += 1;
        self.set(place, element);
    }

    /// Puts each element at `places`, one after the other or backwards, under the index that `new_index` gives for
    /// its own, or leaves it where it is to be overwritten. What is written must have been read: an element may not
    /// overtake those that are still to come.
    fn rewrite(
        &mut self,
        places: Range<usize>,
        backward: bool,
        new_index: &mut dyn FnMut(u64) -> Option<u64>,
    ) {
        let mut left = places;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        while !left.is_empty() {
            let count = left.len().min(BATCH);
            let batch = match backward {
                false => left.start..left.start + count,
                true => left.end - count..left.end,
            };
            bytes.clear();
            ends.clear();
            self.visit(batch.clone(), backward, &mut |element| {
                bytes.extend_from_slice(element);
                ends.push(bytes.len());
                true
            });
            let mut start = 0;
            for (nth, &end) in ends.iter().enumerate() {
                let place = if backward { batch.end - 1 - nth } else { batch.start + nth };
                if let Some(index) = new_index(self.head + place as u64) {
                    self.elements.set(&index.to_be_bytes(), &bytes[start..end]);
                }
                start = end;
            }
            match backward {
                false => left.start = batch.end,
                true => left.end = batch.start,
            }
        }
    }

    /// Removes the elements at `places`, which must be there. What is before them or what is behind them moves,
    /// whichever is less.
    pub(crate) fn remove_range(&mut self, places: Range<usize>) {
        let removed = places.len();
        if places.start < self.len - places.end {
            self.rewrite(0..places.start, true, &mut |index| Some(index + removed as u64));
            self.drop_ends(removed, 0);
        } else {
            self.rewrite(places.end..self.len, false, &mut |index| Some(index - removed as u64));
            self.drop_ends(0, removed);
        }
    }

    /// Removes so many elements at the front and at the back.
    fn drop_ends(&mut self, front: usize, back: usize) {
        for place in (0..front).chain(self.len - back..self.len) {
            let key = self.key(place);
            self.elements.remove(&key);
        }
        self.head += front as u64;
        self.len -= front + back;
    }

    /// Removes at most `limit` elements for which `matches` holds, the first ones from `end` on, and says how many.
    ///
    /// One pass finds them. The longest run of elements between two of them stays where it is, and the others close
    /// up to it from both sides.
    pub(crate) fn remove_where(
        &mut self,
        end: End,
        limit: usize,
        matches: &mut dyn FnMut(&[u8]) -> bool,
    ) -> usize {
        let removed = self.matching(end, limit, matches);
        let starts = || std::iter::once(0).chain(removed.iter().map(|place| place + 1));
        let ends = || removed.iter().copied().chain([self.len]);
        let longest =
            starts().zip(ends()).map(|(start, end)| end - start).enumerate().max_by_key(|run| run.1);
        let staying = longest.map_or(0, |(run, _)| run);
        let (before, behind) = removed.split_at(staying);
        let head = self.head;
        if let Some(&last) = before.last() {
            let (mut next, mut shift) = (before.iter().rev().peekable(), 0);
            self.rewrite(0..last + 1, true, &mut |index| {
                let is_removed = next.next_if(|&&place| head + place as u64 == index).is_some();
                shift += u64::from(is_removed);
                (!is_removed).then_some(index + shift)
            });
        }
        if let Some(&first) = behind.first() {
            let (mut next, mut shift) = (behind.iter().peekable(), 0);
            self.rewrite(first..self.len, false, &mut |index| {
                let is_removed = next.next_if(|&&place| head + place as u64 == index).is_some();
                shift += u64::from(is_removed);
                (!is_removed).then_some(index - shift)
            });
        }
        self.drop_ends(before.len(), behind.len());
        removed.len()
    }

    /// The places of those elements, ascending.
    fn matching(&self, end: End, limit: usize, matches: &mut dyn FnMut(&[u8]) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        if limit == 0 {
            return found;
        }
        let mut seen = 0;
        self.visit(0..self.len, end == End::Back, &mut |element| {
            if matches(element) {
                found.push(if end == End::Front { seen } else { self.len - 1 - seen });
            }
            seen += 1;
            found.len() < limit
        });
        if end == End::Back {
            found.reverse();
        }
        found
    }
}

/// Elements of consecutive indices.
#[derive(Clone)]
pub(crate) struct Indices<'a>(Pairs<'a>);

impl<'a> Iterator for Indices<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.next().map(|(_, element): Pair<'a>| element)
    }
}

impl Stored for StoredList {
    fn elements(&self) -> &dyn Elements {
        &*self.elements
    }

    fn elements_mut(&mut self) -> &mut dyn Elements {
        &mut *self.elements
    }

    fn write_meta(&self, out: &mut Vec<u8>) {
        let distance = self.head.wrapping_sub(MIDDLE).cast_signed();
        let zigzag = (distance << 1 ^ distance >> 63).cast_unsigned();
        number::write_meta(&[self.len as u64, zigzag], out);
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Collection for StoredList {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredList>() + self.elements.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedList::new();
        self.visit(0..self.len, false, &mut |element| {
            copy.add(element);
            true
        });
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredList {
    const FORM: Form = Form::ListStored;
}
