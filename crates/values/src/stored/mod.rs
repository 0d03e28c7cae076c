//! The stored forms of hash, set, list, sorted set and stream: collections whose elements lie outside of the entry, in an
//! ordered map of bytes that an engine provides ([`Elements`]).
//!
//! What a stored form promises is what it costs: it reads and writes the elements that an operation names and a few
//! records beside them, never the collection. The layout below is on disk: it is the same on every machine and in
//! every process, and a change of it needs another layout number. The handles of each type ([`crate::hash`] and its
//! neighbours) find it behind an entry as they find any other form; a collection that is stored stays so until it
//! is empty.
//!
//! # Keys
//!
//! A collection has its map to itself. Numbers are big-endian, so that they are in the order of their bytes.
//!
//! ```text
//!                  +--------+------------+
//!  hash, set       | hash   | field or   |   -> the value; of a set, nothing
//!                  | 4 bytes| member     |
//!                  +--------+------------+
//!                  +---------+
//!  list            | index   |   -> the element; indices follow each other from `head` on
//!                  | 8 bytes |
//!                  +---------+
//!                  +---+--------+--------+
//!  sorted set      | m | hash   | member |   -> its score: the 8 bytes of the double
//!                  |   | 4 bytes|        |
//!                  +---+--------+--------+
//!                  +---+---------+--------+
//!                  | s | score   | member |   -> nothing; `-` where the score is -0.0
//!                  |   | 8 bytes |        |
//!                  +---+---------+--------+
//!                  +---+---------+--------+
//!                  | f | score   | member |   -> how many members there are from here up to the next `f`, in
//!                  |   | 8 bytes |        |      LEB128; the first one has neither score nor member
//!                  +---+---------+--------+
//!                  +---+----------+
//!  stream          | e | id       |   -> its fields: how many, then name, value, ... (`stream/fields.rs`)
//!                  |   | 16 bytes |
//!                  +---+----------+
//!                  +---+--------+
//!                  | n | name   |   -> the number of the group of this name, 4 bytes
//!                  +---+--------+
//!                  +---+---------+
//!                  | g | group   |   -> last id (ms, seq), entries read (1 more; 0 is not known), consumers, number of
//!                  |   | 4 bytes |      the next consumer, pending, from which id on these are (ms, seq)
//!                  +---+---------+--------+
//!                  | m | group   | name   |   -> the number of the consumer of this name, 4 bytes
//!                  +---+---------+----------+
//!                  | c | group   | consumer |   -> seen, active (1 more; 0 is never), pending, from which id on these
//!                  |   |         | 4 bytes  |      are (ms, seq), and the name
//!                  +---+---------+----------+
//!                  | p | group   | id       |   -> of an entry that is pending: consumer, delivered, deliveries
//!                  +---+---------+----------+----+
//!                  | q | group   | consumer | id |   -> nothing: it is pending of this consumer
//!                  +---+---------+----------+----+
//! ```
//!
//! The hash is the low half of XXH3 (64 bits, no seed) of the field or member: anyone can compute it, so nothing but
//! the cost of a random pick or the size of one step of a scan depends on how it spreads. The score's bytes are
//! those of the double with the sign bit flipped, all bits where it is negative, and -0.0 as 0.0. What the fences
//! (`f`) are for is said in `zset/fences.rs`.
//!
//! A hash whose fields have deadlines has a second map beside this one, with them:
//!
//! ```text
//!                  +---+-------+
//!  hash, beside    | d | field |   -> when the field expires, 8 bytes, little-endian
//!                  +---+-------+--+-------+
//!                  | t | deadline | field |   -> nothing
//!                  |   | 8 bytes  |       |
//!                  +---+----------+-------+
//! ```
//!
//! # Meta
//!
//! What the entry itself needs to know, written and read by [`Stored::write_meta`] and [`open`]:
//!
//! ```text
//!  +--------+--------+
//!  | layout | count  |   hash, set
//!  +--------+--------+---------+
//!  | layout | count  | timed   | least   |   hash with deadlines: how many fields have one; no deadline is before the least
//!  +--------+--------+---------+---------+
//!  | layout | count  | head    |   list: the zigzag of its distance from 2^63
//!  +--------+--------+---------+---------+
//!  | layout | count  | fences  | bytes   |   sorted set: fences, and bytes of their scores and members together
//!  | 1      | LEB128 | LEB128  | LEB128  |
//!  +--------+--------+---------+---------+
//!
//!  stream: layout, count, last id, greatest deleted id, entries ever added, id of the first entry and of the last one,
//!  groups, number of the next group; an id is two numbers, all of them LEB128
//! ```

mod hash;
mod hash_timed;
mod list;
mod names;
mod number;
mod pairs;
mod set;
mod stream;
#[cfg(test)]
mod tests;
mod zset;

use std::fmt;

pub use hash::StoredHash;
pub use hash_timed::StoredTimedHash;
pub use list::StoredList;
pub use set::StoredSet;
pub use stream::StoredStream;
pub use zset::StoredZSet;

#[cfg(test)]
pub(crate) use zset::narrow;

pub(crate) use list::Indices;
pub(crate) use pairs::Pairs;
pub(crate) use zset::Ranked;

use crate::elements::Elements;
use crate::entry::{Entry, EntryRef, Form, Kind};
use crate::stream::StreamRef;
use crate::{hash as hashes, list as lists, set as sets, zset as zsets};

/// A key in a collection's map. Most are short.
type Key = smallvec::SmallVec<[u8; 64]>;

/// A collection whose elements lie outside of its entry, whatever its type.
pub trait Stored: Send + Sync {
    /// Where its elements lie.
    fn elements(&self) -> &dyn Elements;

    /// As [`Stored::elements`], to change.
    fn elements_mut(&mut self) -> &mut dyn Elements;

    /// Appends what [`open`] needs to make this collection of its elements again.
    fn write_meta(&self, out: &mut Vec<u8>);

    /// How many fields, members or elements it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why bytes are not the meta of a stored collection: they were damaged, or written by a newer program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the meta of a stored collection is malformed: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Makes the value of `entry` the collection of the form `form` that `meta` describes and whose elements are
/// `elements`. Leaves it as it is where the meta is malformed.
pub fn open(
    entry: &mut Entry,
    form: Form,
    meta: &[u8],
    elements: Box<dyn Elements>,
) -> Result<(), Malformed> {
    match form {
        Form::ListStored => entry.set_indexed(Box::new(StoredList::open(meta, elements)?)),
        Form::SetStored => entry.set_indexed(Box::new(StoredSet::open(meta, elements)?)),
        Form::HashStored => entry.set_indexed(Box::new(StoredHash::open(meta, elements)?)),
        Form::HashStoredTimed => entry.set_indexed(Box::new(StoredTimedHash::open(meta, elements)?)),
        Form::ZSetStored => entry.set_indexed(Box::new(StoredZSet::open(meta, elements)?)),
        Form::StreamStored => entry.set_indexed(Box::new(StoredStream::open(meta, elements)?)),
        _ => return Err(Malformed("its form is not a stored one")),
    }
    Ok(())
}

/// An entry with the same key, deadline and access clock as `entry`, whose collection is another handle on the same
/// stored one, by `elements` of its own, which must be the same elements. What the handles keep in memory of the
/// elements is read once for all of them, while nobody changes these; who changes the collection through one handle
/// leaves the others as they are. Panics when the value is no stored collection.
pub fn share(entry: EntryRef<'_>, elements: Box<dyn Elements>) -> Entry {
    let mut shared = Entry::build(entry.key(), Form::Bytes, entry.deadline_ms(), 0, |_| {});
    shared.as_ref().touch(entry.accessed());
    match entry.form() {
        Form::ListStored => shared.set_indexed(Box::new(entry.indexed::<StoredList>().share(elements))),
        Form::SetStored => shared.set_indexed(Box::new(entry.indexed::<StoredSet>().share(elements))),
        Form::HashStored => shared.set_indexed(Box::new(entry.indexed::<StoredHash>().share(elements))),
        Form::HashStoredTimed => {
            shared.set_indexed(Box::new(entry.indexed::<StoredTimedHash>().share(elements)));
        }
        Form::ZSetStored => shared.set_indexed(Box::new(entry.indexed::<StoredZSet>().share(elements))),
        Form::StreamStored => shared.set_indexed(Box::new(entry.indexed::<StoredStream>().share(elements))),
        _ => panic!("not a stored collection"),
    }
    shared
}

/// Makes the collection in `entry` a stored one, by putting all its elements into `elements`, which holds none yet.
/// Panics when the value is a string or stored already.
pub fn spill(entry: &mut Entry, elements: Box<dyn Elements>) {
    assert!(!entry.form().is_stored(), "it is stored already");
    match entry.kind() {
        Kind::String => panic!("a string has no elements"),
        Kind::List => {
            let mut list = StoredList::new(elements);
            lists::ListRef::of(entry.as_ref())
                .iter()
                .for_each(|element| list.push(lists::End::Back, element));
            entry.set_indexed(Box::new(list));
        }
        Kind::Set => {
            let mut set = StoredSet::new(elements);
            sets::SetRef::of(entry.as_ref()).iter().for_each(|member| set.add(&member));
            entry.set_indexed(Box::new(set));
        }
        Kind::Hash if entry.is_timed() => {
            let mut hash = StoredTimedHash::over(StoredHash::new(elements));
            hashes::for_each_timed(entry.as_ref(), &mut |field, value, deadline_ms| {
                hash.set(field, value, false, 0);
                hash.set_deadline_ms(field, deadline_ms);
            });
            entry.set_indexed(Box::new(hash));
        }
        Kind::Hash => {
            let mut hash = StoredHash::new(elements);
            hashes::HashRef::of(entry.as_ref()).iter().for_each(|(field, value)| hash.add(field, value));
            entry.set_indexed(Box::new(hash));
        }
        Kind::ZSet => {
            let set = StoredZSet::build(elements, zsets::ZSetRef::of(entry.as_ref()).iter());
            entry.set_indexed(Box::new(set));
        }
        Kind::Stream => {
            let stream = StoredStream::spill(StreamRef::of(entry.as_ref()), elements);
            entry.set_indexed(Box::new(stream));
        }
    }
}

/// The stored collection in `entry`, if it is one.
pub fn of(entry: EntryRef<'_>) -> Option<&dyn Stored> {
    Some(match entry.form() {
        Form::ListStored => entry.indexed::<StoredList>(),
        Form::SetStored => entry.indexed::<StoredSet>(),
        Form::HashStored => entry.indexed::<StoredHash>(),
        Form::HashStoredTimed => entry.indexed::<StoredTimedHash>(),
        Form::ZSetStored => entry.indexed::<StoredZSet>(),
        Form::StreamStored => entry.indexed::<StoredStream>(),
        _ => return None,
    })
}

/// As [`of`], to change.
pub fn of_mut(entry: &mut Entry) -> Option<&mut dyn Stored> {
    Some(match entry.form() {
        Form::ListStored => entry.indexed_mut::<StoredList>(),
        Form::SetStored => entry.indexed_mut::<StoredSet>(),
        Form::HashStored => entry.indexed_mut::<StoredHash>(),
        Form::HashStoredTimed => entry.indexed_mut::<StoredTimedHash>(),
        Form::ZSetStored => entry.indexed_mut::<StoredZSet>(),
        Form::StreamStored => entry.indexed_mut::<StoredStream>(),
        _ => return None,
    })
}
