//! Counts that make ranks cheap: fences divide the order of a sorted set into runs.
//!
//! A fence stands at a place and counts what is from there up to the next fence of its level. Those of level 1 have
//! the members themselves as *children*, those of any other level the fences one level below. Each fence holds two
//! numbers: its children, and the members below it.
//!
//! ```text
//!  level 2    | 3 fences, 9 members               | 2 fences, 6 members
//!  level 1    | 4        | 2        | 3           | 3        | 3
//!  members    a  b  c  d  e  f       g  h  i       j  k  l    m  n  o
//! ```
//!
//! So a rank is the sum of a few counts on each level and a few members, and adding or removing a member changes
//! one fence on each level. A fence that has more than `width` children is split in two; one that has few left is
//! merged with the next, or dropped. When the highest level has more than `width` fences it gets another one above
//! it. There are none at all while there are at most `width` members.
//!
//! Invariants: the first fence of each level stands before everything, at the empty place; a fence above level 1
//! stands where its first child stands; only a fence that is the first child of another, or the first of the
//! highest level, may have no members. The tree is not as full as it could be after many removals, but no count is
//! ever wrong.

use std::ops::Bound;

use super::SCORES;
use crate::elements::{Elements, Span};
use crate::stored::{Key, Malformed, number};

/// Children of a fence at most.
const WIDTH: usize = 256;
/// What the first byte of a fence's key is.
const FENCES: u8 = b'f';
/// More levels than any set needs.
const LEVELS_MAX: u8 = 64;

/// What is known of the fences without looking at one.
pub(super) struct Fences {
    /// How many levels of them there are: 0 is none.
    levels: u8,
    /// How many fences there are at the highest level.
    top: usize,
}

/// [`WIDTH`], or less where a test wants many levels.
#[cfg(not(test))]
pub(super) fn width() -> usize {
    WIDTH
}

#[cfg(test)]
pub(super) use tests::width;

/// What a fence counts.
#[derive(Clone, Copy, Default)]
struct Counts {
    children: usize,
    members: usize,
}

/// A fence and where it stands.
struct Fence {
    place: Key,
    counts: Counts,
}

impl Counts {
    /// A run of members.
    fn of_run(members: usize) -> Counts {
        Counts { children: members, members }
    }

    fn read(mut bytes: &[u8]) -> Counts {
        let mut number = || number::read(&mut bytes).and_then(|number| usize::try_from(number).ok());
        let (children, members) = (number(), number());
        Counts { children: children.unwrap_or_default(), members: members.unwrap_or_default() }
    }

    /// What a child adds to its parent's members: itself at level 0, what it counts at others.
    fn members_of_child(level: u8, value: &[u8]) -> usize {
        if level == 0 { 1 } else { Counts::read(value).members }
    }

    /// One member more or less, at this level.
    fn count(&mut self, level: u8, change: isize) {
        self.members = self.members.saturating_add_signed(change);
        if level == 1 {
            self.children = self.members;
        }
    }
}

/// The bytes before the place in a key of this level; level 0 is the members.
fn prefix(level: u8) -> Key {
    if level == 0 { Key::from_slice(SCORES) } else { Key::from_slice(&[FENCES, level]) }
}

fn key(level: u8, place: &[u8]) -> Key {
    let mut key = prefix(level);
    key.extend_from_slice(place);
    key
}

fn place_of(level: u8, key: &[u8]) -> &[u8] {
    key.get(prefix(level).len()..).unwrap_or_default()
}

/// Passes what stands at this level from `from` on to `visit`, by place, until it says false.
fn walk(elements: &dyn Elements, level: u8, from: Bound<&[u8]>, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
    let lower = from.map(|place| key(level, place));
    let mut end = prefix(level);
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    let span =
        Span { lower: lower.as_ref().map(|key| &key[..]), upper: Bound::Excluded(&end), backward: false };
    elements.walk(span, &mut |key, value| visit(place_of(level, key), value));
}

/// The fence of this level that stands at `place` or is the last one before.
fn locate(elements: &dyn Elements, level: u8, place: &[u8]) -> Fence {
    let (lower, upper) = (prefix(level), key(level, place));
    let span = Span { lower: Bound::Included(&lower), upper: Bound::Included(&upper), backward: true };
    let mut found = Fence { place: Key::new(), counts: Counts::default() };
    elements.walk(span, &mut |key, value| {
        found = Fence { place: Key::from_slice(place_of(level, key)), counts: Counts::read(value) };
        false
    });
    found
}

fn write(elements: &mut dyn Elements, level: u8, place: &[u8], counts: Counts) {
    let mut value = smallvec::SmallVec::<[u8; 16]>::new();
    number::write(counts.children as u64, &mut value);
    number::write(counts.members as u64, &mut value);
    elements.set(&key(level, place), &value);
}

impl Fences {
    /// Those of an empty set.
    pub(super) fn new() -> Fences {
        Fences { levels: 0, top: 0 }
    }

    pub(super) fn open(levels: u64, top: u64) -> Result<Fences, Malformed> {
        let levels = u8::try_from(levels).ok().filter(|levels| *levels <= LEVELS_MAX);
        let levels = levels.ok_or(Malformed("it has too many levels"))?;
        Ok(Fences { levels, top: number::count(top)? })
    }

    /// The two numbers for [`Fences::open`].
    pub(super) fn meta(&self) -> [u64; 2] {
        [self.levels.into(), self.top as u64]
    }

    /// How many children the fence that all others are below would have, and members, of which there are `len`.
    fn root(&self, len: usize) -> Counts {
        Counts { children: if self.levels == 0 { len } else { self.top }, members: len }
    }

    /// How many members stand before `place`.
    pub(super) fn members_before(&self, elements: &dyn Elements, place: &[u8]) -> usize {
        let (mut before, mut from) = (0, Key::new());
        for level in (1..=self.levels).rev() {
            let (mut within, mut last) = (0, Key::new());
            walk(elements, level, Bound::Included(&from), &mut |fence, value| {
                if fence > place {
                    return false;
                }
                before += within;
                within = Counts::read(value).members;
                last = Key::from_slice(fence);
                true
            });
            from = last;
        }
        let (lower, upper) = (key(0, &from), key(0, place));
        let span = Span { lower: Bound::Included(&lower), upper: Bound::Excluded(&upper), backward: false };
        elements.walk(span, &mut |_, _| {
            before += 1;
            true
        });
        before
    }

    /// The place from which on the member of rank `rank` is to be looked for, and its rank from there.
    pub(super) fn run_of(&self, elements: &dyn Elements, mut rank: usize) -> (Key, usize) {
        let mut from = Key::new();
        for level in (1..=self.levels).rev() {
            let (mut skipped, mut last) = (0, (Key::new(), 0));
            walk(elements, level, Bound::Included(&from), &mut |fence, value| {
                last = (Key::from_slice(fence), skipped);
                skipped += Counts::read(value).members;
                skipped <= rank
            });
            from = last.0;
            rank -= last.1.min(rank);
        }
        (from, rank)
    }

    /// Notes that a member came to stand at `place`, and that there are `len` now.
    pub(super) fn added(&mut self, elements: &mut dyn Elements, place: &[u8], len: usize) {
        for level in 2..=self.levels {
            self.count(elements, level, place, 1);
        }
        if self.levels > 0 {
            let run = self.count(elements, 1, place, 1);
            self.divide(elements, 1, run, len);
        } else if len > width() {
            self.rise(elements, len);
        }
    }

    /// Notes that the members at `places`, ascending, are gone.
    pub(super) fn removed(&mut self, elements: &mut dyn Elements, places: &[Key]) {
        let mut left = places;
        while let Some(first) = left.first().filter(|_| self.levels > 0) {
            let mut run = locate(elements, 1, first);
            let count = if left.len() == 1 { 1 } else { count_before_next(elements, &run, left) };
            let change = -count.cast_signed();
            for level in 2..=self.levels {
                self.count(elements, level, first, change);
            }
            run.counts.count(1, change);
            write(elements, 1, &run.place, run.counts);
            self.settle(elements, 1, run);
            left = left.get(count..).unwrap_or_default();
        }
    }

    /// Notes that a member moved from one place to another. What is above both is left alone.
    pub(super) fn moved(&mut self, elements: &mut dyn Elements, from: &[u8], to: &[u8], len: usize) {
        let mut runs = None;
        for level in 1..=self.levels {
            let (mut left, mut entered) = (locate(elements, level, from), locate(elements, level, to));
            if left.place == entered.place {
                break;
            }
            left.counts.count(level, -1);
            entered.counts.count(level, 1);
            write(elements, level, &left.place, left.counts);
            write(elements, level, &entered.place, entered.counts);
            if level == 1 {
                runs = Some((left, entered));
            }
        }
        if let Some((left, entered)) = runs {
            self.divide(elements, 1, entered, len);
            self.settle(elements, 1, left);
        }
    }

    /// Counts members that came or went in the fence of this level that `place` belongs to.
    fn count(&self, elements: &mut dyn Elements, level: u8, place: &[u8], change: isize) -> Fence {
        let mut fence = locate(elements, level, place);
        fence.counts.count(level, change);
        write(elements, level, &fence.place, fence.counts);
        fence
    }

    /// Splits a fence that has too many children.
    fn divide(&mut self, elements: &mut dyn Elements, level: u8, fence: Fence, len: usize) {
        if fence.counts.children <= width() {
            return;
        }
        let Some((left, right)) = halves(elements, level, &fence) else { return };
        write(elements, level, &fence.place, left);
        write(elements, level, &right.place, right.counts);
        if level == self.levels {
            self.top += 1;
            if self.top > width() {
                self.rise(elements, len);
            }
            return;
        }
        let mut parent = locate(elements, level + 1, &fence.place);
        parent.counts.children += 1;
        write(elements, level + 1, &parent.place, parent.counts);
        self.divide(elements, level + 1, parent, len);
    }

    /// Adds a level: two fences that divide what is the highest level so far.
    fn rise(&mut self, elements: &mut dyn Elements, len: usize) {
        let root = Fence { place: Key::new(), counts: self.root(len) };
        let Some((left, right)) = halves(elements, self.levels + 1, &root) else { return };
        if self.levels < LEVELS_MAX {
            self.levels += 1;
            self.top = 2;
            write(elements, self.levels, &root.place, left);
            write(elements, self.levels, &right.place, right.counts);
        }
    }

    /// Drops a fence that has nothing left, or merges it with the next one if few children are left. That is tried
    /// at every halving of their number alone, since the next one is mostly too full.
    fn settle(&mut self, elements: &mut dyn Elements, level: u8, fence: Fence) {
        let Counts { children, members } = fence.counts;
        if children > width() / 4 || children > 0 && !children.is_power_of_two() {
            return;
        }
        let is_top = level == self.levels;
        let mut parent = match is_top {
            true => Fence { place: Key::new(), counts: Counts { children: self.top, members: usize::MAX } },
            false => locate(elements, level + 1, &fence.place),
        };
        // What stands where its parent stands is its first child, and holds its place.
        let is_first = parent.place == fence.place;
        if members == 0 && !is_first {
            drop_empty(elements, level, &fence.place);
        } else if parent.counts.children < 2 || !self.absorb_next(elements, level, &fence) {
            if parent.counts.members == 0 && !is_top {
                self.settle(elements, level + 1, parent);
            }
            return;
        }
        if is_top {
            self.top -= 1;
            self.sink(elements);
            return;
        }
        parent.counts.children = parent.counts.children.saturating_sub(1);
        write(elements, level + 1, &parent.place, parent.counts);
        self.settle(elements, level + 1, parent);
    }

    /// Merges the next fence of the same parent into `fence`, unless that makes too large a one.
    fn absorb_next(&self, elements: &mut dyn Elements, level: u8, fence: &Fence) -> bool {
        let mut next = None;
        walk(elements, level, Bound::Excluded(&fence.place), &mut |place, value| {
            next = Some((Key::from_slice(place), Counts::read(value)));
            false
        });
        let Some((place, counts)) = next else { return false };
        let children = fence.counts.children + counts.children;
        let has_other_parent = || level < self.levels && elements.contains(&key(level + 1, &place));
        if children > width() * 3 / 4 || has_other_parent() {
            return false;
        }
        elements.remove(&key(level, &place));
        let mut merged = Counts { children, members: fence.counts.members + counts.members };
        if level > 1
            && elements.get(&key(level - 1, &place)).is_some_and(|child| Counts::read(child).members == 0)
        {
            // It was empty to hold a place that need not be held any more.
            drop_empty(elements, level - 1, &place);
            merged.children -= 1;
        }
        write(elements, level, &fence.place, merged);
        true
    }

    /// Removes the highest level while it has but one fence.
    fn sink(&mut self, elements: &mut dyn Elements) {
        while self.levels > 0 && self.top == 1 {
            let only = locate(elements, self.levels, b"");
            elements.remove(&key(self.levels, b""));
            self.levels -= 1;
            self.top = if self.levels == 0 { 0 } else { only.counts.children };
        }
    }
}

/// Removes a fence without members. Of what is below it only the first child can be left, at the same place.
fn drop_empty(elements: &mut dyn Elements, level: u8, place: &[u8]) {
    (1..=level).for_each(|level| elements.remove(&key(level, place)));
}

/// How many of `places`, of which the first is in `run`, come before the next run.
fn count_before_next(elements: &dyn Elements, run: &Fence, places: &[Key]) -> usize {
    let mut count = places.len();
    walk(elements, 1, Bound::Excluded(&run.place), &mut |next, _| {
        count = places.partition_point(|place| place[..] < *next);
        false
    });
    count.max(1)
}

/// What a fence counts when the second half of its children is taken from it, and the fence that counts those.
fn halves(elements: &dyn Elements, level: u8, fence: &Fence) -> Option<(Counts, Fence)> {
    let children = fence.counts.children / 2;
    let (mut seen, mut members, mut middle) = (0, 0, None);
    walk(elements, level - 1, Bound::Included(&fence.place), &mut |place, value| {
        if seen == children {
            middle = Some(Key::from_slice(place));
            return false;
        }
        members += Counts::members_of_child(level - 1, value);
        seen += 1;
        true
    });
    let right = Counts {
        children: fence.counts.children - children,
        members: fence.counts.members.saturating_sub(members),
    };
    Some((Counts { children, members }, Fence { place: middle?, counts: right }))
}

/// Makes the fences of a set whose members come in order.
pub(super) struct Builder {
    runs: Vec<Fence>,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder { runs: Vec::new() }
    }

    /// Notes the next member.
    pub(super) fn add(&mut self, place: &[u8]) {
        match self.runs.last_mut() {
            Some(run) if run.counts.members < children_built() => run.counts.count(1, 1),
            last => {
                let place = if last.is_none() { Key::new() } else { Key::from_slice(place) };
                self.runs.push(Fence { place, counts: Counts::of_run(1) });
            }
        }
    }

    /// Writes the fences.
    pub(super) fn finish(self, elements: &mut dyn Elements) -> Fences {
        let mut fences = Fences::new();
        let mut level = self.runs;
        while level.len() > 1 {
            fences.levels += 1;
            fences.top = level.len();
            level.iter().for_each(|fence| write(elements, fences.levels, &fence.place, fence.counts));
            if level.len() <= width() {
                break;
            }
            level = level.chunks(children_built()).map(parent_of).collect();
        }
        fences
    }
}

/// Children that each fence is given, so that there is room for more.
fn children_built() -> usize {
    width() * 3 / 4
}

fn parent_of(children: &[Fence]) -> Fence {
    let members = children.iter().map(|child| child.counts.members).sum();
    let place = children.first().map(|child| child.place.clone()).unwrap_or_default();
    Fence { place, counts: Counts { children: children.len(), members } }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;

    use super::*;

    thread_local! {
        static NARROW: Cell<usize> = const { Cell::new(WIDTH) };
    }

    pub(in super::super) fn width() -> usize {
        NARROW.get()
    }

    /// Makes fences as wide as this in the test that calls it, which runs on a thread of its own.
    pub(crate) fn narrow(width: usize) {
        assert!((4..=WIDTH).contains(&width));
        NARROW.set(width);
    }

    impl Fences {
        pub(crate) fn levels(&self) -> u8 {
            self.levels
        }

        /// That the invariants hold and every count is right, for a set of `len` members.
        pub(crate) fn check(&self, elements: &dyn Elements, len: usize) {
            let mut below = Vec::new();
            walk(elements, 0, Bound::Included(b""), &mut |place, _| {
                below.push(Fence {
                    place: Key::from_slice(place),
                    counts: Counts { children: 0, members: 1 },
                });
                true
            });
            assert_eq!(below.len(), len);
            for level in 1..=self.levels {
                let mut fences: Vec<Fence> = Vec::new();
                walk(elements, level, Bound::Included(b""), &mut |place, value| {
                    fences.push(Fence { place: Key::from_slice(place), counts: Counts::read(value) });
                    true
                });
                assert!(fences[0].place.is_empty());
                let places: BTreeSet<&Key> = below.iter().map(|child| &child.place).collect();
                let mut left = &below[..];
                for (nth, fence) in fences.iter().enumerate() {
                    let end = fences.get(nth + 1).map(|next| &next.place);
                    let count = left.partition_point(|child| end.is_none_or(|end| child.place < *end));
                    let (children, rest) = left.split_at(count);
                    left = rest;
                    let members = children.iter().map(|child| child.counts.members).sum::<usize>();
                    assert_eq!(
                        (fence.counts.children, fence.counts.members),
                        (count, members),
                        "level {level}"
                    );
                    assert!(fence.counts.children <= width());
                    let holds_place = nth == 0 || elements.contains(&key(level + 1, &fence.place));
                    assert!(fence.counts.members > 0 || holds_place, "only a first child may be empty");
                    assert!(
                        level == 1 || places.contains(&fence.place),
                        "it stands where its first child does"
                    );
                }
                below = fences;
            }
            assert_eq!(self.top, if self.levels == 0 { 0 } else { below.len() });
            assert!(self.levels == 0 || self.top > 1 && self.top <= width());
            let mut others = 0;
            walk(elements, self.levels + 1, Bound::Included(b""), &mut |_, _| {
                others += 1;
                true
            });
            assert_eq!(others, 0, "nothing above the highest level");
        }
    }
}
