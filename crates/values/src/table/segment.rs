//! A segment: a small hash table in one allocation of whole cache lines.
//!
//! ```text
//!  bucket 0                                 bucket 1                       …
//!  +--------+------+------+-----+------+    +------+------+-----+------+
//!  | header | word | word | …   | word |    | word | word | …   | word |      8 words of 8 bytes each
//!  +--------+------+------+-----+------+    +------+------+-----+------+
//!  header: the bucket's overflow bit | 1 | earliest deadline, ms: 43 bits | elements: 19 bits
//! ```
//!
//! (The header's set bit keeps its place from looking empty.) A tag alone says which bucket is the element's
//! *home*, and by what stride to go on, in a circle, to the first bucket with room. Each bucket that an element
//! passes on its way counts it, so a search ends at the first bucket that nothing has passed. Since the way comes
//! from the tag, a segment is rebuilt at another size without looking at its elements.
//!
//! The handle of a segment is one word too: the address (a multiple of 64, of 48 bits), the number of buckets in
//! its upper 16 bits and the segment's depth in its lower 6. So the first cache line that a look-up touches is
//! already the right bucket.
#![allow(unsafe_code)] // an allocation of run-time size behind a tagged pointer; the rest of the table is safe code

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use super::bucket::{BUCKET_WORDS, Bucket};
use super::element::{Element, TAG_BITS, pointer_word, tagged, word_tag};
use super::sizing::{BUCKETS_LIMIT, elements_max};

const DEPTH_MASK: usize = align_of::<Bucket>() - 1;
const BUCKETS_SHIFT: u32 = 48;
const ADDRESS_MASK: usize = ((1 << BUCKETS_SHIFT) - 1) & !DEPTH_MASK;

const LEN_BITS: u32 = 19;
const LEN_MASK: u64 = (1 << LEN_BITS) - 1;
const DEADLINE_MASK: u64 = (1 << 43) - 1;
const HEADER_BIT: u64 = 1 << 62;
const HEADER_SLOT: usize = 0;

const _: () = assert!(usize::BITS == 64, "handles and elements are 64-bit words");
const _: () = assert!(BUCKETS_LIMIT * BUCKET_WORDS <= LEN_MASK as usize && BUCKETS_LIMIT <= 0xffff);

/// Owns its elements and its allocation; allocates nothing while it has no buckets.
///
/// Elements are found by `slot`: the index of a word, counted through all buckets. What changes a segment's
/// handle (its size, its depth) takes and returns it by value; `&mut self` changes only what it points at.
pub(super) struct Segment<T: Element> {
    handle: *mut Bucket,
    elements: PhantomData<T>,
}

// SAFETY: a segment owns its allocation and the elements in it alone.
unsafe impl<T: Element + Send> Send for Segment<T> {}
// SAFETY: a shared segment hands out shared elements only, and nothing in it changes behind a shared reference.
unsafe impl<T: Element + Sync> Sync for Segment<T> {}

/// How far a look-up is prepared; each stage waits for the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The line of the table that says where the element is.
    Bucket,
    /// The element.
    Element,
}

/// What a search ended with.
pub(super) enum Search<T> {
    /// The element, and the slot it is in.
    Found(usize, ManuallyDrop<T>),
    /// There is none.
    Absent,
}

impl<T: Element> Segment<T> {
    /// A segment without buckets.
    pub(super) const fn vacant(depth: u32) -> Self {
        assert!(depth as usize <= DEPTH_MASK);
        let aligned = align_of::<Bucket>() | depth as usize;
        Segment { handle: std::ptr::without_provenance_mut(aligned), elements: PhantomData }
    }

    fn with_buckets(buckets: usize, depth: u32) -> Self {
        if buckets == 0 {
            return Self::vacant(depth);
        }
        assert!(buckets <= BUCKETS_LIMIT && depth as usize <= DEPTH_MASK);
        let layout = layout(buckets);
        // SAFETY: at least one bucket, so the size is not zero.
        let base = unsafe { alloc_zeroed(layout) }.cast::<Bucket>();
        if base.is_null() {
            handle_alloc_error(layout);
        }
        assert!(base.addr() & !ADDRESS_MASK == 0, "user addresses have 48 bits");
        let handle = base.map_addr(|address| address | buckets << BUCKETS_SHIFT | depth as usize);
        let mut segment = Segment { handle, elements: PhantomData };
        segment.set_header(header(0, u64::MAX));
        segment
    }

    /// How many leading bits of the hash all elements share.
    #[inline]
    pub(super) fn depth(&self) -> u32 {
        (self.handle.addr() & DEPTH_MASK) as u32
    }

    #[inline]
    pub(super) fn bucket_count(&self) -> usize {
        self.handle.addr() >> BUCKETS_SHIFT
    }

    /// The number of slots, among them the header's.
    #[inline]
    pub(super) fn slot_count(&self) -> usize {
        self.bucket_count() * BUCKET_WORDS
    }

    #[inline]
    fn buckets(&self) -> &[Bucket] {
        let base = self.handle.map_addr(|address| address & ADDRESS_MASK);
        // SAFETY: the handle says where the allocation is and how many buckets it has, all of them initialised
        // (by zeroes at least); with none, the address is a well-aligned one that is never read.
        unsafe { std::slice::from_raw_parts(base, self.bucket_count()) }
    }

    #[inline]
    fn buckets_mut(&mut self) -> &mut [Bucket] {
        let base = self.handle.map_addr(|address| address & ADDRESS_MASK);
        // SAFETY: as in `buckets`, and the segment is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(base, self.bucket_count()) }
    }

    #[inline]
    fn header(&self) -> u64 {
        self.buckets().first().and_then(|bucket| bucket.word(HEADER_SLOT)).unwrap_or(header(0, u64::MAX))
    }

    #[inline]
    fn set_header(&mut self, header: u64) {
        if let Some(bucket) = self.buckets_mut().first_mut() {
            bucket.set_word(HEADER_SLOT, header);
        }
    }

    /// The number of elements.
    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.header() & LEN_MASK) as usize
    }

    /// Whether one more element may be put in at this size.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.len() < elements_max(self.bucket_count())
    }

    /// No element expires before this; `u64::MAX` when none expires at all.
    #[inline]
    pub(super) fn deadline_bound(&self) -> u64 {
        match self.header() >> LEN_BITS & DEADLINE_MASK {
            DEADLINE_MASK => u64::MAX,
            bound => bound,
        }
    }

    /// Lowers the bound to the deadline of an element.
    #[inline]
    pub(super) fn note_deadline(&mut self, deadline_ms: u64) {
        if deadline_ms < self.deadline_bound() {
            self.set_deadline_bound(deadline_ms);
        }
    }

    pub(super) fn set_deadline_bound(&mut self, deadline_ms: u64) {
        self.set_header(header(self.len(), deadline_ms));
    }

    /// Begins to load the bucket that a search for this tag looks at first, or, once that is there, the elements
    /// in it that the search will look at.
    #[inline]
    pub(super) fn prefetch(&self, tag: u16, stage: Stage) {
        let buckets = self.buckets();
        let Some(home) = buckets.get(Way::new(tag, buckets.len()).at) else { return };
        match stage {
            Stage::Bucket => home.prefetch_words(),
            Stage::Element => home.prefetch_equal(tag),
        }
    }

    /// Looks for the element with this tag that `eq` says is the one.
    #[inline]
    pub(super) fn search(&self, tag: u16, mut eq: impl FnMut(&T) -> bool) -> Search<T> {
        let buckets = self.buckets();
        let mut way = Way::new(tag, buckets.len());
        let home = way.at;
        while let Some(bucket) = buckets.get(way.at) {
            let tags = bucket.tags();
            for position in tags.equal(tag) {
                let slot = way.at * BUCKET_WORDS + position;
                if let Some(element) = self.peek(slot)
                    && eq(&element)
                {
                    return Search::Found(slot, element);
                }
            }
            if tags.overflow().is_empty() {
                break;
            }
            way.go_on();
            if way.at == home {
                break;
            }
        }
        Search::Absent
    }

    /// Counts a new element with this tag and returns the slot that it must be [`put`](Self::put) into. There must
    /// be room.
    #[inline]
    pub(super) fn claim(&mut self, tag: u16) -> usize {
        debug_assert!(self.has_room());
        self.set_header(self.header() + 1);
        let buckets = self.buckets_mut();
        let mut way = Way::new(tag, buckets.len());
        loop {
            let bucket = &mut buckets[way.at];
            if let Some(position) = bucket.tags().empty().first() {
                return way.at * BUCKET_WORDS + position;
            }
            bucket.pass();
            way.go_on();
        }
    }

    /// The element in a slot, if one is there, as a copy that must not outlive the borrow.
    #[inline]
    pub(super) fn peek(&self, slot: usize) -> Option<ManuallyDrop<T>> {
        let word = self.word(slot)?;
        // SAFETY: `word` returns words of elements only.
        Some(unsafe { element_of(word) })
    }

    #[inline]
    fn word(&self, slot: usize) -> Option<u64> {
        if slot == HEADER_SLOT {
            return None;
        }
        self.buckets().get(slot / BUCKET_WORDS)?.word(slot % BUCKET_WORDS)
    }

    #[inline]
    fn set_word(&mut self, slot: usize, word: u64) {
        self.buckets_mut()[slot / BUCKET_WORDS].set_word(slot % BUCKET_WORDS, word);
    }

    /// The first element in slot `from` or after it, as a copy that must not outlive the borrow.
    #[inline]
    pub(super) fn next_element(&self, from: usize) -> Option<(usize, ManuallyDrop<T>)> {
        (from..self.slot_count()).find_map(|slot| Some((slot, self.peek(slot)?)))
    }

    /// Calls `f` with all elements and their slots. Loads elements from memory ahead of the calls.
    pub(super) fn visit(&self, mut f: impl FnMut(usize, &T)) {
        for at in 0..self.bucket_count() {
            self.visit_bucket(at, &mut f);
        }
    }

    #[inline]
    fn visit_bucket(&self, at: usize, mut f: impl FnMut(usize, &T)) {
        let buckets = self.buckets();
        if at == 0 {
            buckets[0].prefetch();
        }
        if let Some(next) = buckets.get(at + 1) {
            next.prefetch();
        }
        for position in buckets[at].tags().occupied() {
            let slot = at * BUCKET_WORDS + position;
            if let Some(element) = self.peek(slot) {
                f(slot, &element);
            }
        }
    }

    /// Hands every element that `keep` does not want to `removed`. Each element is asked about once.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool, mut removed: impl FnMut(T)) {
        for at in 0..self.bucket_count() {
            let mut unwanted = [None; BUCKET_WORDS];
            self.visit_bucket(at, |slot, element| {
                unwanted[slot % BUCKET_WORDS] = (!keep(element)).then_some(slot)
            });
            for slot in unwanted.into_iter().flatten() {
                removed(self.remove(slot).expect("it has just been seen there"));
            }
        }
    }

    /// Lends an element out: its slot is empty until it is [`put`](Self::put) back or
    /// [`forgotten`](Self::forget). Returns its tag too.
    #[inline]
    pub(super) fn lend(&mut self, slot: usize) -> Option<(T, u16)> {
        let word = self.word(slot)?;
        self.set_word(slot, 0);
        // SAFETY: `word` returns words of elements only; this one has just left the segment.
        Some((ManuallyDrop::into_inner(unsafe { element_of(word) }), word_tag(word)))
    }

    /// Puts an element into the empty slot that was claimed for it or that it was lent out of.
    #[inline]
    pub(super) fn put(&mut self, slot: usize, tag: u16, element: T) {
        debug_assert!(self.word(slot).is_none(), "the slot is taken");
        self.set_word(slot, tagged(element.into_word(), tag));
    }

    /// Uncounts an element with this tag that was lent out of this slot and will not come back.
    #[inline]
    pub(super) fn forget(&mut self, slot: usize, tag: u16) {
        self.set_header(self.header() - 1);
        let buckets = self.buckets_mut();
        let mut way = Way::new(tag, buckets.len());
        while way.at != slot / BUCKET_WORDS {
            buckets[way.at].unpass();
            way.go_on();
        }
    }

    /// Takes the element in a slot out.
    #[inline]
    pub(super) fn remove(&mut self, slot: usize) -> Option<T> {
        let (element, tag) = self.lend(slot)?;
        self.forget(slot, tag);
        Some(element)
    }

    /// Takes out the first element in slot `from` or after it, and returns its slot too.
    pub(super) fn take_next(&mut self, from: usize) -> Option<(usize, T)> {
        (from..self.slot_count()).find_map(|slot| Some((slot, self.remove(slot)?)))
    }

    /// The segment at another size, which must hold its elements. Does not look at the elements.
    pub(super) fn resized(self, buckets: usize) -> Self {
        let mut filling = Filling::new(buckets, self.depth(), self.deadline_bound());
        filling.put_all(self);
        filling.finish()
    }

    /// For each bucket, which of its elements have a set bit behind the bits that all share.
    pub(super) fn partition(&self) -> Partition {
        let bit = 63 - self.depth();
        let mut partition = Partition { upper: vec![0; self.bucket_count()], upper_len: 0 };
        self.visit(|slot, element| {
            if element.hash_key() >> bit & 1 != 0 {
                partition.upper[slot / BUCKET_WORDS] |= 1 << (slot % BUCKET_WORDS);
                partition.upper_len += 1;
            }
        });
        partition
    }

    /// Two segments of one more depth, of sizes that `size_for` says, as [`partition`](Self::partition) told.
    pub(super) fn split(self, partition: &Partition, size_for: impl Fn(usize) -> usize) -> (Self, Self) {
        let (depth, bound) = (self.depth() + 1, self.deadline_bound());
        let mut lower = Filling::new(size_for(self.len() - partition.upper_len), depth, bound);
        let mut upper = Filling::new(size_for(partition.upper_len), depth, bound);
        let taken = TakenApart::new(self);
        for (bucket, uppers) in taken.buckets().iter().zip(&partition.upper) {
            for (position, word) in words(bucket) {
                if uppers >> position & 1 == 0 { &mut lower } else { &mut upper }.put(word);
            }
        }
        (lower.finish(), upper.finish())
    }

    /// This segment and its buddy as one of one less depth. `buckets` must hold both; when one of them is empty
    /// the other is not moved.
    pub(super) fn merged(self, buddy: Self, buckets: usize) -> Self {
        let depth = self.depth() - 1;
        if self.len() == 0 || buddy.len() == 0 {
            let mut kept = if self.len() == 0 { buddy } else { self };
            kept.handle = kept.handle.map_addr(|address| address & !DEPTH_MASK | depth as usize);
            return kept;
        }
        let mut filling = Filling::new(buckets, depth, self.deadline_bound().min(buddy.deadline_bound()));
        filling.put_all(self);
        filling.put_all(buddy);
        filling.finish()
    }

    /// Frees the allocation, not the elements.
    fn free(&mut self) {
        let buckets = self.bucket_count();
        if buckets != 0 {
            let base = self.handle.map_addr(|address| address & ADDRESS_MASK);
            // SAFETY: allocated in `with_buckets` with this layout; callers do not use the handle again.
            unsafe { dealloc(base.cast(), layout(buckets)) };
        }
    }
}

impl<T: Element> Drop for Segment<T> {
    fn drop(&mut self) {
        let mut from = 0;
        while let Some((slot, element)) = self.take_next(from) {
            drop(element);
            from = slot + 1;
        }
        self.free();
    }
}

/// A segment whose elements are taken over as words; frees the allocation, and not the elements.
struct TakenApart<T: Element>(ManuallyDrop<Segment<T>>);

impl<T: Element> TakenApart<T> {
    fn new(mut segment: Segment<T>) -> Self {
        segment.set_header(0);
        TakenApart(ManuallyDrop::new(segment))
    }

    /// All words, the header's place emptied.
    fn buckets(&self) -> &[Bucket] {
        self.0.buckets()
    }
}

impl<T: Element> Drop for TakenApart<T> {
    fn drop(&mut self) {
        self.0.free();
    }
}

/// A new segment that is being filled from others.
struct Filling<T: Element> {
    segment: Segment<T>,
    /// By bucket, how many words are taken; they are the first ones.
    taken: Vec<u8>,
    len: usize,
}

impl<T: Element> Filling<T> {
    fn new(buckets: usize, depth: u32, deadline_bound: u64) -> Self {
        let mut segment = Segment::with_buckets(buckets, depth);
        segment.set_deadline_bound(deadline_bound);
        let mut taken = vec![0; buckets];
        if let Some(taken) = taken.first_mut() {
            *taken = HEADER_SLOT as u8 + 1;
        }
        Filling { segment, taken, len: 0 }
    }

    fn put_all(&mut self, segment: Segment<T>) {
        for bucket in TakenApart::new(segment).buckets() {
            words(bucket).for_each(|(_, word)| self.put(word));
        }
    }

    /// Puts an element's word in.
    #[inline]
    fn put(&mut self, word: u64) {
        let mut way = Way::new(word_tag(word), self.taken.len());
        let buckets = self.segment.buckets_mut();
        while usize::from(self.taken[way.at]) == BUCKET_WORDS {
            buckets[way.at].pass();
            way.go_on();
        }
        buckets[way.at].set_word(self.taken[way.at].into(), word);
        self.taken[way.at] += 1;
        self.len += 1;
        #[cfg(test)]
        super::tests::note_move();
    }

    fn finish(mut self) -> Segment<T> {
        self.segment.set_header(header(self.len, self.segment.deadline_bound()));
        self.segment
    }
}

/// How a segment's elements fall apart when it is split.
pub(super) struct Partition {
    /// By bucket, a bit for each word that goes to the upper half.
    upper: Vec<u8>,
    upper_len: usize,
}

fn layout(buckets: usize) -> Layout {
    Layout::array::<Bucket>(buckets).expect("a segment is far below isize::MAX")
}

/// The words of a bucket that are not empty, with their positions.
#[inline]
fn words(bucket: &Bucket) -> impl Iterator<Item = (usize, u64)> {
    bucket.tags().occupied().filter_map(|position| Some((position, bucket.word(position)?)))
}

/// A header's word. Deadlines beyond 43 bits (the year 2248) are kept as the last one that fits: early, not late.
#[inline]
fn header(len: usize, deadline_ms: u64) -> u64 {
    let deadline = if deadline_ms == u64::MAX { DEADLINE_MASK } else { deadline_ms.min(DEADLINE_MASK - 1) };
    HEADER_BIT | deadline << LEN_BITS | len as u64
}

/// A copy of the element of a word. It must not be dropped, nor used for longer than the element is in the table,
/// unless the word is taken out.
///
/// # Safety
/// The word must have been made by [`tagged`] from an element that still exists.
#[inline]
unsafe fn element_of<T: Element>(word: u64) -> ManuallyDrop<T> {
    // SAFETY: without its tag the word is what `into_word` gave.
    ManuallyDrop::new(unsafe { T::from_word(pointer_word(word)) })
}

/// The way of a tag through the buckets of a segment: its home, and in a circle through all others.
struct Way {
    at: usize,
    tag: u16,
    buckets: usize,
}

/// By the last bits of the tag. Strides have no factor in common with any number of buckets, which are powers of
/// two times 1, 3, 5 or 7, so that each way meets every bucket. With one stride for all, full buckets would stand
/// together and ways grow twice as long.
const STRIDES: [u8; 8] = [1, 11, 13, 17, 19, 23, 29, 31];

impl Way {
    #[inline]
    fn new(tag: u16, buckets: usize) -> Way {
        Way { at: (usize::from(tag) * buckets) >> TAG_BITS, tag, buckets }
    }

    #[inline]
    fn go_on(&mut self) {
        let stride = STRIDES[usize::from(self.tag) % STRIDES.len()];
        // In 32 bits, where a division takes half the time.
        self.at = ((self.at as u32 + u32::from(stride)) % self.buckets as u32) as usize;
    }
}
