//! The sorted set: members, each with a score, in the order of their scores and then of their bytes.
//!
//! Small sets are [packed](self) into their entry; larger ones are a table of members, for their scores, and a
//! tree that counts, for their order. Every operation on a large set takes logarithmic time, rank and selection
//! by rank and the count of a range included; a member of 16 bytes takes about 60 bytes of memory in all. A set is
//! [stored](crate::stored) where an engine made it so.
//!
//! Scores are doubles without NaN. `-0.0` and `0.0` are the same score, and each is given back as it was set.
//! A command works on ranks: it asks for the [span](ZSetRef::score_span) of ranks of what it means, whose length
//! is the count, and walks or removes that span.

mod indexed;
mod member;
mod packed;
mod range;
mod tree;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use indexed::IndexedZSet;
pub use range::{LexBound, LexRange, ScoreBound, ScoreRange};

use crate::entry::{Entry, EntryRef, Form};
use crate::limits::Limits;
use crate::stored::{Ranked, Stored, StoredZSet};
use packed::Packed;

/// What an insertion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The member is new.
    Added,
    /// The member has another score now.
    Updated,
    /// Nothing changed: the member had that score, or none was to be set.
    Unchanged,
}

/// A sorted set with no members, packed, under `key`.
pub fn empty(key: &[u8]) -> Entry {
    Entry::new(key, Form::ZSetPacked, &packed::EMPTY)
}

/// A sorted set of `members` and their scores under `key`, in the form that `limits` ask for at that size: what
/// a command stores as its result. The last of equal members counts. Fastest in the order of the scores.
pub fn build<M: AsRef<[u8]>>(
    key: &[u8],
    members: impl IntoIterator<Item = (M, f64)>,
    limits: &Limits,
) -> Entry {
    let mut entry = empty(key);
    let mut set = ZSetMut::of(&mut entry, limits);
    for (member, score) in members {
        set.insert(member.as_ref(), score);
    }
    entry
}

/// A sorted set, to read.
#[derive(Clone, Copy)]
pub struct ZSetRef<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Packed(Packed<'a>),
    Indexed(&'a IndexedZSet),
    Stored(&'a StoredZSet),
}

impl<'a> ZSetRef<'a> {
    /// The sorted set that `entry` holds. Panics when it holds something else.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> ZSetRef<'a> {
        ZSetRef(match entry.form() {
            Form::ZSetPacked => Repr::Packed(Packed::of(entry.value())),
            Form::ZSetIndexed => Repr::Indexed(entry.indexed()),
            _ => return ZSetRef::stored(entry),
        })
    }

    #[cold]
    fn stored(entry: EntryRef<'a>) -> ZSetRef<'a> {
        assert!(entry.form() == Form::ZSetStored, "not a sorted set");
        ZSetRef(Repr::Stored(entry.indexed()))
    }

    /// The number of members.
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            Repr::Packed(packed) => packed.len(),
            Repr::Indexed(set) => set.len(),
            Repr::Stored(set) => set.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The score of `member`.
    #[inline]
    pub fn score(self, member: &[u8]) -> Option<f64> {
        match self.0 {
            Repr::Packed(packed) => packed.find(member).map(|place| place.score),
            Repr::Indexed(set) => set.score(member),
            Repr::Stored(set) => set.score(member),
        }
    }

    /// How many members come before `member`, or with `reverse` after it, and its score.
    pub fn rank(self, member: &[u8], reverse: bool) -> Option<(usize, f64)> {
        let (rank, score) = match self.0 {
            Repr::Packed(packed) => packed.find(member).map(|place| (place.rank, place.score)),
            Repr::Indexed(set) => set.rank(member),
            Repr::Stored(set) => set.rank(member),
        }?;
        Some((if reverse { self.len() - 1 - rank } else { rank }, score))
    }

    /// The member of rank `rank` and its score.
    pub fn at(self, rank: usize) -> Option<(&'a [u8], f64)> {
        self.range(rank, 1, false).next()
    }

    /// Up to `count` members with their scores from rank `start` on. With `reverse`, ranks count from the last
    /// member and the walk goes backwards.
    pub fn range(self, start: usize, count: usize, reverse: bool) -> Members<'a> {
        Members(match self.0 {
            Repr::Packed(packed) => Source::Packed(packed.range(start, count, reverse)),
            Repr::Indexed(set) => Source::Indexed(set.range(start, count, reverse)),
            Repr::Stored(set) => Source::Stored(set.range(start, count, reverse)),
        })
    }

    /// All members with their scores, in order.
    pub fn iter(self) -> Members<'a> {
        self.range(0, usize::MAX, false)
    }

    /// The ranks of the members with scores in `range`.
    pub fn score_span(self, range: &ScoreRange) -> Range<usize> {
        let (start, end) = match self.0 {
            Repr::Packed(packed) => (
                packed.count_while(|score, _| range.is_above(score)),
                packed.count_while(|score, _| range.reaches(score)),
            ),
            Repr::Indexed(set) => (
                set.count_while_score(|score| range.is_above(score)),
                set.count_while_score(|score| range.reaches(score)),
            ),
            Repr::Stored(set) => {
                let span = set.score_span(range);
                (span.start, span.end)
            }
        };
        start..end.max(start)
    }

    /// The ranks of the members in `range`, where all scores are the same; otherwise some ranks.
    pub fn lex_span(self, range: &LexRange<'_>) -> Range<usize> {
        let (start, end) = match self.0 {
            Repr::Packed(packed) => (
                packed.count_while(|_, member| range.is_above(member)),
                packed.count_while(|_, member| range.reaches(member)),
            ),
            Repr::Indexed(set) => (
                set.count_while(|_, member| range.is_above(member)),
                set.count_while(|_, member| range.reaches(member)),
            ),
            Repr::Stored(set) => {
                let span = set.lex_span(range);
                (span.start, span.end)
            }
        };
        start..end.max(start)
    }

    /// Passes some members, at least `count` where there are so many, to `f` and returns the cursor to go on
    /// from; 0 begins and ends a scan. A member that is there throughout is passed at least once.
    pub fn scan(self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], f64)) -> u64 {
        match self.0 {
            Repr::Packed(_) => {
                for (member, score) in self.iter() {
                    f(member, score);
                }
                0
            }
            Repr::Indexed(set) => set.scan(cursor, count, f),
            Repr::Stored(set) => set.scan(cursor, count, f),
        }
    }

    /// A member and its score, each equally likely where `rng` gives evenly distributed 64-bit numbers.
    pub fn random(self, rng: &mut dyn FnMut() -> u64) -> Option<(&'a [u8], f64)> {
        let rank = (u128::from(rng()) * self.len() as u128) >> u64::BITS;
        self.at(rank as usize)
    }
}

/// Members of consecutive ranks with their scores.
#[derive(Clone)]
pub struct Members<'a>(Source<'a>);

#[derive(Clone)]
enum Source<'a> {
    Packed(packed::Members<'a>),
    Indexed(tree::Slots<'a>),
    Stored(Box<Ranked<'a>>),
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<(&'a [u8], f64)> {
        match &mut self.0 {
            Source::Packed(members) => members.next(),
            Source::Indexed(slots) => slots.next().map(|slot| (slot.member.bytes(), slot.score)),
            Source::Stored(members) => members.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Packed(members) => members.size_hint(),
            Source::Indexed(slots) => slots.size_hint(),
            Source::Stored(members) => members.size_hint(),
        }
    }
}

impl ExactSizeIterator for Members<'_> {}

/// A sorted set, to change. It stays in its entry when it becomes empty: removing the key is the caller's part.
pub struct ZSetMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
}

impl<'a> ZSetMut<'a> {
    /// The sorted set that `entry` holds. Panics when it holds something else.
    pub fn of(entry: &'a mut Entry, limits: &'a Limits) -> ZSetMut<'a> {
        assert!(
            matches!(entry.form(), Form::ZSetPacked | Form::ZSetIndexed | Form::ZSetStored),
            "not a sorted set"
        );
        ZSetMut { entry, limits }
    }

    /// To read it.
    pub fn as_ref(&self) -> ZSetRef<'_> {
        ZSetRef::of(self.entry.as_ref())
    }

    /// Sets the score of `member`, which is added where it is not there. `score` must not be NaN.
    pub fn insert(&mut self, member: &[u8], score: f64) -> Change {
        self.update(member, |_| Some(score))
    }

    /// Sets the score of `member` to what `decide` returns for its present score: `decide` gets `None` for a
    /// member that is not there, and leaves everything as it is by returning `None`. The score must not be NaN.
    pub fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) -> Change {
        let decide = |old| {
            let new = decide(old);
            assert!(!new.is_some_and(f64::is_nan), "a score that is not a number has no place in an order");
            new
        };
        match self.entry.form() {
            Form::ZSetPacked => {}
            Form::ZSetIndexed => return self.entry.indexed_mut::<IndexedZSet>().update(member, decide),
            _ => return self.stored().update(member, decide),
        }
        let packed = Packed::of(self.entry.value());
        let place = packed.find(member);
        let Some(score) = decide(place.map(|place| place.score)) else { return Change::Unchanged };
        match place {
            Some(place) if place.score == score => Change::Unchanged,
            Some(place) => {
                packed::set_score(&mut self.entry.buffer(), member, place, score);
                Change::Updated
            }
            None => {
                self.prepare(packed.len() + 1, member.len());
                if self.entry.form() == Form::ZSetIndexed {
                    return self.entry.indexed_mut::<IndexedZSet>().update(member, |_| Some(score));
                }
                packed::insert(&mut self.entry.buffer(), member, score);
                Change::Added
            }
        }
    }

    /// Takes the form for at least `len` members of up to `member_bytes_max` bytes. Redis asks for that with the
    /// number of members named in a `ZADD`, be they new or not.
    pub fn prepare(&mut self, len: usize, member_bytes_max: usize) {
        let fits = len <= self.limits.zset_packed_entries_max
            && member_bytes_max <= self.limits.zset_packed_value_bytes_max;
        if !fits && self.entry.form() == Form::ZSetPacked {
            let set = IndexedZSet::from_packed(Packed::of(self.entry.value()));
            self.entry.set_indexed(Box::new(set));
        }
    }

    /// Removes `member` and returns the score it had.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match self.entry.form() {
            Form::ZSetPacked => {
                let place = Packed::of(self.entry.value()).find(member)?;
                packed::remove(&mut self.entry.buffer(), place);
                Some(place.score)
            }
            Form::ZSetIndexed => self.entry.indexed_mut::<IndexedZSet>().remove(member),
            _ => self.stored().remove(member),
        }
    }

    /// Removes the first member and returns what `f` makes of it and its score.
    pub fn pop_first<R>(&mut self, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        self.pop(0, f)
    }

    /// Removes the last member and returns what `f` makes of it and its score.
    pub fn pop_last<R>(&mut self, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        self.pop(self.as_ref().len().checked_sub(1)?, f)
    }

    fn pop<R>(&mut self, rank: usize, f: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        match self.entry.form() {
            Form::ZSetPacked => {
                let (member, score) = self.as_ref().at(rank)?;
                let result = f(member, score);
                packed::remove_span(&mut self.entry.buffer(), rank..rank + 1);
                Some(result)
            }
            Form::ZSetIndexed => self.entry.indexed_mut::<IndexedZSet>().pop(rank, f),
            _ => self.stored().pop(rank, f),
        }
    }

    #[cold]
    fn stored(&mut self) -> &mut StoredZSet {
        self.entry.indexed_mut()
    }

    /// Removes the members of the ranks `span`, as far as there are any, and returns how many it were.
    pub fn remove_span(&mut self, span: Range<usize>) -> usize {
        let end = span.end.min(self.as_ref().len());
        let span = span.start.min(end)..end;
        if span.is_empty() {
            return 0;
        }
        match self.entry.form() {
            Form::ZSetPacked => packed::remove_span(&mut self.entry.buffer(), span.clone()),
            Form::ZSetIndexed => self.entry.indexed_mut::<IndexedZSet>().remove_span(span.clone()),
            _ => self.stored().remove_span(span.clone()),
        }
        span.len()
    }
}
