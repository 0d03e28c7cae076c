//! Hashes: fields with values.
//!
//! A hash is packed ([`crate::packed`]) until it has more fields, or a field or value of more bytes, than
//! [`Limits`] allow; it is then indexed and stays so. Redis' `t_hash.c` (7.2) is the source of the rules. A hash is
//! [stored](crate::stored) where an engine made it so.
//!
//! [`HashRef`] and [`HashMut`] are the handles: which form lies behind them is theirs alone to know.

mod indexed;

pub use indexed::IndexedHash;

use crate::either::Either;
use crate::entry::{Entry, EntryRef, Form};
use crate::limits::Limits;
use crate::packed;
use crate::stored::{Stored, StoredHash};

/// A new hash with no fields.
pub fn empty(key: &[u8]) -> Entry {
    Entry::new(key, Form::HashPacked, &packed::EMPTY)
}

/// A hash to read.
#[derive(Clone, Copy)]
pub struct HashRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(&'a [u8]),
    Indexed(&'a IndexedHash),
    Stored(&'a StoredHash),
}

impl<'a> HashRef<'a> {
    /// The hash in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> HashRef<'a> {
        match entry.form() {
            Form::HashPacked => HashRef(Held::Packed(entry.value())),
            Form::HashIndexed => HashRef(Held::Indexed(entry.indexed())),
            _ => HashRef::stored(entry),
        }
    }

    #[cold]
    fn stored(entry: EntryRef<'a>) -> HashRef<'a> {
        HashRef(Held::Stored(entry.indexed()))
    }

    /// How many fields there are.
    pub fn len(self) -> usize {
        match self.0 {
            Held::Packed(bytes) => packed::count(bytes),
            Held::Indexed(hash) => hash.len(),
            Held::Stored(hash) => hash.len(),
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
            Held::Stored(hash) => Either::Right(Either::Right(hash.iter())),
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
        }
    }

    /// A field picked at random, with its value.
    pub fn random(self, rng: &mut dyn FnMut() -> u64) -> Option<(&'a [u8], &'a [u8])> {
        let [field, value] = match self.0 {
            Held::Packed(bytes) => packed::random::<2>(bytes, rng).map(|at| packed::element::<2>(bytes, at)),
            Held::Indexed(hash) => hash.random(rng),
            Held::Stored(hash) => hash.random(rng),
        }?;
        Some((field, value))
    }
}

/// A hash to change.
pub struct HashMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
}

impl<'a> HashMut<'a> {
    /// The hash in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: &'a mut Entry, limits: &'a Limits) -> HashMut<'a> {
        assert!(
            matches!(entry.form(), Form::HashPacked | Form::HashIndexed | Form::HashStored),
            "not a hash"
        );
        HashMut { entry, limits }
    }

    /// The hash to read.
    #[inline]
    pub fn as_ref(&self) -> HashRef<'_> {
        HashRef::of(self.entry.as_ref())
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
        if fields > self.limits.hash_packed_entries_max && self.entry.form() == Form::HashPacked {
            self.index();
        }
    }

    /// Sets `field` to `value`, and says whether it is new.
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        match self.entry.form() {
            Form::HashPacked => self.set_in_packed(field, value),
            Form::HashIndexed => self.entry.indexed_mut::<IndexedHash>().set(field, value),
            _ => self.stored().set(field, value),
        }
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
            _ => self.stored().remove(field),
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
