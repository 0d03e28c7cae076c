//! The hash table under everything: the keys of a slot, the members of large sets, the fields of large hashes,
//! the member index of sorted sets.
//!
//! What it promises:
//! - **small**: 9 to 11 bytes for each element in all, from a few dozen elements to many millions; nothing while
//!   empty; memory comes back as it shrinks;
//! - **never stalls**: no call moves more than a few hundred elements, however large the table is; the one larger
//!   step is copying the directory, which has a word or two for some hundred elements;
//! - **fast**: a look-up touches one cache line of the table, as a rule, and the element;
//! - **scans** with the guarantee of Redis' `SCAN` ([`Table::scan`]), chooses at random uniformly
//!   ([`Table::random`]), and finds what has expired without an index by deadline ([`Table::sweep`]).
//!
//! It is extendible hashing over small segments. The leading bits of a hash choose the [`segment`], the low 15
//! bits (the *tag*) the [`bucket`] in it, and the tag stands in the unused upper bits of the element's pointer, so
//! that few other elements are ever looked at. The caller supplies 64-bit hashes; they must be well mixed, and
//! keyed with a secret where others choose the elements.

mod bucket;
mod directory;
mod element;
mod expiry;
mod iter;
mod random;
mod sample;
mod segment;
mod sizing;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use bucket::Bucket;
use directory::Directory;
pub use element::Element;
use element::tag_of;
pub use expiry::Fate;
pub use iter::{IntoIter, Iter, position_of};
pub use segment::Stage;
use segment::{Search, Segment};
use sizing::{BUCKETS_MAX, larger, shrunk};

/// A set of elements, found by the hash of their keys and a comparison that the caller supplies.
pub struct Table<T: Element> {
    root: Root<T>,
    len: usize,
}

enum Root<T: Element> {
    One(Segment<T>),
    Many(Box<Directory<T>>),
}

impl<T: Element> Root<T> {
    #[inline]
    fn segment(&self, hash: u64) -> &Segment<T> {
        match self {
            Root::One(segment) => segment,
            Root::Many(directory) => directory.segment(hash),
        }
    }

    /// The segment of `hash`, of which everything but the handle may be changed.
    #[inline]
    fn segment_mut(&mut self, hash: u64) -> &mut Segment<T> {
        match self {
            Root::One(segment) => segment,
            Root::Many(directory) => directory.segment_mut(hash),
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, hash: u64) {
        if let Root::One(segment) = self {
            let buckets = segment.bucket_count();
            let only = std::mem::replace(segment, Segment::vacant(0));
            if buckets < BUCKETS_MAX {
                *segment = only.resized(larger(buckets));
                return;
            }
            *self = Root::Many(Box::new(Directory::over(only)));
        }
        let Root::Many(directory) = self else { unreachable!("a single segment has just got a directory") };
        directory.make_room(hash);
    }

    /// Gives memory back after the segment of `hash` has lost elements.
    #[inline]
    fn settle(&mut self, hash: u64) {
        let segment = self.segment(hash);
        if let Some(buckets) = shrunk(segment.bucket_count(), segment.len()) {
            self.shrink(hash, buckets);
        }
    }

    #[cold]
    #[inline(never)]
    fn shrink(&mut self, hash: u64, buckets: usize) {
        match self {
            Root::One(segment) => {
                let only = std::mem::replace(segment, Segment::vacant(0));
                *segment = only.resized(buckets);
            }
            Root::Many(directory) => {
                directory.settle(hash);
                if directory.segment_count() == 1 {
                    let Root::Many(directory) = std::mem::replace(self, Root::One(Segment::vacant(0))) else {
                        unreachable!("matched above")
                    };
                    *self = Root::One(directory.into_only_segment());
                }
            }
        }
    }
}

impl<T: Element> Table<T> {
    /// An empty table; allocates nothing.
    pub const fn new() -> Self {
        Table { root: Root::One(Segment::vacant(0)), len: 0 }
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Drops all elements and frees all memory. Takes time by their number: to do it in steps, or elsewhere, take
    /// the table out and iterate over it by value.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The bytes of the table itself, without the elements; takes constant time.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.root {
                Root::One(segment) => segment.bucket_count() * size_of::<Bucket>(),
                Root::Many(directory) => directory.memory_bytes(),
            }
    }

    /// Has the processor load what a look-up of `hash` is going to touch.
    #[inline]
    pub fn prefetch(&self, hash: u64, stage: Stage) {
        self.root.segment(hash).prefetch(tag_of(hash), stage);
    }

    /// The element that has this hash and that `eq` says is the one.
    #[inline]
    pub fn find(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<Ref<'_, T>> {
        match self.root.segment(hash).search(tag_of(hash), eq) {
            Search::Found(_, element) => Some(Ref::new(element)),
            Search::Absent => None,
        }
    }

    /// As [`Table::find`], to change the element or remove it.
    #[inline]
    pub fn find_mut(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<RefMut<'_, T>> {
        match self.root.segment(hash).search(tag_of(hash), eq) {
            Search::Found(slot, _) => self.lend(hash, slot),
            Search::Absent => None,
        }
    }

    /// Inserts an element whose key is not in the table yet.
    #[inline]
    pub fn insert_unique(&mut self, hash: u64, element: T) -> RefMut<'_, T> {
        if !self.root.segment(hash).has_room() {
            self.root.make_room(hash);
        }
        let tag = tag_of(hash);
        let slot = self.root.segment_mut(hash).claim(tag);
        self.len += 1;
        RefMut { table: self, hash, slot, tag, element: Some(element) }
    }

    /// The element that has this hash and that `eq` says is the one, or else what `make` makes, inserted; and
    /// whether it was.
    #[inline]
    pub fn find_or_insert(
        &mut self,
        hash: u64,
        eq: impl FnMut(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> (RefMut<'_, T>, bool) {
        let segment = self.root.segment(hash);
        // Asked for first, so that the header's cache line comes together with the bucket's.
        if !segment.has_room() {
            self.root.make_room(hash);
        }
        match self.root.segment(hash).search(tag_of(hash), eq) {
            Search::Found(slot, _) => (self.lend(hash, slot).expect("it has just been found there"), false),
            Search::Absent => (self.insert_unique(hash, make()), true),
        }
    }

    /// Takes out the element that has this hash and that `eq` says is the one.
    #[inline]
    pub fn remove(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<T> {
        let segment = self.root.segment_mut(hash);
        // Asked for first, so that the header's cache line comes together with the bucket's.
        if segment.len() == 0 {
            return None;
        }
        let Search::Found(slot, _) = segment.search(tag_of(hash), eq) else { return None };
        let element = segment.remove(slot).expect("it has just been found there");
        self.len -= 1;
        self.settle(hash);
        Some(element)
    }

    #[inline]
    fn lend(&mut self, hash: u64, slot: usize) -> Option<RefMut<'_, T>> {
        let (element, tag) = self.root.segment_mut(hash).lend(slot)?;
        Some(RefMut { table: self, hash, slot, tag, element: Some(element) })
    }

    /// Gives memory back after the segment of `hash` has lost elements.
    #[inline]
    fn settle(&mut self, hash: u64) {
        if self.len == 0 {
            self.clear();
        } else {
            self.root.settle(hash);
        }
    }
}

impl<T: Element> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An element in a table, shared.
pub struct Ref<'a, T> {
    element: ManuallyDrop<T>,
    table: PhantomData<&'a T>,
}

impl<T> Ref<'_, T> {
    /// `element` is a copy of one that is in the table for as long as the lifetime says.
    #[inline]
    fn new(element: ManuallyDrop<T>) -> Self {
        Ref { element, table: PhantomData }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.element
    }
}

/// An element in a table, to change or to remove.
///
/// It may be given another allocation, or be replaced by another element of the same hash. While this exists the
/// element is out of the table; it goes back when this is dropped. (One that is forgotten instead stays out, and
/// is counted for ever.)
pub struct RefMut<'a, T: Element> {
    table: &'a mut Table<T>,
    /// A hash that belongs to the element's segment: the element's own, or one that begins alike.
    hash: u64,
    slot: usize,
    tag: u16,
    /// `None` once it is removed.
    element: Option<T>,
}

const LENT: &str = "an element is lent until it is removed, which ends the loan";

impl<T: Element> RefMut<'_, T> {
    /// As [`Table::note_deadline`], for this element.
    pub fn note_deadline(&mut self, deadline_ms: u64) {
        self.table.note_deadline(self.hash, deadline_ms);
    }

    /// Takes the element out.
    #[inline]
    pub fn remove(mut self) -> T {
        let element = self.element.take().expect(LENT);
        self.table.root.segment_mut(self.hash).forget(self.slot, self.tag);
        self.table.len -= 1;
        self.table.settle(self.hash);
        element
    }
}

impl<T: Element> Drop for RefMut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(element) = self.element.take() {
            self.table.root.segment_mut(self.hash).put(self.slot, self.tag, element);
        }
    }
}

impl<T: Element> Deref for RefMut<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.element.as_ref().expect(LENT)
    }
}

impl<T: Element> DerefMut for RefMut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.element.as_mut().expect(LENT)
    }
}
