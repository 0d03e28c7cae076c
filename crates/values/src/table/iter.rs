//! Going through a table: by iterators, by [`Table::retain`], and by [`Table::scan`] in steps between which the
//! table changes.

use super::directory::{DEPTH_MAX, Segments};
use super::segment::Segment;
use super::{Element, Ref, Root, Table};

/// A position in the order of hashes: their leading 32 bits. One past the last ends a walk.
pub(super) const POSITIONS: u64 = 1 << DEPTH_MAX;

impl<T: Element> Table<T> {
    /// All elements, in no particular order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { table: self, position: 0, slot: 0 }
    }

    /// Empties the table and gives what was in it.
    pub fn drain(&mut self) -> IntoIter<T> {
        std::mem::take(self).into_iter()
    }

    /// Removes and drops the elements that `keep` does not want. It is asked about each element once.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut position = 0;
        while position < POSITIONS {
            let segment = self.root.segment_mut(hash_at(position));
            position = end_of(segment, position);
            segment.retain(&mut keep, |_| self.len -= 1);
        }
        // Only now, as a merge would bring elements that have been asked about before those that have not.
        let mut position = 0;
        while position < POSITIONS {
            self.settle(hash_at(position));
            position = end_of(self.root.segment(hash_at(position)), position);
        }
    }

    /// All segments in the order of hashes, each with its first hash.
    pub(super) fn segments(&self) -> impl Iterator<Item = (u64, &Segment<T>)> {
        let mut position = 0;
        std::iter::from_fn(move || {
            let hash = (position < POSITIONS).then(|| hash_at(position))?;
            let segment = self.root.segment(hash);
            position = end_of(segment, position);
            Some((hash, segment))
        })
    }

    /// Calls `f` for some elements, at least `min_elements` if there are so many left, and returns the cursor that
    /// goes on from there. A scan begins with cursor 0 and ends when 0 is returned.
    ///
    /// An element that is in the table from the scan's beginning to its end is visited, whatever is inserted and
    /// removed between the calls; it may be visited more than once. One that is there only for a part of that time
    /// may be visited or not. A call visits whole segments: up to a few hundred elements more than asked for.
    ///
    /// A cursor is the position, in the order of hashes, up to which all elements have been visited; so it needs
    /// no memory of how the table looked. It has 32 bits; those above are ignored.
    pub fn scan(&self, cursor: u64, min_elements: usize, mut f: impl FnMut(&T)) -> u64 {
        let mut position = cursor % POSITIONS;
        let mut visited = 0;
        loop {
            let segment = self.root.segment(hash_at(position));
            segment.visit(|_, element| f(element));
            visited += segment.len();
            position = end_of(segment, position);
            if position == POSITIONS {
                return 0;
            }
            if visited >= min_elements {
                return position;
            }
        }
    }
}

/// Where a [`Table::scan`] comes by the elements of this hash: a cursor beyond it says that they have been visited.
pub fn position_of(hash: u64) -> u64 {
    hash >> (u64::BITS - DEPTH_MAX)
}

/// The first hash at a position.
pub(super) fn hash_at(position: u64) -> u64 {
    position << (u64::BITS - DEPTH_MAX)
}

/// The position behind the segment that `position` belongs to.
pub(super) fn end_of<T: Element>(segment: &Segment<T>, position: u64) -> u64 {
    let span = 1 << (DEPTH_MAX - segment.depth());
    (position & !(span - 1)) + span
}

/// All elements of a table, shared.
pub struct Iter<'a, T: Element> {
    table: &'a Table<T>,
    position: u64,
    slot: usize,
}

impl<'a, T: Element> Iterator for Iter<'a, T> {
    type Item = Ref<'a, T>;

    fn next(&mut self) -> Option<Ref<'a, T>> {
        while self.position < POSITIONS {
            let segment = self.table.root.segment(hash_at(self.position));
            if let Some((slot, element)) = segment.next_element(self.slot) {
                self.slot = slot + 1;
                return Some(Ref::new(element));
            }
            self.slot = 0;
            self.position = end_of(segment, self.position);
        }
        None
    }
}

impl<'a, T: Element> IntoIterator for &'a Table<T> {
    type Item = Ref<'a, T>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// All elements of a table, by value. Each segment is freed when all of it has been given; what is left is dropped
/// with the iterator.
pub struct IntoIter<T: Element> {
    segment: Segment<T>,
    slot: usize,
    rest: Option<Segments<T>>,
}

impl<T: Element> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some((slot, element)) = self.segment.take_next(self.slot) {
                self.slot = slot + 1;
                return Some(element);
            }
            self.segment = self.rest.as_mut()?.next()?;
            self.slot = 0;
        }
    }
}

impl<T: Element> IntoIterator for Table<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        let (segment, rest) = match self.root {
            Root::One(segment) => (segment, None),
            Root::Many(directory) => (Segment::vacant(0), Some(directory.into_segments())),
        };
        IntoIter { segment, slot: 0, rest }
    }
}
