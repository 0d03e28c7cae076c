//! Counts that make ranks cheap: fences divide the order of a sorted set into runs.
//!
//! A fence stands at a place and counts the members from there up to the next fence.
//!
//! ```text
//!  fences     | 4        | 2      | 0  | 3
//!  members    a  b  c  d  e  f         j  k  l
//! ```
//!
//! They lie in the collection's map, so that they need not be counted again, but all look-ups go to an [`Index`] of
//! them in memory, which is read from there when it is first needed. A change goes to both. For a map may keep
//! every version of a key for a while, and the keys that were removed, and have a walk pass over all of them: no walk
//! may lead over records that are written again and again, as fences are, or to where many members were a moment ago.
//! For the latter:
//!
//! * a fence that has no members left stays and bounds what is empty, up to the next one that has some;
//! * a walk within a run ends with the last of the members that are counted;
//! * a run that has lost many members is walked over once more, and then its places are kept in memory, as are those
//!   of a run that was empty.
//!
//! A run of more than [`width`] members is split in two, and one that has few left takes those of the next, if they
//! are few as well.
//!
//! Invariants: the first fence stands before everything, at the empty place; of two fences that follow each other
//! one has members. The runs are not as full as they could be after many removals, but no count is ever wrong.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use super::index::{At, Fence, Index, fences_bytes};
use super::{place_of, score_key};
use crate::elements::{Elements, Span};
use crate::leb128;
use crate::stored::names::behind;
use crate::stored::{Key, Malformed, number};

/// Members of a run at most.
const WIDTH: usize = 128;
/// What the first byte of a fence's key is.
const FENCES: &[u8] = b"f";
/// Members that the first and the last run lose before their places are kept. They may well go on to lose members,
/// and the next to go is the one behind those that went.
const REMOVED_AT_ENDS_MAX: usize = 8;

/// The fences of a sorted set.
pub(super) struct Fences {
    /// Those who share it never change it: a change of what is shared begins with a copy.
    index: Arc<OnceLock<Index>>,
    count: usize,
    /// Bytes of all fences' places together.
    place_bytes: usize,
}

/// [`WIDTH`], or less where a test wants many fences.
#[cfg(not(test))]
pub(super) fn width() -> usize {
    WIDTH
}

#[cfg(test)]
pub(super) use tests::width;

fn key(place: &[u8]) -> Key {
    let mut key = Key::from_slice(FENCES);
    key.extend_from_slice(place);
    key
}

fn write(elements: &mut dyn Elements, index: &Index, at: At) {
    let mut value = smallvec::SmallVec::<[u8; 8]>::new();
    let fence = index.fence(at);
    leb128::write(fence.members as u64, &mut value);
    elements.set(&key(&fence.place), &value);
}

/// Reads all fences.
fn load(elements: &dyn Elements) -> Index {
    let (lower, upper) = (key(b""), behind(FENCES));
    let span = Span {
        lower: Bound::Included(&lower),
        upper: upper.as_deref().map_or(Bound::Unbounded, Bound::Excluded),
        backward: false,
    };
    let mut fences = Vec::new();
    elements.walk(span, &mut |key, mut value| {
        let place = key.get(FENCES.len()..).unwrap_or_default();
        let members = leb128::read(&mut value).and_then(|members| number::count(members).ok());
        fences.push(Fence::new(place, members.unwrap_or_default()));
        true
    });
    Index::of(fences)
}

impl Fences {
    /// Those of an empty set.
    pub(super) fn new() -> Fences {
        Fences::of(Index::of([]), 1, 0)
    }

    fn of(index: Index, count: usize, place_bytes: usize) -> Fences {
        Fences { index: Arc::new(OnceLock::from(index)), count, place_bytes }
    }

    pub(super) fn open(count: u64, place_bytes: u64) -> Result<Fences, Malformed> {
        let (count, place_bytes) = (number::count(count)?, number::count(place_bytes)?);
        Ok(Fences { index: Arc::default(), count, place_bytes })
    }

    /// The two numbers for [`Fences::open`].
    pub(super) fn meta(&self) -> [u64; 2] {
        [self.count as u64, self.place_bytes as u64]
    }

    /// Fences that share the index with these, be it read already or not.
    pub(super) fn share(&self) -> Fences {
        Fences { index: Arc::clone(&self.index), ..*self }
    }

    /// Bytes of memory for the index, which are the same before it is read: what becomes known of that to one who
    /// only reads must not change the sum.
    pub(super) fn memory_bytes(&self) -> usize {
        fences_bytes(self.count, self.place_bytes)
            .saturating_add(self.index.get().map_or(0, Index::known_bytes))
    }

    /// The index of a set of `len` members.
    fn index(&self, elements: &dyn Elements, len: usize) -> &Index {
        static NONE: Index = Index::NONE;
        if let Some(index) = self.index.get() {
            return index;
        }
        let read = load(elements);
        if read.members() != len {
            // The records could not be read, which has the command fail, or are damaged. Nobody else gets to see that.
            return &NONE;
        }
        self.index.get_or_init(|| read)
    }

    /// The index, to change.
    fn index_mut(&mut self, elements: &dyn Elements) -> &mut Index {
        let cell = Arc::make_mut(&mut self.index);
        if cell.get().is_none() {
            *cell = OnceLock::from(load(elements));
        }
        cell.get_mut().expect("set just now where it was not")
    }

    /// How many members stand before `place`.
    pub(super) fn members_before(&self, elements: &dyn Elements, len: usize, place: &[u8]) -> usize {
        let index = self.index(elements, len);
        let Some((at, before)) = index.locate(place) else { return 0 };
        before + Run { index, at }.members_before(elements, place)
    }

    /// The run with the member of rank `rank`, and its rank in the run.
    pub(super) fn run_of_rank(
        &self,
        elements: &dyn Elements,
        len: usize,
        rank: usize,
    ) -> Option<(Run<'_>, usize)> {
        let index = self.index(elements, len);
        let (at, rank) = index.of_rank(rank)?;
        Some((Run { index, at }, rank))
    }

    /// Notes that a member came to stand at `place`.
    pub(super) fn added(&mut self, elements: &mut dyn Elements, place: &[u8]) {
        let index = self.index_mut(elements);
        let Some((at, _)) = index.locate(place) else { return };
        let members = index.fence(at).members;
        if members == 0 {
            // Whatever went from there, this is all that there is.
            index.know(at, Vec::new());
            index.set_removed(at, 0);
        }
        index.set_members(at, members + 1);
        index.note(at, place, true);
        write(elements, index, at);
        if members >= width() {
            self.divide(elements, at);
        }
    }

    /// Notes that the members at `places`, which are ascending and of one run, are gone.
    pub(super) fn removed(&mut self, elements: &mut dyn Elements, places: &[Key]) {
        let index = self.index_mut(elements);
        let Some((at, before)) = places.first().and_then(|first| index.locate(first)) else { return };
        let Fence { members, removed, .. } = *index.fence(at);
        let left = members.saturating_sub(places.len());
        index.set_members(at, left);
        index.set_removed(at, removed + places.len());
        places.iter().for_each(|place| index.note(at, place, false));
        let is_at_end = before == 0 || before + left == index.members();
        write(elements, index, at);
        if left == 0 {
            self.bound_empty(elements, at);
            return;
        }
        self.know(elements, at, if is_at_end { REMOVED_AT_ENDS_MAX } else { width() });
        // At every halving alone, since the next one is mostly too long; and not where it is on its way to be empty
        // and to bound what went, which would be within one run forever.
        if before > 0 && left <= width() / 4 && left.next_power_of_two() < members {
            self.absorb_next(elements, at);
        }
    }

    /// Notes that a member moved from one place to another.
    pub(super) fn moved(&mut self, elements: &mut dyn Elements, from: &Key, to: &[u8]) {
        let index = self.index_mut(elements);
        let run = |place| index.locate(place).map(|(at, _)| at);
        match run(from) {
            Some(at) if run(to) == Some(at) => {
                index.note(at, from, false);
                index.note(at, to, true);
                index.set_removed(at, index.fence(at).removed + 1);
                self.know(elements, at, width());
            }
            _ => {
                // In this order, what is there of either run is what it counts, whenever one is walked over.
                self.added(elements, to);
                self.removed(elements, std::slice::from_ref(from));
            }
        }
    }

    /// Has the places of a run known that lost more than `removed_max` members.
    fn know(&mut self, elements: &dyn Elements, at: At, removed_max: usize) {
        let index = self.index_mut(elements);
        let Fence { members, removed, .. } = *index.fence(at);
        if removed <= removed_max {
            return;
        }
        if index.known(at).is_none() {
            let places = Run { index, at }.places(elements, 0, members);
            index.know(at, places.iter().map(|place| (**place).into()).collect());
        }
        index.set_removed(at, 0);
    }

    /// Splits a run that has too many members.
    fn divide(&mut self, elements: &mut dyn Elements, at: At) {
        let index = self.index_mut(elements);
        let Fence { members, removed, .. } = *index.fence(at);
        let half = members / 2;
        let run = Run { index, at };
        let Some(middle) = run.place_at(elements, half) else { return };
        let known = index.known(at).and_then(|places| places.split_at_checked(half));
        let known = known.map(|(left, right)| (left.to_vec(), right.to_vec()));
        index.set_members(at, half);
        let left = index.fence(at).place.clone();
        // Where those that went were is not known.
        index.insert_behind(at, Fence { removed, ..Fence::new(&middle, members - half) });
        let halves = [&*left, &*middle].map(|place| index.locate(place).map(|(at, _)| at));
        if let ([Some(left), Some(right)], Some(known)) = (halves, known) {
            index.know(left, known.0);
            index.know(right, known.1);
        }
        halves.into_iter().flatten().for_each(|at| write(elements, index, at));
        self.count += 1;
        self.place_bytes += middle.len();
    }

    /// Has a run that has become empty be one with those before and behind that are.
    fn bound_empty(&mut self, elements: &mut dyn Elements, at: At) {
        let index = self.index_mut(elements);
        index.forget(at);
        let is_empty = |at: &At| index.fence(*at).members == 0;
        let (next, previous) = (index.next(at).filter(is_empty), index.previous(at).filter(is_empty));
        if let Some(next) = next {
            self.drop_fence(elements, next);
        }
        if previous.is_some() {
            self.drop_fence(elements, at);
        }
    }

    /// Moves the members of the next run into this one, unless there are none or too many.
    fn absorb_next(&mut self, elements: &mut dyn Elements, at: At) {
        let index = self.index_mut(elements);
        let Some(next) = index.next(at) else { return };
        let Fence { members, removed, .. } = *index.fence(at);
        let Fence { members: more, removed: also_removed, .. } = *index.fence(next);
        if more == 0 || members + more > width() * 3 / 4 {
            return;
        }
        let joined = index.known(at).map(|left| {
            let right = Run { index, at: next }.places(elements, 0, more);
            left.iter().cloned().chain(right.iter().map(|place| (**place).into())).collect()
        });
        self.drop_fence(elements, next);
        let index = self.index_mut(elements);
        index.set_members(at, members + more);
        index.set_removed(at, removed + also_removed);
        if let Some(places) = joined {
            index.know(at, places);
        }
        write(elements, index, at);
    }

    fn drop_fence(&mut self, elements: &mut dyn Elements, at: At) {
        let fence = self.index_mut(elements).remove(at);
        elements.remove(&key(&fence.place));
        self.count = self.count.saturating_sub(1);
        self.place_bytes = self.place_bytes.saturating_sub(fence.place.len());
    }
}

/// The members that one fence counts.
#[derive(Clone, Copy)]
pub(super) struct Run<'i> {
    index: &'i Index,
    at: At,
}

impl<'i> Run<'i> {
    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.index.fence(self.at).members
    }

    /// Whether the places of its members are in memory.
    pub(super) fn is_known(self) -> bool {
        self.index.known(self.at).is_some()
    }

    /// The next run that has members, or the last one before.
    pub(super) fn neighbor(self, backward: bool) -> Option<Run<'i>> {
        let Run { index, at } = self;
        let step = |at: &At| if backward { index.previous(*at) } else { index.next(*at) };
        let mut others = std::iter::successors(step(&at), step);
        others.find(|at| index.fence(*at).members > 0).map(|at| Run { index, at })
    }

    /// Between which keys its members lie.
    pub(super) fn keys(self) -> (Bound<Key>, Bound<Key>) {
        let upper = match self.index.end(self.at) {
            Some(end) => Some(score_key(end)),
            None => behind(&score_key(b"")),
        };
        let lower = score_key(&self.index.fence(self.at).place);
        (Bound::Included(lower), upper.map_or(Bound::Unbounded, Bound::Excluded))
    }

    /// How many of its members stand before `place`, which is in the run.
    fn members_before(self, elements: &dyn Elements, place: &[u8]) -> usize {
        if let Some(places) = self.index.known(self.at) {
            return places.partition_point(|other| **other < *place);
        }
        let (mut before, len) = (0, self.len());
        if len > 0 {
            let (lower, upper) = (self.keys().0, score_key(place));
            let span = Span {
                lower: lower.as_ref().map(|key| &key[..]),
                upper: Bound::Excluded(&upper),
                backward: false,
            };
            elements.walk(span, &mut |_, _| {
                before += 1;
                before < len
            });
        }
        before
    }

    /// The place of its member of rank `rank`.
    pub(super) fn place_at(self, elements: &dyn Elements, rank: usize) -> Option<Key> {
        if let Some(places) = self.index.known(self.at) {
            return places.get(rank).map(|place| Key::from_slice(place));
        }
        let from_back = self.len().checked_sub(rank + 1)?;
        let mut found = None;
        let mut left = rank.min(from_back);
        self.walk(elements, from_back < rank, &mut |place| {
            let is_wanted = left == 0;
            if is_wanted {
                found = Some(Key::from_slice(place));
            } else {
                left -= 1;
            }
            !is_wanted
        });
        found
    }

    /// The places of `count` members from rank `rank` on, which must be there.
    pub(super) fn places(self, elements: &dyn Elements, rank: usize, count: usize) -> Vec<Key> {
        if let Some(places) = self.index.known(self.at) {
            return places.iter().skip(rank).take(count).map(|place| Key::from_slice(place)).collect();
        }
        let (mut passed, mut places) = (0, Vec::with_capacity(count));
        self.walk(elements, false, &mut |place| {
            passed += 1;
            if passed > rank {
                places.push(Key::from_slice(place));
            }
            passed < rank + count
        });
        places
    }

    /// Passes the places of its members to `visit` until it says false.
    fn walk(self, elements: &dyn Elements, backward: bool, visit: &mut dyn FnMut(&[u8]) -> bool) {
        let mut left = self.len();
        if left == 0 {
            return;
        }
        let (lower, upper) = self.keys();
        let span = super::span(&lower, &upper, backward);
        elements.walk(span, &mut |key, _| {
            left -= 1;
            visit(place_of(key)) && left > 0
        });
    }
}

/// Makes the fences of a set whose members come in order.
pub(super) struct Builder {
    fences: Vec<Fence>,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder { fences: vec![Fence::new(b"", 0)] }
    }

    /// Notes the next member. Runs are not made as long as they may be, so that there is room for more.
    pub(super) fn add(&mut self, place: &[u8]) {
        match self.fences.last_mut() {
            Some(fence) if fence.members < width() * 3 / 4 => fence.members += 1,
            _ => self.fences.push(Fence::new(place, 1)),
        }
    }

    /// Writes the fences.
    pub(super) fn finish(self, elements: &mut dyn Elements) -> Fences {
        let count = self.fences.len();
        let place_bytes = self.fences.iter().map(|fence| fence.place.len()).sum();
        let index = Index::of(self.fences);
        let mut at = index.locate(b"").map(|(first, _)| first);
        while let Some(fence) = at {
            write(elements, &index, fence);
            at = index.next(fence);
        }
        Fences::of(index, count, place_bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NARROW: Cell<usize> = const { Cell::new(WIDTH) };
    }

    pub(in super::super) fn width() -> usize {
        NARROW.get()
    }

    /// Makes runs as short as this in the test that calls it, which runs on a thread of its own.
    pub(crate) fn narrow(width: usize) {
        assert!((4..=WIDTH).contains(&width));
        NARROW.set(width);
    }

    impl Fences {
        pub(crate) fn count(&self) -> usize {
            self.count
        }

        /// That the invariants hold, every count is right and the index is what the records are, for a set of these
        /// places.
        pub(crate) fn check(&self, elements: &dyn Elements, places: &[Key]) {
            let index = self.index(elements, places.len());
            let (fences, written) = (index.fences(), load(elements).fences());
            let parts = |fences: &[Fence]| -> Vec<(Box<[u8]>, usize)> {
                fences.iter().map(|fence| (fence.place.clone(), fence.members)).collect()
            };
            assert_eq!(parts(&fences), parts(&written));
            let place_bytes = fences.iter().map(|fence| fence.place.len()).sum();
            assert_eq!((self.count, self.place_bytes), (fences.len(), place_bytes));
            assert!(fences[0].place.is_empty());
            let mut left = places;
            for (nth, fence) in fences.iter().enumerate() {
                let (at, before) = index.locate(&fence.place).expect("it is there");
                assert_eq!(before, places.len() - left.len());
                let count = match index.end(at) {
                    Some(end) => left.partition_point(|place| **place < *end),
                    None => left.len(),
                };
                let (members, rest) = left.split_at(count);
                left = rest;
                assert_eq!(fence.members, count);
                assert!(fence.members <= width());
                assert!(nth == 0 || fence.members + fences[nth - 1].members > 0, "two empty ones");
                if let Some(known) = index.known(at) {
                    assert!(known.iter().map(|place| &**place).eq(members.iter().map(|place| &**place)));
                }
            }
        }
    }
}
