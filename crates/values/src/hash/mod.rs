//! Hashes: fields with values.
//!
//! A hash is packed ([`crate::packed`]) until it has more fields, or a field or value of more bytes, than
//! [`Limits`] allow; it is then indexed and stays so. Redis' `t_hash.c` (7.2) is the source of the rules. A hash is
//! [stored](crate::stored) where an engine made it so.
//!
//! Fields may have deadlines (Redis 7.4's hash-field expiration): [`timed`] says how such a hash is held.
//!
//! [`HashRef`] and [`HashMut`] are the handles: which form lies behind them is theirs alone to know.

mod indexed;
mod timed;

pub use indexed::IndexedHash;
pub use timed::VisitTimed;
pub(crate) use timed::{TimedHash, is_live};

use crate::either::Either;
use crate::entry::{Entry, EntryRef, Form, Kind};
use crate::limits::Limits;
use crate::packed;
use crate::stored::{Stored, StoredHash};
use timed::{TimedMut, TimedRef};

/// A new hash with no fields.
pub fn empty(key: &[u8]) -> Entry {
    Entry::new(key, Form::HashPacked, &packed::EMPTY)
}

/// No field of the hash in `entry` is due before this, in Unix milliseconds; `u64::MAX` where none ever is, as in any
/// other type. It may be too early, until the next [`HashMut::sweep`], and is never too late.
pub fn due_ms(entry: EntryRef<'_>) -> u64 {
    if entry.is_timed() { TimedRef::of(entry).due_ms() } else { u64::MAX }
}

/// Whether what is in `entry` is a hash that has no field any more for who looks at `now_ms`.
pub fn is_gone(entry: EntryRef<'_>, now_ms: u64) -> bool {
    entry.is_timed() && TimedRef::of(entry).at(now_ms).is_gone()
}

/// All fields of a hash with deadlines, due or not, with their values and deadlines. Panics when it has none.
pub fn for_each_timed(entry: EntryRef<'_>, f: &mut VisitTimed<'_>) {
    TimedRef::of(entry).for_each(f);
}

/// A hash to read.
#[derive(Clone, Copy)]
pub struct HashRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(&'a [u8]),
    Indexed(&'a IndexedHash),
    Stored(&'a StoredHash),
    Timed(TimedRef<'a>),
}

impl<'a> HashRef<'a> {
    /// The hash in `entry`, as it is before any deadline. Panics when it holds another type.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> HashRef<'a> {
        match entry.form() {
            Form::HashPacked => HashRef(Held::Packed(entry.value())),
            Form::HashIndexed => HashRef(Held::Indexed(entry.indexed())),
            _ => HashRef::rare(entry),
        }
    }

    #[cold]
    fn rare(entry: EntryRef<'a>) -> HashRef<'a> {
        HashRef(match entry.is_timed() {
            true => Held::Timed(TimedRef::of(entry)),
            false => Held::Stored(entry.indexed()),
        })
    }

    /// The hash at `now_ms`: without the fields whose deadline has passed.
    #[inline]
    pub fn at(self, now_ms: u64) -> HashRef<'a> {
        match self.0 {
            Held::Timed(hash) => HashRef(Held::Timed(hash.at(now_ms))),
            _ => self,
        }
    }

    /// When `field` expires, in Unix milliseconds, if it ever does; `None` where there is no such field.
    pub fn deadline_ms(self, field: &[u8]) -> Option<Option<u64>> {
        match self.0 {
            Held::Timed(hash) => hash.deadline_ms(field),
            _ => self.contains(field).then_some(None),
        }
    }

    /// How many fields there are. Takes constant time, but where the time of some fields has come and no sweep has been
    /// there yet: these are then counted.
    pub fn len(self) -> usize {
        match self.0 {
            Held::Packed(bytes) => packed::count(bytes),
            Held::Indexed(hash) => hash.len(),
            Held::Stored(hash) => hash.len(),
            Held::Timed(hash) => hash.len(),
        }
    }

    /// Whether there are no fields.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value of `field`.
    #[inline]
    pub fn get(self, field: &[u8]) -> Option<&'a [u8]> {
        match self.0 {
            Held::Packed(bytes) => {
                packed::find::<2>(bytes, field).map(|at| packed::element::<2>(bytes, at)[1])
            }
            Held::Indexed(hash) => hash.get(field),
            Held::Stored(hash) => hash.get(field),
            Held::Timed(hash) => hash.get(field),
        }
    }

    /// Whether there is a field of this name.
    pub fn contains(self, field: &[u8]) -> bool {
        match self.0 {
            Held::Stored(hash) => hash.contains(field),
            _ => self.get(field).is_some(),
        }
    }

    /// All fields with their values: in the order in which they were added while the hash is packed.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + 'a {
        let pairs = match self.0 {
            Held::Packed(bytes) => Either::Left(packed::elements::<2>(bytes)),
            Held::Indexed(hash) => Either::Right(Either::Left(hash.iter())),
            Held::Stored(hash) => Either::Right(Either::Right(Either::Left(hash.iter()))),
            Held::Timed(hash) => Either::Right(Either::Right(Either::Right(hash.iter()))),
        };
        pairs.map(|[field, value]| (field, value))
    }

    /// Gives `f` at least `count` fields from `cursor` on, if there are so many, and returns where to go on; 0 is
    /// both where to begin and the end. A field that is there throughout is given at least once. A packed hash is
    /// given whole.
    pub fn scan(self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        match self.0 {
            Held::Packed(bytes) => {
                packed::elements::<2>(bytes).for_each(|[field, value]| f(field, value));
                0
            }
            Held::Indexed(hash) => hash.scan(cursor, count, f),
            Held::Stored(hash) => hash.scan(cursor, count, f),
            Held::Timed(hash) => hash.scan(cursor, count, f),
        }
    }

    /// A field picked at random, with its value.
    pub fn random(self, rng: &mut dyn FnMut() -> u64) -> Option<(&'a [u8], &'a [u8])> {
        let [field, value] = match self.0 {
            Held::Packed(bytes) => packed::random::<2>(bytes, rng).map(|at| packed::element::<2>(bytes, at)),
            Held::Indexed(hash) => hash.random(rng),
            Held::Stored(hash) => hash.random(rng),
            Held::Timed(hash) => hash.random(rng),
        }?;
        Some((field, value))
    }
}

/// A hash to change.
pub struct HashMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
    now_ms: u64,
}

impl<'a> HashMut<'a> {
    /// The hash in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: &'a mut Entry, limits: &'a Limits) -> HashMut<'a> {
        assert!(entry.kind() == Kind::Hash, "not a hash");
        HashMut { entry, limits, now_ms: 0 }
    }

    /// The hash at `now_ms`, as [`HashRef::at`].
    #[inline]
    pub fn at(self, now_ms: u64) -> HashMut<'a> {
        HashMut { now_ms, ..self }
    }

    #[cold]
    fn timed(&mut self) -> TimedMut<'_> {
        TimedMut::made_of(self.entry, self.limits, self.now_ms)
    }

    /// The hash to read.
    #[inline]
    pub fn as_ref(&self) -> HashRef<'_> {
        HashRef::of(self.entry.as_ref()).at(self.now_ms)
    }

    /// As [`HashRef::len`].
    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// As [`HashRef::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }

    /// As [`HashRef::get`].
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.as_ref().get(field)
    }

    /// As [`HashRef::contains`].
    pub fn contains(&self, field: &[u8]) -> bool {
        self.as_ref().contains(field)
    }

    /// Says that one command is about to set `fields` fields: more than a packed hash may have make it indexed,
    /// even where some turn out to be there already.
    pub fn reserve(&mut self, fields: usize) {
        if fields > self.limits.hash_packed_entries_max {
            match self.entry.form() {
                Form::HashPacked => _ = self.index(),
                Form::HashPackedTimed => self.timed().index(),
                _ => {}
            }
        }
    }

    /// Sets `field` to `value`, and says whether it is new. It then never expires.
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        match self.entry.form() {
            Form::HashPacked => self.set_in_packed(field, value),
            Form::HashIndexed => self.entry.indexed_mut::<IndexedHash>().set(field, value),
            Form::HashStored => self.stored().set(field, value),
            _ => self.timed().set(field, value, false),
        }
    }

    /// As [`HashMut::set`], but a field that is there expires when it would have.
    pub fn set_value(&mut self, field: &[u8], value: &[u8]) -> bool {
        if self.entry.is_timed() { self.timed().set(field, value, true) } else { self.set(field, value) }
    }

    /// Has `field` expire at this moment, in Unix milliseconds, or never, and says whether there is such a field.
    pub fn set_deadline_ms(&mut self, field: &[u8], deadline_ms: Option<u64>) -> bool {
        if deadline_ms.is_none() && !self.entry.is_timed() {
            return self.contains(field);
        }
        self.timed().set_deadline_ms(field, deadline_ms)
    }

    /// Removes the fields whose deadline has passed, up to some hundred times `effort` of them, and returns how many
    /// they were. The hash may then be empty: an empty hash is to be removed. When [`due_ms`] is still not in the
    /// future, there are more.
    pub fn sweep(&mut self, effort: usize) -> usize {
        if self.entry.is_timed() { self.timed().sweep(effort) } else { 0 }
    }

    fn set_in_packed(&mut self, field: &[u8], value: &[u8]) -> bool {
        let bytes = self.entry.value();
        let added = packed::item_size(field) + packed::item_size(value);
        if field.len().max(value.len()) > self.limits.hash_packed_value_bytes_max
            || bytes.len() + added > packed::PACKED_BYTES_MAX
        {
            return self.index().set(field, value);
        }
        if let Some(at) = packed::find::<2>(bytes, field) {
            packed::replace_last::<2>(&mut self.entry.buffer(), at, value);
            return false;
        }
        if packed::count(bytes) >= self.limits.hash_packed_entries_max {
            self.index().add(field, value);
        } else {
            packed::push(&mut self.entry.buffer(), [field, value]);
        }
        true
    }

    /// Removes `field`, and says whether it was there. The hash may then be empty: an empty hash is to be removed.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match self.entry.form() {
            Form::HashPacked => {
                let found = packed::find::<2>(self.entry.value(), field);
                if let Some(at) = found {
                    packed::remove::<2>(&mut self.entry.buffer(), at);
                }
                found.is_some()
            }
            Form::HashIndexed => self.entry.indexed_mut::<IndexedHash>().remove(field),
            Form::HashStored => self.stored().remove(field),
            _ => self.timed().remove(field),
        }
    }

    #[cold]
    fn stored(&mut self) -> &mut StoredHash {
        self.entry.indexed_mut()
    }

    /// Makes a packed hash indexed.
    fn index(&mut self) -> &mut IndexedHash {
        let mut indexed = IndexedHash::new();
        for [field, value] in packed::elements::<2>(self.entry.value()) {
            indexed.add(field, value);
        }
        self.entry.set_indexed(Box::new(indexed));
        self.entry.indexed_mut()
    }
}

#[cfg(test)]
mod tests;
