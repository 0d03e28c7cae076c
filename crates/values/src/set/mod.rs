//! Sets: members without order.
//!
//! A set of integers alone is held as such, up to `set_integers_max`; a small set of anything is packed
//! ([`crate::packed`]); all others are indexed. A set never goes back to a smaller form by itself. Redis'
//! `t_set.c` (7.2) is the source of the rules. A set is [stored](crate::stored) where an engine made it so.
//!
//! [`SetRef`] and [`SetMut`] are the handles: which form lies behind them is theirs alone to know.

mod indexed;
mod integers;

pub use crate::text::Text as Member;
pub use indexed::IndexedSet;

use base::number::parse_i64;
use smallvec::SmallVec;

use crate::either::Either;
use crate::entry::{Entry, EntryRef, Form};
use crate::limits::Limits;
use crate::packed::{self, below};
use crate::stored::{Stored, StoredSet};
use crate::text::Digits;

/// A member that was taken out of its set.
pub type Popped = SmallVec<[u8; 32]>;

/// A new set with no members, which is one of integers until another member is added.
pub fn empty(key: &[u8]) -> Entry {
    Entry::new(key, Form::SetIntegers, &integers::EMPTY)
}

/// A new set with no members, which is packed whatever is added.
pub fn empty_packed(key: &[u8]) -> Entry {
    Entry::new(key, Form::SetPacked, &packed::EMPTY)
}

/// A new set with no members, in the form that suits about `expected` members of which `first` is one.
pub fn empty_for(key: &[u8], first: &[u8], expected: usize, limits: &Limits) -> Entry {
    if expected <= limits.set_integers_max && parse_i64(first).is_some() {
        return empty(key);
    }
    let mut entry = empty_packed(key);
    SetMut::of(&mut entry, limits).reserve(expected);
    entry
}

/// A set to read.
#[derive(Clone, Copy)]
pub struct SetRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Integers(&'a [u8]),
    Packed(&'a [u8]),
    Indexed(&'a IndexedSet),
    Stored(&'a StoredSet),
}

impl<'a> SetRef<'a> {
    /// The set in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> SetRef<'a> {
        SetRef(match entry.form() {
            Form::SetIntegers => Held::Integers(entry.value()),
            Form::SetPacked => Held::Packed(entry.value()),
            Form::SetIndexed => Held::Indexed(entry.indexed()),
            _ => return SetRef::stored(entry),
        })
    }

    #[cold]
    fn stored(entry: EntryRef<'a>) -> SetRef<'a> {
        SetRef(Held::Stored(entry.indexed()))
    }

    /// How many members there are.
    pub fn len(self) -> usize {
        match self.0 {
            Held::Integers(bytes) => integers::count(bytes),
            Held::Packed(bytes) => packed::count(bytes),
            Held::Indexed(set) => set.len(),
            Held::Stored(set) => set.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is held as a set of integers.
    pub fn is_integers(self) -> bool {
        matches!(self.0, Held::Integers(_))
    }

    /// Whether `member` is in the set.
    #[inline]
    pub fn contains(self, member: &[u8]) -> bool {
        match self.0 {
            Held::Integers(bytes) => {
                parse_i64(member).is_some_and(|value| integers::search(bytes, value).is_ok())
            }
            Held::Packed(bytes) => packed::find::<1>(bytes, member).is_some(),
            Held::Indexed(set) => set.contains(member),
            Held::Stored(set) => set.contains(member),
        }
    }

    /// All members: integers ascending, those of a packed set in the order in which they were added.
    pub fn iter(self) -> impl Iterator<Item = Member<'a>> + 'a {
        match self.0 {
            Held::Integers(bytes) => Either::Left(integers::iter(bytes).map(Member::integer)),
            Held::Packed(bytes) => Either::Right(Either::Left(
                packed::elements::<1>(bytes).map(|[member]| Member::Bytes(member)),
            )),
            Held::Indexed(set) => Either::Right(Either::Right(Either::Left(set.iter().map(Member::Bytes)))),
            Held::Stored(set) => Either::Right(Either::Right(Either::Right(set.iter().map(Member::Bytes)))),
        }
    }

    /// Gives `f` at least `count` members from `cursor` on, if there are so many, and returns where to go on; 0 is
    /// both where to begin and the end. A member that is there throughout is given at least once. A set that lies in
    /// its entry is given whole.
    pub fn scan(self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8])) -> u64 {
        match self.0 {
            Held::Indexed(set) => set.scan(cursor, count, f),
            Held::Stored(set) => set.scan(cursor, count, f),
            Held::Integers(_) | Held::Packed(_) => {
                self.iter().for_each(|member| f(&member));
                0
            }
        }
    }

    /// A member picked at random.
    pub fn random(self, rng: &mut dyn FnMut() -> u64) -> Option<Member<'a>> {
        match self.0 {
            Held::Integers(bytes) => {
                let count = integers::count(bytes);
                (count > 0).then(|| Member::integer(integers::get(bytes, below(count, rng))))
            }
            Held::Packed(bytes) => {
                packed::random::<1>(bytes, rng).map(|at| Member::Bytes(packed::element::<1>(bytes, at)[0]))
            }
            Held::Indexed(set) => set.random(rng).map(Member::Bytes),
            Held::Stored(set) => set.random(rng).map(Member::Bytes),
        }
    }
}

/// A set to change.
pub struct SetMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
}

impl<'a> SetMut<'a> {
    /// The set in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: &'a mut Entry, limits: &'a Limits) -> SetMut<'a> {
        assert!(
            matches!(entry.form(), Form::SetIntegers | Form::SetPacked | Form::SetIndexed | Form::SetStored),
            "not a set"
        );
        SetMut { entry, limits }
    }

    /// The set to read.
    #[inline]
    pub fn as_ref(&self) -> SetRef<'_> {
        SetRef::of(self.entry.as_ref())
    }

    /// As [`SetRef::len`].
    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// As [`SetRef::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }

    /// As [`SetRef::contains`].
    pub fn contains(&self, member: &[u8]) -> bool {
        self.as_ref().contains(member)
    }

    /// Says that one command is about to add `members` members: more than the set's form may have make it indexed,
    /// even where some turn out to be there already.
    pub fn reserve(&mut self, members: usize) {
        let most = match self.entry.form() {
            Form::SetIntegers => self.limits.set_integers_max,
            Form::SetPacked => self.limits.set_packed_entries_max,
            _ => return,
        };
        if members > most {
            self.index();
        }
    }

    /// Adds `member`, and says whether it is new.
    pub fn insert(&mut self, member: &[u8]) -> bool {
        match self.entry.form() {
            Form::SetIntegers => match parse_i64(member) {
                Some(value) => self.insert_integer(value),
                None => {
                    self.leave_integers(member);
                    true
                }
            },
            Form::SetPacked => {
                let is_new = packed::find::<1>(self.entry.value(), member).is_none();
                if is_new && self.fits_packed(self.len() + 1, member.len(), self.entry.value().len()) {
                    packed::push(&mut self.entry.buffer(), [member]);
                } else if is_new {
                    self.index().add(member);
                }
                is_new
            }
            Form::SetIndexed => self.entry.indexed_mut::<IndexedSet>().insert(member),
            _ => self.stored().insert(member),
        }
    }

    /// Whether `count` members, the longest of them `longest` bytes long, may be packed: `others` bytes and one
    /// more of this length.
    fn fits_packed(&self, count: usize, longest: usize, others: usize) -> bool {
        count <= self.limits.set_packed_entries_max
            && longest <= self.limits.set_packed_value_bytes_max
            && others.saturating_add(longest) < packed::PACKED_BYTES_MAX
    }

    fn insert_integer(&mut self, value: i64) -> bool {
        let mut buffer = self.entry.buffer();
        let is_new = integers::insert(&mut buffer, value);
        let most = self.limits.set_integers_max.min(integers::INTEGERS_MAX);
        if is_new && self.len() > most {
            self.index();
        }
        is_new
    }

    /// Adds the first member that is not an integer.
    fn leave_integers(&mut self, member: &[u8]) {
        let bytes = self.entry.value();
        let count = integers::count(bytes);
        let ends = [integers::iter(bytes).next(), integers::iter(bytes).next_back()];
        let widest = ends.into_iter().flatten().map(|value| Digits::new(value).len()).max().unwrap_or(0);
        if self.fits_packed(count + 1, widest.max(member.len()), count * (widest + 1)) {
            let mut run = packed::EMPTY.to_vec();
            integers::iter(bytes).for_each(|value| packed::push(&mut run, [&Digits::new(value)]));
            packed::push(&mut run, [member]);
            self.entry.set_value(Form::SetPacked, &run);
        } else {
            self.index().add(member);
        }
    }

    /// Removes `member`, and says whether it was there. The set may then be empty: an empty set is to be removed.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self.entry.form() {
            Form::SetIntegers => {
                parse_i64(member).is_some_and(|value| integers::remove(&mut self.entry.buffer(), value))
            }
            Form::SetPacked => {
                let found = packed::find::<1>(self.entry.value(), member);
                if let Some(at) = found {
                    packed::remove::<1>(&mut self.entry.buffer(), at);
                }
                found.is_some()
            }
            Form::SetIndexed => self.entry.indexed_mut::<IndexedSet>().remove(member),
            _ => self.stored().remove(member),
        }
    }

    /// Takes out a member picked at random.
    pub fn pop_random(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<Popped> {
        if self.is_empty() {
            return None;
        }
        match self.entry.form() {
            Form::SetIntegers => {
                let index = below(self.len(), rng);
                let member = Digits::new(integers::get(self.entry.value(), index));
                integers::remove_at(&mut self.entry.buffer(), index);
                Some(SmallVec::from_slice(&member))
            }
            Form::SetPacked => {
                let bytes = self.entry.value();
                let at = packed::random::<1>(bytes, rng)?;
                let member = SmallVec::from_slice(packed::element::<1>(bytes, at)[0]);
                packed::remove::<1>(&mut self.entry.buffer(), at);
                Some(member)
            }
            Form::SetIndexed => self.entry.indexed_mut::<IndexedSet>().pop_random(rng),
            _ => self.stored().pop_random(rng),
        }
    }

    /// Takes out `count` members picked at random, or all if there are fewer, and gives them to `f`.
    ///
    /// Where few are to remain, it is those that are picked and put into a new set, as Redis does: a set that was
    /// indexed can come out of this packed. One that is stored stays so.
    pub fn pop_random_many(&mut self, count: usize, rng: &mut dyn FnMut() -> u64, f: &mut dyn FnMut(&[u8])) {
        const MOVE_REMAINING_BELOW: usize = 5;
        if self.entry.form().is_stored() {
            return self.stored().pop_random_many(count, rng, f);
        }
        let remaining = self.len().saturating_sub(count);
        if remaining.saturating_mul(MOVE_REMAINING_BELOW) > count {
            for member in std::iter::from_fn(|| self.pop_random(rng)).take(count) {
                f(&member);
            }
            return;
        }
        let new = if self.entry.form() == Form::SetIntegers { empty } else { empty_packed };
        let mut kept = new(self.entry.key());
        kept.set_deadline_ms(self.entry.deadline_ms());
        kept.as_ref().touch(self.entry.as_ref().accessed());
        let mut kept_set = SetMut::of(&mut kept, self.limits);
        for member in std::iter::from_fn(|| self.pop_random(rng)).take(remaining) {
            kept_set.insert(&member);
        }
        self.as_ref().iter().for_each(|member| f(&member));
        *self.entry = kept;
    }

    #[cold]
    fn stored(&mut self) -> &mut StoredSet {
        self.entry.indexed_mut()
    }

    /// Makes the set indexed, if it is not yet.
    fn index(&mut self) -> &mut IndexedSet {
        if self.entry.form() != Form::SetIndexed {
            let mut indexed = IndexedSet::new();
            self.as_ref().iter().for_each(|member| indexed.add(&member));
            self.entry.set_indexed(Box::new(indexed));
        }
        self.entry.indexed_mut()
    }
}

#[cfg(test)]
mod tests;
