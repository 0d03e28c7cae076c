//! Some entries of a stream that follow each other, in one run of bytes.
//!
//! ```text
//!  +--------+-------+-----+ +------+------------+--------+-----------------+
//!  | fields | name  | ... | | size | ms, same?  | seq    | values, or      |  ...
//!  | LEB128 | item  |     | | LEB  | LEB128     | LEB128 | count and pairs |
//!  +--------+-------+-----+ +------+------------+--------+-----------------+
//!   the first entry's names   an entry
//! ```
//!
//! `size` is that of what follows of the entry. `ms` is the distance from the block's base, twice, and one more where
//! the names are those of the first entry: then only the values follow. `seq` is the distance from the base's in the
//! base's millisecond, and otherwise the number itself. The items are those of [`fields`](super::fields). An entry that
//! is removed is cut out; the base and the first entry's names stay.

use smallvec::SmallVec;

use super::fields::{Fields, read_item, write_item};
use super::{Entry, StreamId};
use crate::entry::allocation_size;
use crate::leb128;

/// What an item takes beside its own bytes, at most.
const ITEM_HEAD_BYTES_MAX: usize = 5;
/// What an entry takes beside its items, at most: its size, time and number, and the number of its fields.
const ENTRY_HEAD_BYTES_MAX: usize = 4 * leb128::BYTES_MAX;

/// At least one entry, up to the limits of a block.
#[derive(Clone)]
pub(crate) struct Block {
    base: StreamId,
    last: StreamId,
    count: u32,
    /// How many entries were ever added.
    added: u32,
    /// Where the first entry begins.
    entries_at: u32,
    bytes: Vec<u8>,
}

impl Block {
    /// A block of one entry, of the fields and values that `pairs` alternates between.
    pub fn new<'p>(id: StreamId, pairs: impl Iterator<Item = &'p [u8]> + Clone) -> Block {
        let mut bytes = Vec::new();
        let names = pairs.clone().step_by(2);
        leb128::write(names.clone().count() as u64, &mut bytes);
        names.for_each(|name| write_item(name, &mut bytes));
        let entries_at = u32::try_from(bytes.len()).expect("an entry is far below 4 GiB");
        let mut block = Block { base: id, last: id, count: 0, added: 0, entries_at, bytes };
        block.append(id, pairs);
        block
    }

    /// No entry of the block is called less.
    pub fn base(&self) -> StreamId {
        self.base
    }

    /// What its last entry is called.
    pub fn last(&self) -> StreamId {
        self.last
    }

    /// How many entries there are.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// How many entries were ever added, which is what fills it: so what an approximate trim takes with it does not
    /// depend on what was removed before.
    pub fn added(&self) -> usize {
        self.added as usize
    }

    /// The bytes that it takes.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Block>() + self.bytes.capacity()
    }

    /// Gives back the memory that more entries would have taken.
    pub fn close(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Whether an entry called `id` may follow in this block as far as their distance goes.
    pub fn reaches(&self, id: StreamId) -> bool {
        id.ms - self.base.ms <= u64::MAX >> 1
    }

    /// Adds an entry behind the last, within [reach](Self::reaches).
    pub fn append<'p>(&mut self, id: StreamId, pairs: impl Iterator<Item = &'p [u8]> + Clone) {
        let has_same_names = self.has_names(pairs.clone().step_by(2));
        let mut room = pairs.clone().map(|item| item.len() + ITEM_HEAD_BYTES_MAX).sum::<usize>();
        room += self.bytes.len() + ENTRY_HEAD_BYTES_MAX;
        if room > self.bytes.capacity() {
            self.bytes.reserve_exact(allocation_size(room) - self.bytes.len());
        }
        let at = self.bytes.len();
        // Most entries are so small that their size takes this one byte.
        self.bytes.push(0);
        let ms = id.ms - self.base.ms;
        leb128::write(ms << 1 | u64::from(has_same_names), &mut self.bytes);
        leb128::write(if ms == 0 { id.seq - self.base.seq } else { id.seq }, &mut self.bytes);
        if has_same_names {
            pairs.skip(1).step_by(2).for_each(|value| write_item(value, &mut self.bytes));
        } else {
            write_pairs(pairs, &mut self.bytes);
        }
        let size = (self.bytes.len() - at - 1) as u64;
        let mut head: SmallVec<[u8; leb128::BYTES_MAX]> = SmallVec::new();
        leb128::write(size, &mut head);
        self.bytes.splice(at..=at, head);
        self.last = id;
        self.count += 1;
        self.added += 1;
    }

    /// Whether the first entry's names are these.
    fn has_names<'p>(&self, names: impl Iterator<Item = &'p [u8]>) -> bool {
        let (mut count, mut held) = self.names();
        for name in names {
            if count == 0 || read_item(&mut held).is_none_or(|held| *held != *name) {
                return false;
            }
            count -= 1;
        }
        count == 0
    }

    /// The number of the first entry's names, and these.
    fn names(&self) -> (usize, &[u8]) {
        let mut names = &self.bytes[..self.entries_at as usize];
        let count = leb128::read(&mut names).unwrap_or_default();
        (count as usize, names)
    }

    /// The entries, from the first on.
    pub fn entries(&self) -> Entries<'_> {
        let (count, names) = self.names();
        Entries {
            base: self.base,
            names,
            names_count: count,
            at: self.entries_at as usize,
            bytes: &self.bytes,
        }
    }

    /// Removes the entry called `id`, and says whether it was there. The block may then be empty, and is to go.
    pub fn remove(&mut self, id: StreamId) -> bool {
        let (mut found, mut before_last) = (None, self.base);
        let mut entries = self.entries();
        loop {
            let at = entries.at;
            match entries.next() {
                Some(entry) if entry.id < id => before_last = entry.id,
                Some(entry) if entry.id == id => {
                    found = Some(at..entries.at);
                    break;
                }
                _ => break,
            }
        }
        let Some(found) = found else { return false };
        self.bytes.drain(found);
        self.count -= 1;
        if id == self.last {
            self.last = before_last;
        }
        true
    }

    /// Removes the first entries, as many as `is_removed` says yes to, but not all; returns how many they were.
    pub fn remove_first(&mut self, mut is_removed: impl FnMut(StreamId) -> bool) -> usize {
        let mut entries = self.entries();
        let (mut removed, mut end) = (0, entries.at);
        while removed + 1 < self.count() && entries.next().is_some_and(|entry| is_removed(entry.id)) {
            (removed, end) = (removed + 1, entries.at);
        }
        let at = self.entries_at as usize;
        self.bytes.drain(at..end);
        self.count -= removed as u32;
        removed
    }
}

/// Appends the number of fields and then the fields with their values, between which `pairs` alternates.
pub(crate) fn write_pairs<'p>(pairs: impl Iterator<Item = &'p [u8]> + Clone, out: &mut Vec<u8>) {
    leb128::write(pairs.clone().count() as u64 / 2, out);
    pairs.for_each(|item| write_item(item, out));
}

/// The fields that [`write_pairs`] has written.
pub(crate) fn read_pairs(mut bytes: &[u8]) -> Option<Fields<'_>> {
    let count = leb128::read(&mut bytes)?;
    Some(Fields::alternating(usize::try_from(count).ok()?, bytes))
}

/// The entries of a block.
#[derive(Clone)]
pub(crate) struct Entries<'a> {
    base: StreamId,
    names: &'a [u8],
    names_count: usize,
    /// Where the next entry begins.
    at: usize,
    bytes: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let mut rest = &self.bytes[self.at..];
        let size = leb128::read(&mut rest)? as usize;
        let mut body = rest.split_off(..size)?;
        self.at = self.bytes.len() - rest.len();
        let tagged = leb128::read(&mut body)?;
        let (ms, has_same_names) = (tagged >> 1, tagged & 1 == 1);
        let seq = leb128::read(&mut body)?;
        let base_seq = if ms == 0 { self.base.seq } else { 0 };
        let id = StreamId { ms: self.base.ms + ms, seq: base_seq + seq };
        let fields = match has_same_names {
            true => Fields::apart(self.names_count, self.names, body),
            false => read_pairs(body)?,
        };
        Some(Entry { id, fields })
    }
}
