//! A sorted set whose members lie outside of its entry.
//!
//! Its map holds each member twice, by hash for its score and by score for its order, and [`fences`] that count.

mod fences;
mod order;

use std::ops::{Bound, Range};

use fences::{Builder, Fences};

use super::names::{Names, behind};
use super::{Key, Malformed, Pairs, Stored, number};
use crate::elements::{Elements, Span};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::zset::{Change, IndexedZSet, LexBound, LexRange, ScoreBound, ScoreRange};

/// Where the members lie in the order of their scores: this byte and the place.
const SCORES: &[u8] = b"s";
const MEMBERS: Names = Names::below(b"m");

/// Members that are removed together.
const BATCH: usize = 512;

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
        let [count, levels, top] = number::read_meta(meta)?;
        let fences = Fences::open(levels, top)?;
        Ok(StoredZSet { elements, len: number::count(count)?, fences })
    }

    pub(crate) fn score(&self, member: &[u8]) -> Option<f64> {
        self.elements.get(&MEMBERS.key(member)).and_then(score_of)
    }

    pub(crate) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.fences.members_before(&*self.elements, &order::place(score, member)), score))
    }

    /// As [`ZSetRef::range`](crate::zset::ZSetRef::range).
    pub(crate) fn range(&self, start: usize, count: usize, reverse: bool) -> Box<Ranked<'_>> {
        let count = count.min(self.len.saturating_sub(start));
        let (mut lower, mut upper) = all();
        if count > 0 && start > 0 {
            let first = if reverse { self.len - 1 - start } else { start };
            match self.key_at(first) {
                Some((key, _)) if reverse => upper = Bound::Included(key),
                Some((key, _)) => lower = Bound::Included(key),
                None => lower = upper.clone(),
            }
        }
        Box::new(Ranked(Pairs::new(&*self.elements, lower, upper, reverse, count)))
    }

    /// The key of the member of rank `rank` in the order, and its score, found from the nearer end or by the fences.
    fn key_at(&self, rank: usize) -> Option<(Key, f64)> {
        let from_back = self.len.checked_sub(rank + 1)?;
        if rank.min(from_back) < fences::width() {
            return self.nth(all().0, rank.min(from_back), from_back < rank);
        }
        let (place, rank) = self.fences.run_of(&*self.elements, rank);
        self.nth(Bound::Included(score_key(&place)), rank, false)
    }

    /// The key of the member behind `skipped` others from `lower` on, or from the end, and its score.
    fn nth(&self, lower: Bound<Key>, skipped: usize, backward: bool) -> Option<(Key, f64)> {
        let (mut left, mut found) = (skipped, None);
        let upper = all().1;
        self.elements.walk(span(&lower, &upper, backward), &mut |key, mark| {
            if left == 0 {
                let (_, score) = order::member_and_score(place_of(key), mark);
                found = Some((Key::from_slice(key), score));
                return false;
            }
            left -= 1;
            true
        });
        found
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
            value => self.fences.members_before(&*self.elements, &order::place_of_score(value, included)),
        }
    }

    /// As [`ZSetRef::lex_span`](crate::zset::ZSetRef::lex_span), whose end may come before its start.
    pub(crate) fn lex_span(&self, range: &LexRange<'_>) -> Range<usize> {
        let Some((_, score)) = self.nth(all().0, 0, false) else { return 0..0 };
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
        self.fences.members_before(&*self.elements, &place)
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
                self.fences.added(elements, &place, self.len);
                Change::Added
            }
            Some(old) => {
                let old_place = order::place(old, member);
                elements.remove(&score_key(&old_place));
                self.fences.moved(elements, &old_place, &place, self.len);
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
        self.take(&score_key(&order::place(score, member)), member);
        Some(score)
    }

    /// Removes a member that is there, and whose key in the order this is.
    fn take(&mut self, key: &[u8], member: &[u8]) {
        self.elements.remove(&MEMBERS.key(member));
        self.elements.remove(key);
        self.len = self.len.saturating_sub(1);
        self.fences.removed(&mut *self.elements, &[Key::from_slice(place_of(key))]);
    }

    /// Removes the member of rank `rank` and passes it to `f`.
    pub(crate) fn pop<R>(&mut self, rank: usize, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        let (key, score) = self.key_at(rank)?;
        let member = order::member(place_of(&key));
        let result = f(member, score);
        self.take(&key, member);
        Some(result)
    }

    /// Removes the members of the ranks `span`, which must exist.
    pub(crate) fn remove_span(&mut self, ranks: Range<usize>) {
        let mut left = ranks.len();
        let Some((first, _)) = self.key_at(ranks.start).filter(|_| left > 0) else { return };
        let mut lower = Bound::Included(first);
        let mut places: Vec<Key> = Vec::new();
        while left > 0 {
            places.clear();
            self.elements.walk(span(&lower, &all().1, false), &mut |key, _| {
                places.push(Key::from_slice(place_of(key)));
                places.len() < left.min(BATCH)
            });
            let Some(last) = places.last() else { return };
            lower = Bound::Excluded(score_key(last));
            for place in &places {
                self.elements.remove(&MEMBERS.key(order::member(place)));
                self.elements.remove(&score_key(place));
            }
            left -= places.len();
            self.len = self.len.saturating_sub(places.len());
            self.fences.removed(&mut *self.elements, &places);
        }
    }
}

fn span<'k>(lower: &'k Bound<Key>, upper: &'k Bound<Key>, backward: bool) -> Span<'k> {
    Span { lower: lower.as_ref().map(|key| &key[..]), upper: upper.as_ref().map(|key| &key[..]), backward }
}

/// Members of consecutive ranks with their scores.
#[derive(Clone)]
pub(crate) struct Ranked<'a>(Pairs<'a>);

impl<'a> Iterator for Ranked<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<(&'a [u8], f64)> {
        let (key, mark) = self.0.next()?;
        Some(order::member_and_score(place_of(key), mark))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
pub(crate) use fences::tests::narrow;

#[cfg(test)]
impl StoredZSet {
    /// That the counts are right and both orders hold the same.
    pub(crate) fn check(&self) {
        self.fences.check(&*self.elements, self.len);
        let mut members = 0;
        MEMBERS.visit(&*self.elements, &mut |member, value| {
            let score = score_of(value).expect("a score");
            let mark = self.elements.get(&score_key(&order::place(score, member)));
            assert_eq!(mark, Some(order::mark(score)));
            members += 1;
            true
        });
        assert_eq!(members, self.len);
    }

    pub(crate) fn levels(&self) -> u8 {
        self.fences.levels()
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
        let [levels, top] = self.fences.meta();
        number::write_meta(&[self.len as u64, levels, top], out);
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Collection for StoredZSet {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredZSet>() + self.elements.memory_bytes()
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
