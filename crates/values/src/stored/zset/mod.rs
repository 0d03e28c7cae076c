//! A sorted set whose members lie outside of its entry.
//!
//! Its map holds each member twice, by hash for its score and by score for its order, and [`fences`] that count.

mod fences;
mod index;
mod order;

use std::ops::{Bound, Range};

use fences::{Builder, Fences, Run};

use super::names::{Names, behind};
use super::{Key, Malformed, Stored, number};
use crate::elements::{Elements, Pair, Span};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::zset::{Change, IndexedZSet, LexBound, LexRange, ScoreBound, ScoreRange};

/// Where the members lie in the order of their scores: this byte and the place.
const SCORES: &[u8] = b"s";
const MEMBERS: Names = Names::below(b"m");

/// Members with their scores, by hash and in order.
pub struct StoredZSet {
    elements: Box<dyn Elements>,
    len: usize,
    fences: Fences,
}

fn score_key(place: &[u8]) -> Key {
    let mut key = Key::from_slice(SCORES);
    key.extend_from_slice(place);
    key
}

fn place_of(key: &[u8]) -> &[u8] {
    key.get(SCORES.len()..).unwrap_or_default()
}

fn score_of(value: &[u8]) -> Option<f64> {
    value.try_into().map(f64::from_be_bytes).ok()
}

/// The bounds of the keys of all members in order.
fn all() -> (Bound<Key>, Bound<Key>) {
    let end = behind(SCORES).map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(Key::from_slice(SCORES)), end)
}

impl StoredZSet {
    /// A sorted set without members, which will lie in `elements`.
    pub fn new(elements: Box<dyn Elements>) -> StoredZSet {
        StoredZSet { elements, len: 0, fences: Fences::new() }
    }

    /// A sorted set of members that come in order, and of which no two are the same.
    pub(super) fn build<'m>(
        elements: Box<dyn Elements>,
        members: impl Iterator<Item = (&'m [u8], f64)>,
    ) -> StoredZSet {
        let mut set = StoredZSet::new(elements);
        let mut builder = Builder::new();
        for (member, score) in members {
            let place = order::place(score, member);
            set.put(member, score, &place);
            builder.add(&place);
            set.len += 1;
        }
        set.fences = builder.finish(&mut *set.elements);
        set
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredZSet, Malformed> {
        let [count, fences, place_bytes] = number::read_meta(meta)?;
        let fences = Fences::open(fences, place_bytes)?;
        Ok(StoredZSet { elements, len: number::count(count)?, fences })
    }

    /// The same set by other `elements`, which are the same as well. Both use the same index of fences.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredZSet {
        StoredZSet { elements, len: self.len, fences: self.fences.share() }
    }

    pub(crate) fn score(&self, member: &[u8]) -> Option<f64> {
        self.elements.get(&MEMBERS.key(member)).and_then(score_of)
    }

    pub(crate) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.members_before(&order::place(score, member)), score))
    }

    fn members_before(&self, place: &[u8]) -> usize {
        self.fences.members_before(&*self.elements, self.len, place)
    }

    /// As [`ZSetRef::range`](crate::zset::ZSetRef::range).
    pub(crate) fn range(&self, start: usize, count: usize, reverse: bool) -> Box<Ranked<'_>> {
        let count = count.min(self.len.saturating_sub(start));
        let mut ranked = Ranked {
            elements: &*self.elements,
            next: None,
            backward: reverse,
            remaining: count,
            chunk: Vec::new(),
            at: 0,
        };
        if count > 0 {
            let first = if reverse { self.len - 1 - start } else { start };
            ranked.next = self.fences.run_of_rank(&*self.elements, self.len, first);
        }
        Box::new(ranked)
    }

    /// The place of the member of rank `rank`.
    fn place_at(&self, rank: usize) -> Option<Key> {
        let (run, rank) = self.fences.run_of_rank(&*self.elements, self.len, rank)?;
        run.place_at(&*self.elements, rank)
    }

    /// As [`ZSetRef::score_span`](crate::zset::ZSetRef::score_span), whose end may come before its start.
    pub(crate) fn score_span(&self, range: &ScoreRange) -> Range<usize> {
        let ScoreRange { min, max } = range;
        self.before_score(min, min.exclusive)..self.before_score(max, !max.exclusive)
    }

    /// How many members have a lower score than the bound's, or the same where they are `included`.
    fn before_score(&self, bound: &ScoreBound, included: bool) -> usize {
        match bound.value {
            f64::NEG_INFINITY if !included => 0,
            f64::INFINITY if included => self.len,
            value => self.members_before(&order::place_of_score(value, included)),
        }
    }

    /// As [`ZSetRef::lex_span`](crate::zset::ZSetRef::lex_span), whose end may come before its start.
    pub(crate) fn lex_span(&self, range: &LexRange<'_>) -> Range<usize> {
        let Some(first) = self.place_at(0) else { return 0..0 };
        let (_, score) = order::member_and_score(&first, b"");
        let before = |bound, included| match bound {
            LexBound::NegativeInfinity => 0,
            LexBound::PositiveInfinity => self.len,
            LexBound::Inclusive(member) => self.before_member(score, member, included),
            LexBound::Exclusive(member) => self.before_member(score, member, !included),
        };
        before(range.min, false)..before(range.max, true)
    }

    /// How many members stand before `member` with this score, or also at it where it is `included`.
    fn before_member(&self, score: f64, member: &[u8], included: bool) -> usize {
        let mut place = order::place(score, member);
        if included {
            // The next place that any member can have.
            place.push(0);
        }
        self.members_before(&place)
    }

    pub(crate) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], f64)) -> u64 {
        MEMBERS.scan(&*self.elements, cursor, count, &mut |member, value| {
            if let Some(score) = score_of(value) {
                f(member, score);
            }
        })
    }

    /// As [`ZSetMut::update`](crate::zset::ZSetMut::update).
    pub(crate) fn update(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Change {
        let old = self.score(member);
        let Some(score) = decide(old).filter(|score| old != Some(*score)) else { return Change::Unchanged };
        let place = order::place(score, member);
        self.put(member, score, &place);
        let elements = &mut *self.elements;
        match old {
            None => {
                self.len += 1;
                self.fences.added(elements, &place);
                Change::Added
            }
            Some(old) => {
                let old_place = order::place(old, member);
                elements.remove(&score_key(&old_place));
                self.fences.moved(elements, &old_place, &place);
                Change::Updated
            }
        }
    }

    /// Writes a member at its place and by its hash.
    fn put(&mut self, member: &[u8], score: f64, place: &[u8]) {
        self.elements.set(&MEMBERS.key(member), &score.to_be_bytes());
        self.elements.set(&score_key(place), order::mark(score));
    }

    pub(crate) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.score(member)?;
        self.take(&[order::place(score, member)]);
        Some(score)
    }

    /// Removes members that stand at these places, which are ascending and of one run.
    fn take(&mut self, places: &[Key]) {
        for place in places {
            self.elements.remove(&MEMBERS.key(order::member(place)));
            self.elements.remove(&score_key(place));
        }
        self.len = self.len.saturating_sub(places.len());
        self.fences.removed(&mut *self.elements, places);
    }

    /// Removes the member of rank `rank` and passes it to `f`.
    pub(crate) fn pop<R>(&mut self, rank: usize, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        let place = self.place_at(rank)?;
        let (member, score) = order::member_and_score(&place, b"");
        // What the place alone does not say.
        let score = if score == 0.0 { self.score(member)? } else { score };
        let result = f(member, score);
        self.take(&[place]);
        Some(result)
    }

    /// Removes the members of the ranks `span`, which must exist.
    pub(crate) fn remove_span(&mut self, ranks: Range<usize>) {
        let mut left = ranks.len();
        while left > 0 {
            let Some((run, rank)) = self.fences.run_of_rank(&*self.elements, self.len, ranks.start) else {
                return;
            };
            let places = run.places(&*self.elements, rank, left.min(run.len() - rank));
            if places.is_empty() {
                return;
            }
            left -= places.len().min(left);
            self.take(&places);
        }
    }
}

fn span<'k>(lower: &'k Bound<Key>, upper: &'k Bound<Key>, backward: bool) -> Span<'k> {
    Span { lower: lower.as_ref().map(|key| &key[..]), upper: upper.as_ref().map(|key| &key[..]), backward }
}

/// Members of consecutive ranks with their scores: they are fetched run by run, so that nothing is walked over that
/// lies between runs and was removed.
#[derive(Clone)]
pub(crate) struct Ranked<'a> {
    elements: &'a dyn Elements,
    /// The next run, and the rank of the next member in it.
    next: Option<(Run<'a>, usize)>,
    backward: bool,
    /// How many are still to be given.
    remaining: usize,
    chunk: Vec<Pair<'a>>,
    /// The next one in the chunk.
    at: usize,
}

impl Ranked<'_> {
    #[cold]
    fn fetch_chunk(&mut self) {
        self.chunk.clear();
        self.at = 0;
        let Some((run, rank)) = self.next else { return };
        let (mut lower, mut upper) = run.keys();
        let (skipped, count) = match self.backward {
            false => (rank, run.len() - rank),
            true => (run.len() - 1 - rank, rank + 1),
        };
        if skipped > 0 || run.is_known() {
            let Some(first) = run.place_at(self.elements, rank) else { return };
            let bound = if self.backward { &mut upper } else { &mut lower };
            *bound = Bound::Included(score_key(&first));
        }
        let limit = count.min(self.remaining);
        self.elements.fetch(span(&lower, &upper, self.backward), limit, &mut self.chunk);
        self.next =
            run.neighbor(self.backward).map(|run| (run, if self.backward { run.len() - 1 } else { 0 }));
    }
}

impl<'a> Iterator for Ranked<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<(&'a [u8], f64)> {
        if self.remaining == 0 {
            return None;
        }
        if self.at == self.chunk.len() {
            self.fetch_chunk();
        }
        let Some((key, mark)) = self.chunk.get(self.at) else {
            self.remaining = 0;
            return None;
        };
        self.at += 1;
        self.remaining -= 1;
        Some(order::member_and_score(place_of(key), mark))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

#[cfg(test)]
pub(crate) use fences::tests::narrow;

#[cfg(test)]
impl StoredZSet {
    /// That the counts are right and both orders hold the same.
    pub(crate) fn check(&self) {
        let (lower, upper) = all();
        let mut places = Vec::new();
        self.elements.walk(span(&lower, &upper, false), &mut |key, _| {
            places.push(Key::from_slice(place_of(key)));
            true
        });
        self.fences.check(&*self.elements, &places);
        let mut members = 0;
        MEMBERS.visit(&*self.elements, &mut |member, value| {
            let score = score_of(value).expect("a score");
            let mark = self.elements.get(&score_key(&order::place(score, member)));
            assert_eq!(mark, Some(order::mark(score)));
            members += 1;
            true
        });
        assert_eq!((members, places.len()), (self.len, self.len));
    }

    /// How many fences there are.
    pub(crate) fn fences(&self) -> usize {
        self.fences.count()
    }
}

impl Stored for StoredZSet {
    fn elements(&self) -> &dyn Elements {
        &*self.elements
    }

    fn elements_mut(&mut self) -> &mut dyn Elements {
        &mut *self.elements
    }

    fn write_meta(&self, out: &mut Vec<u8>) {
        let [fences, place_bytes] = self.fences.meta();
        number::write_meta(&[self.len as u64, fences, place_bytes], out);
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Collection for StoredZSet {
    fn memory_bytes(&self) -> usize {
        (size_of::<StoredZSet>() + self.elements.memory_bytes()).saturating_add(self.fences.memory_bytes())
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedZSet::new();
        let (lower, upper) = all();
        self.elements.walk(span(&lower, &upper, false), &mut |key, mark| {
            let (member, score) = order::member_and_score(place_of(key), mark);
            copy.add(member, score);
            true
        });
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredZSet {
    const FORM: Form = Form::ZSetStored;
}
