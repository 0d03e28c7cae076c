//! Streams: entries in the order of their names, of fields with values, and the consumer groups that read them.
//!
//! A stream is never packed: in memory it is a chain of [blocks](block), in each of which an entry takes little more
//! than its values ([`IndexedStream`]). It is [stored](crate::stored) where an engine made it so. Redis' `t_stream.c`
//! (7.2) is the source of the rules. Other than the collections, a stream may be empty.
//!
//! [`StreamRef`] and [`StreamMut`] are the handles: which form lies behind them is theirs alone to know.

pub(crate) mod block;
pub(crate) mod fields;
mod groups;
mod id;
mod indexed;

pub use fields::Fields;
pub use groups::{Consumer, ConsumerNumber, Group, GroupNumber, Groups, Pending, Progress};
pub use id::StreamId;
pub use indexed::IndexedStream;

use crate::entry::{Entry as KeyEntry, EntryRef, Form};
use crate::limits::Limits;
use crate::stored::StoredStream;

/// A new stream with no entries.
pub fn empty(key: &[u8]) -> KeyEntry {
    let mut entry = KeyEntry::new(key, Form::Bytes, b"");
    entry.set_indexed(Box::new(IndexedStream::new()));
    entry
}

/// An entry of a stream.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// What it is called.
    pub id: StreamId,
    /// Its fields with their values.
    pub fields: Fields<'a>,
}

/// Entries from one name to another, both included.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The lowest.
    pub first: StreamId,
    /// The highest.
    pub last: StreamId,
    /// Whether to go from the highest to the lowest.
    pub backward: bool,
}

impl Span {
    /// All entries, in their order.
    pub const ALL: Span = Span { first: StreamId::MIN, last: StreamId::MAX, backward: false };

    /// The entry called `id`.
    pub fn one(id: StreamId) -> Span {
        Span { first: id, last: id, backward: false }
    }
}

/// What a stream knows of itself, beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// How many entries there are.
    pub(crate) len: usize,
    /// What the last entry was called that was ever added, or what was said that it was.
    pub last_id: StreamId,
    /// The greatest name of an entry that was removed by its name; 0-0 when there is none.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
}

impl State {
    pub(crate) fn note_added(&mut self, id: StreamId) {
        self.len += 1;
        self.last_id = id;
        self.entries_added = self.entries_added.saturating_add(1);
    }
}

/// How many of the first entries are to go.
#[derive(Clone, Copy, Debug)]
pub struct Trim {
    /// Which ones.
    pub until: Until,
    /// Whether some may stay, so that only whole blocks go.
    pub is_approximate: bool,
    /// How many may go at once, if not all.
    pub work_max: Option<usize>,
}

/// Which of the first entries are to go.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Those that are more than so many.
    Length(usize),
    /// Those that are called less.
    Id(StreamId),
}

impl Trim {
    /// Whether nothing is left to be removed, as far as the length says.
    pub(crate) fn is_done(self, len: usize) -> bool {
        matches!(self.until, Until::Length(max) if len <= max)
    }

    /// Whether the first `count` of `len` entries, of which the last is called `last`, are to go.
    pub(crate) fn takes(self, len: usize, count: usize, last: StreamId) -> bool {
        match self.until {
            Until::Length(max) => len - count >= max,
            Until::Id(min) => last < min,
        }
    }
}

/// A stream to read.
#[derive(Clone, Copy)]
pub struct StreamRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Indexed(&'a IndexedStream),
    Stored(&'a StoredStream),
}

impl<'a> StreamRef<'a> {
    /// The stream in `entry`. Panics when it holds another type.
    pub fn of(entry: EntryRef<'a>) -> StreamRef<'a> {
        match entry.form() {
            Form::StreamIndexed => StreamRef(Held::Indexed(entry.indexed())),
            _ => StreamRef(Held::Stored(entry.indexed())),
        }
    }

    /// What it knows of itself.
    pub fn state(self) -> State {
        match self.0 {
            Held::Indexed(stream) => stream.state,
            Held::Stored(stream) => stream.state(),
        }
    }

    /// How many entries there are.
    pub fn len(self) -> usize {
        self.state().len
    }

    /// Whether there are no entries.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// In how many pieces the entries are held.
    pub fn blocks(self) -> usize {
        match self.0 {
            Held::Indexed(stream) => stream.blocks(),
            Held::Stored(stream) => stream.state().len,
        }
    }

    /// What the first entry is called.
    pub fn first_id(self) -> Option<StreamId> {
        match self.0 {
            Held::Indexed(stream) => stream.first_id(),
            Held::Stored(stream) => stream.first_id(),
        }
    }

    /// What the last entry is called.
    pub fn top_id(self) -> Option<StreamId> {
        match self.0 {
            Held::Indexed(stream) => stream.top_id(),
            Held::Stored(stream) => stream.top_id(),
        }
    }

    /// Whether there is an entry called `id`.
    pub fn contains(self, id: StreamId) -> bool {
        match self.0 {
            Held::Indexed(stream) => stream.contains(id),
            Held::Stored(stream) => stream.contains(id),
        }
    }

    /// Visits the entries of `span` until `visit` says false.
    pub fn visit(self, span: Span, visit: &mut dyn FnMut(Entry<'_>) -> bool) {
        match self.0 {
            Held::Indexed(stream) => stream.visit(span, visit),
            Held::Stored(stream) => stream.visit(span, visit),
        }
    }

    /// Its consumer groups.
    pub fn groups(self) -> &'a dyn Groups {
        match self.0 {
            Held::Indexed(stream) => &stream.groups,
            Held::Stored(stream) => stream,
        }
    }
}

/// A stream to change.
pub struct StreamMut<'a> {
    entry: &'a mut KeyEntry,
    limits: &'a Limits,
}

impl<'a> StreamMut<'a> {
    /// The stream in `entry`. Panics when it holds another type.
    pub fn of(entry: &'a mut KeyEntry, limits: &'a Limits) -> StreamMut<'a> {
        assert!(matches!(entry.form(), Form::StreamIndexed | Form::StreamStored), "not a stream");
        StreamMut { entry, limits }
    }

    /// The stream to read.
    pub fn as_ref(&self) -> StreamRef<'_> {
        StreamRef::of(self.entry.as_ref())
    }

    /// Adds an entry, whose name must be greater than the last one's, with the fields and values between which `pairs`
    /// alternates.
    pub fn append<'p>(&mut self, id: StreamId, pairs: impl Iterator<Item = &'p [u8]> + Clone) {
        assert!(id > self.as_ref().state().last_id, "names of entries only grow");
        match self.entry.form() {
            Form::StreamIndexed => self.entry.indexed_mut::<IndexedStream>().append(id, pairs, self.limits),
            _ => self.stored().append(id, pairs),
        }
    }

    /// Removes the entry called `id`, and says whether it was there.
    pub fn remove(&mut self, id: StreamId) -> bool {
        let was_there = match self.entry.form() {
            Form::StreamIndexed => self.indexed().remove(id),
            _ => self.stored().remove(id),
        };
        if was_there {
            let state = self.as_ref().state();
            self.set_state(State { max_deleted_id: state.max_deleted_id.max(id), ..state });
        }
        was_there
    }

    /// Removes the first entries as `trim` says, and returns how many they were.
    pub fn trim(&mut self, trim: Trim) -> usize {
        let entries_max = self.limits.stream_block_entries_max;
        match self.entry.form() {
            Form::StreamIndexed => self.indexed().trim(trim),
            _ => self.stored().trim(trim, entries_max),
        }
    }

    /// Says what it knows of itself; the number of entries stays what it is.
    pub fn set_state(&mut self, state: State) {
        match self.entry.form() {
            Form::StreamIndexed => {
                let stream = self.indexed();
                stream.state = State { len: stream.state.len, ..state };
            }
            _ => self.stored().set_state(state),
        }
    }

    /// Its consumer groups.
    pub fn into_groups(self) -> &'a mut dyn Groups {
        match self.entry.form() {
            Form::StreamIndexed => &mut self.entry.indexed_mut::<IndexedStream>().groups,
            _ => self.entry.indexed_mut::<StoredStream>(),
        }
    }

    fn indexed(&mut self) -> &mut IndexedStream {
        self.entry.indexed_mut()
    }

    #[cold]
    fn stored(&mut self) -> &mut StoredStream {
        self.entry.indexed_mut()
    }
}
