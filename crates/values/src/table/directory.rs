//! The directory of a table of more than one segment: extendible hashing.
//!
//! The leading `depth` bits of a hash index the directory. A segment whose elements share only `d` of those bits
//! stands in a *run* of `2^(depth - d)` equal entries. Splitting a segment halves its run; a run of one entry
//! needs the directory doubled first, which copies the entries and touches no segment.
//!
//! Source: R. Fagin, J. Nievergelt, N. Pippenger, H. R. Strong, "Extendible Hashing", 1979.
#![allow(unsafe_code)] // the entries of a run are copies of one owning handle

use std::mem::ManuallyDrop;
use std::ops::Range;

use super::bucket::Bucket;
use super::element::Element;
use super::segment::Segment;
use super::sizing::{BUCKETS_MAX, MERGED_ELEMENTS_MAX, larger, shrunk, size_for};

/// The directory never uses more bits of a hash, so that a position fits a 32-bit cursor.
pub(super) const DEPTH_MAX: u32 = 32;
/// Entries for each segment beyond which the directory is not doubled: hashes that agree in many leading bits
/// make a segment large instead.
const ENTRIES_PER_SEGMENT_MAX: usize = 8;
/// Entries whose segments share one deadline bound.
const GROUP_ENTRIES: usize = 64;

pub(super) struct Directory<T: Element> {
    /// `2^depth` handles. All entries of a run are the same handle; together they own the segment.
    entries: Vec<ManuallyDrop<Segment<T>>>,
    depth: u32,
    /// How many segments there are of each depth.
    by_depth: [u32; DEPTH_MAX as usize + 1],
    /// Buckets of all segments.
    buckets: usize,
    /// At least as many as the largest segment has.
    buckets_max: usize,
    /// For each group of entries, a lower bound of the deadlines of the segments whose runs begin there.
    group_deadlines: Vec<u64>,
    /// A lower bound of `group_deadlines`.
    earliest_deadline: u64,
    /// The group in which the next search for a due segment begins.
    due_group: usize,
}

impl<T: Element> Directory<T> {
    /// A directory of two entries over the only segment of a table, of depth 0.
    pub(super) fn over(segment: Segment<T>) -> Self {
        assert!(segment.depth() == 0);
        let mut by_depth = [0; DEPTH_MAX as usize + 1];
        by_depth[0] = 1;
        let (buckets, deadline) = (segment.bucket_count(), segment.deadline_bound());
        let segment = ManuallyDrop::new(segment);
        Directory {
            entries: vec![copy(&segment), segment],
            depth: 1,
            by_depth,
            buckets,
            buckets_max: buckets.max(BUCKETS_MAX),
            group_deadlines: vec![deadline],
            earliest_deadline: deadline,
            due_group: 0,
        }
    }

    /// The only segment that is left. Panics when there are more.
    pub(super) fn into_only_segment(self) -> Segment<T> {
        let mut segments = self.into_segments();
        let segment = segments.next().expect("a directory is never empty");
        assert!(segments.next().is_none() && segment.depth() == 0);
        segment
    }

    /// All segments, in the order of their hashes.
    pub(super) fn into_segments(mut self) -> Segments<T> {
        self.take_segments()
    }

    fn take_segments(&mut self) -> Segments<T> {
        Segments { entries: std::mem::take(&mut self.entries), at: 0, depth: self.depth }
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    pub(super) fn segment_count(&self) -> usize {
        self.by_depth.iter().sum::<u32>() as usize
    }

    /// At least as many buckets as the largest segment has.
    pub(super) fn buckets_max(&self) -> usize {
        self.buckets_max
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.entries.capacity() * size_of::<Segment<T>>()
            + self.group_deadlines.capacity() * size_of::<u64>()
            + self.buckets * size_of::<Bucket>()
    }

    #[inline]
    fn index(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.depth)) as usize
    }

    /// The entries of the segment that `hash` belongs to.
    fn run(&self, hash: u64) -> Range<usize> {
        let index = self.index(hash);
        let length = 1 << (self.depth - self.entries[index].depth());
        let first = index & !(length - 1);
        first..first + length
    }

    /// The segment that `hash` belongs to.
    #[inline]
    pub(super) fn segment(&self, hash: u64) -> &Segment<T> {
        &self.entries[self.index(hash)]
    }

    /// The segment that `hash` belongs to. Only what the handle points at may be changed through it.
    #[inline]
    pub(super) fn segment_mut(&mut self, hash: u64) -> &mut Segment<T> {
        let index = self.index(hash);
        &mut self.entries[index]
    }

    /// The segment whose run begins at the entry of `hash`, if one does.
    pub(super) fn segment_beginning_at(&self, hash: u64) -> Option<&Segment<T>> {
        (self.run(hash).start == self.index(hash)).then(|| self.segment(hash))
    }

    /// Makes room for one more element in the segment of `hash`: by one step of growth, by a split, or by both.
    pub(super) fn make_room(&mut self, hash: u64) {
        while !self.segment(hash).has_room() {
            if self.segment(hash).bucket_count() >= BUCKETS_MAX && self.may_split(hash) {
                self.split(hash);
            } else {
                self.replace(hash, |segment| {
                    let buckets = larger(segment.bucket_count());
                    segment.resized(buckets)
                });
            }
        }
    }

    fn may_split(&self, hash: u64) -> bool {
        let doubled = 2 << self.depth;
        self.segment(hash).depth() < self.depth
            || self.depth < DEPTH_MAX && doubled <= ENTRIES_PER_SEGMENT_MAX * self.segment_count()
    }

    fn split(&mut self, hash: u64) {
        let partition = self.segment(hash).partition();
        if self.segment(hash).depth() == self.depth {
            self.double();
        }
        let run = self.run(hash);
        let middle = (run.start + run.end) / 2;
        let (lower, upper) = self.take(run.clone()).split(&partition, |len| size_for(len + len / 16 + 1));
        self.install(run.start..middle, lower);
        self.install(middle..run.end, upper);
    }

    /// Puts what `change` makes of it in the place of the segment of `hash`.
    fn replace(&mut self, hash: u64, change: impl FnOnce(Segment<T>) -> Segment<T>) {
        let run = self.run(hash);
        let segment = change(self.take(run.clone()));
        self.install(run, segment);
    }

    /// Gives back memory around the segment of `hash`, which has lost elements: shrinks it, merges it with its
    /// buddy, and halves the directory, where there is reason to.
    pub(super) fn settle(&mut self, hash: u64) {
        let segment = self.segment(hash);
        let Some(buckets) = shrunk(segment.bucket_count(), segment.len()) else { return };
        self.replace(hash, |segment| segment.resized(buckets));
        // A merge that moves elements is the last one: no call moves more than a segment's elements.
        while let Some(moved) = self.merge(hash) {
            if moved {
                break;
            }
        }
        // One unused doubling is kept, so that a single segment cannot make the directory flap.
        while self.depth > 1
            && self.by_depth[self.depth as usize] == 0
            && self.by_depth[self.depth as usize - 1] == 0
        {
            self.halve();
        }
    }

    /// Merges the segment of `hash` with its buddy if they are small together; says whether elements moved.
    fn merge(&mut self, hash: u64) -> Option<bool> {
        let segment = self.segment(hash);
        let (depth, len) = (segment.depth(), segment.len());
        if depth == 0 {
            return None;
        }
        let buddy_hash = hash ^ 1 << (u64::BITS - depth);
        let buddy = self.segment(buddy_hash);
        let together = len + buddy.len();
        if buddy.depth() != depth || together > MERGED_ELEMENTS_MAX {
            return None;
        }
        let moved = len != 0 && buddy.len() != 0;
        let (run, buddy_run) = (self.run(hash), self.run(buddy_hash));
        let whole = run.start.min(buddy_run.start)..run.end.max(buddy_run.end);
        let (segment, buddy) = (self.take(run), self.take(buddy_run));
        self.install(whole, segment.merged(buddy, size_for(together + together / 4)));
        Some(moved)
    }

    /// Takes the segment of a whole run out; another must be installed over these entries.
    fn take(&mut self, run: Range<usize>) -> Segment<T> {
        let segment = ManuallyDrop::into_inner(copy(&self.entries[run.start]));
        debug_assert!(run.len() == 1 << (self.depth - segment.depth()));
        self.by_depth[segment.depth() as usize] -= 1;
        self.buckets -= segment.bucket_count();
        segment
    }

    fn install(&mut self, run: Range<usize>, segment: Segment<T>) {
        debug_assert!(run.len() == 1 << (self.depth - segment.depth()));
        self.by_depth[segment.depth() as usize] += 1;
        self.buckets += segment.bucket_count();
        self.buckets_max = self.buckets_max.max(segment.bucket_count());
        let group = &mut self.group_deadlines[run.start / GROUP_ENTRIES];
        *group = segment.deadline_bound().min(*group);
        let segment = ManuallyDrop::new(segment);
        for entry in &mut self.entries[run] {
            *entry = copy(&segment);
        }
    }

    fn double(&mut self) {
        let mut entries = Vec::with_capacity(self.entries.len() * 2);
        entries.extend(self.entries.iter().flat_map(|entry| [copy(entry), copy(entry)]));
        self.entries = entries;
        self.depth += 1;
        if self.entries.len() > GROUP_ENTRIES {
            self.group_deadlines = self.group_deadlines.iter().flat_map(|&bound| [bound, bound]).collect();
        }
    }

    fn halve(&mut self) {
        self.entries = self.entries.iter().step_by(2).map(copy).collect();
        self.depth -= 1;
        if self.entries.len() >= GROUP_ENTRIES {
            self.group_deadlines = self.group_deadlines.chunks(2).map(|pair| pair[0].min(pair[1])).collect();
        }
    }

    /// A lower bound of all deadlines.
    pub(super) fn earliest_deadline(&self) -> u64 {
        self.earliest_deadline
    }

    /// Notes that an element in the segment of `hash` expires at `deadline_ms`.
    pub(super) fn note_deadline(&mut self, hash: u64, deadline_ms: u64) {
        self.earliest_deadline = self.earliest_deadline.min(deadline_ms);
        let group = self.run(hash).start / GROUP_ENTRIES;
        self.group_deadlines[group] = self.group_deadlines[group].min(deadline_ms);
        self.segment_mut(hash).note_deadline(deadline_ms);
    }

    /// A hash that belongs to a segment whose bound is at or before `now_ms`. Where there is none, the bounds of
    /// all groups are exact afterwards.
    pub(super) fn next_due(&mut self, now_ms: u64) -> Option<u64> {
        if self.earliest_deadline > now_ms {
            return None;
        }
        let groups = self.group_deadlines.len();
        for group in (0..groups).map(|offset| (self.due_group + offset) % groups) {
            if self.group_deadlines[group] <= now_ms {
                match self.due_in(group, now_ms) {
                    Ok(hash) => {
                        self.due_group = group;
                        return Some(hash);
                    }
                    Err(bound) => self.group_deadlines[group] = bound,
                }
            }
        }
        self.earliest_deadline = self.group_deadlines.iter().copied().min().unwrap_or(u64::MAX);
        None
    }

    /// Passes the segments whose bound is at or before `now_ms` to `visit`.
    pub(super) fn visit_due(&self, now_ms: u64, visit: &mut dyn FnMut(&Segment<T>)) {
        if self.earliest_deadline > now_ms {
            return;
        }
        for group in (0..self.group_deadlines.len()).filter(|group| self.group_deadlines[*group] <= now_ms) {
            let mut index = group * GROUP_ENTRIES;
            let end = self.entries.len().min(index + GROUP_ENTRIES);
            while index < end {
                let run = self.run((index as u64) << (u64::BITS - self.depth));
                if run.start == index && self.entries[index].deadline_bound() <= now_ms {
                    visit(&self.entries[index]);
                }
                index = run.end;
            }
        }
    }

    /// A hash that belongs to a due segment of this group, or the bound of them all.
    fn due_in(&self, group: usize, now_ms: u64) -> Result<u64, u64> {
        let mut bound = u64::MAX;
        let mut index = group * GROUP_ENTRIES;
        let end = self.entries.len().min(index + GROUP_ENTRIES);
        while index < end {
            let hash = (index as u64) << (u64::BITS - self.depth);
            let run = self.run(hash);
            if run.start == index {
                let deadline = self.segment(hash).deadline_bound();
                if deadline <= now_ms {
                    return Ok(hash);
                }
                bound = bound.min(deadline);
            }
            index = run.end;
        }
        Err(bound)
    }
}

impl<T: Element> Drop for Directory<T> {
    fn drop(&mut self) {
        drop(self.take_segments());
    }
}

/// The segments of a directory that is no more, by value.
pub(super) struct Segments<T: Element> {
    entries: Vec<ManuallyDrop<Segment<T>>>,
    /// Where the next run begins; the segments before it have been given away.
    at: usize,
    depth: u32,
}

impl<T: Element> Iterator for Segments<T> {
    type Item = Segment<T>;

    fn next(&mut self) -> Option<Segment<T>> {
        let segment = ManuallyDrop::into_inner(copy(self.entries.get(self.at)?));
        self.at += 1 << (self.depth - segment.depth());
        Some(segment)
    }
}

impl<T: Element> Drop for Segments<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

/// A copy of an owning handle. Of all copies, which fill one run or are about to, at most one may be taken out of
/// its `ManuallyDrop`, and then none of the others may be used.
fn copy<T: Element>(entry: &ManuallyDrop<Segment<T>>) -> ManuallyDrop<Segment<T>> {
    // SAFETY: a handle is plain data; that nothing is owned twice is the promise above, which this module keeps.
    unsafe { std::ptr::read(entry) }
}
