//! What lies on disk, byte by byte. `docs/disk-format.md` draws it; [`VERSION`] counts its changes.
//!
//! Integers in keys are big-endian, so that their order is the order of the bytes; those in values are little-endian.
//! Every key of a space begins with its slot, so that a slot is one range.

use base::hash::stable_hash;
use keyspace::engine::Counts;
use values::entry::{EntryRef, Form};
use values::stored;

/// The version of everything here, which this program writes.
///
/// | version | what is new |
/// |---|---|
/// | 1 | |
/// | 2 | streams, and hashes whose fields have deadlines |
pub const VERSION: u32 = 2;

/// The oldest version that this program reads.
pub const VERSION_READ_MIN: u32 = 1;

/// The longest key that the LSM tree takes, in bytes.
const RECORD_KEY_BYTES_MAX: usize = 65_535;

/// The longest name of a key: what its longest record key, that of its deadline, leaves.
pub const NAME_BYTES_MAX: usize = RECORD_KEY_BYTES_MAX - DEADLINE_PREFIX_BYTES - HASH_BYTES;

/// The longest field, member, or other key of an element.
pub const ELEMENT_KEY_BYTES_MAX: usize = RECORD_KEY_BYTES_MAX - ELEMENT_PREFIX_BYTES;

/// Bytes of the slot and the tag before everything else.
pub const PREFIX_BYTES: usize = 3;
/// Bytes of a name's hash before it.
pub const HASH_BYTES: usize = 4;
/// Bytes before the key of an element.
pub const ELEMENT_PREFIX_BYTES: usize = PREFIX_BYTES + 8;
const DEADLINE_PREFIX_BYTES: usize = PREFIX_BYTES + 8;
const COUNTS: u8 = b'c';
const COUNTS_PREFIX_BYTES: usize = 9;

/// What kind of record a key names: the byte after the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// A key with its value.
    Key = 1,
    /// When a key expires.
    Deadline = 2,
    /// An element of a collection.
    Element = 3,
    /// A record of the map beside the elements of a collection.
    Beside = 4,
}

/// The beginning of every key of this slot and tag.
pub fn prefix(slot: u16, tag: Tag) -> [u8; PREFIX_BYTES] {
    let [high, low] = slot.to_be_bytes();
    [high, low, tag as u8]
}

/// The key of the record of the key `name`.
pub fn write_key(out: &mut Vec<u8>, slot: u16, name: &[u8]) {
    out.extend_from_slice(&prefix(slot, Tag::Key));
    out.extend_from_slice(&stable_hash(name).to_be_bytes());
    out.extend_from_slice(name);
}

/// The name in the key of a [`Tag::Key`] record.
pub fn name_of(record_key: &[u8]) -> Option<&[u8]> {
    record_key.get(PREFIX_BYTES + HASH_BYTES..)
}

/// The beginning of the keys of all records of keys whose names have this hash.
pub fn hash_prefix(slot: u16, hash: u32) -> [u8; PREFIX_BYTES + HASH_BYTES] {
    let mut key = [0; PREFIX_BYTES + HASH_BYTES];
    key[..PREFIX_BYTES].copy_from_slice(&prefix(slot, Tag::Key));
    key[PREFIX_BYTES..].copy_from_slice(&hash.to_be_bytes());
    key
}

/// The hash in the key of a [`Tag::Key`] record.
pub fn hash_of(record_key: &[u8]) -> Option<u32> {
    let bytes = record_key.get(PREFIX_BYTES..PREFIX_BYTES + HASH_BYTES)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// The key of the record that says when the key `name` expires; its value is empty.
pub fn write_deadline(out: &mut Vec<u8>, slot: u16, deadline_ms: u64, name: &[u8]) {
    out.extend_from_slice(&deadline_prefix(slot, deadline_ms));
    out.extend_from_slice(name);
}

/// The beginning of the keys of all records of deadlines at `deadline_ms`.
pub fn deadline_prefix(slot: u16, deadline_ms: u64) -> [u8; DEADLINE_PREFIX_BYTES] {
    let mut key = [0; DEADLINE_PREFIX_BYTES];
    key[..PREFIX_BYTES].copy_from_slice(&prefix(slot, Tag::Deadline));
    key[PREFIX_BYTES..].copy_from_slice(&deadline_ms.to_be_bytes());
    key
}

/// The deadline and the name in the key of a [`Tag::Deadline`] record.
pub fn deadline_of(record_key: &[u8]) -> Option<(u64, &[u8])> {
    let (deadline_ms, name) = record_key.get(PREFIX_BYTES..)?.split_first_chunk()?;
    Some((u64::from_be_bytes(*deadline_ms), name))
}

/// The beginning of the keys of all elements of a collection ([`Tag::Element`]), or of all records beside them
/// ([`Tag::Beside`]).
pub fn element_prefix(home: u16, tag: Tag, id: u64) -> [u8; ELEMENT_PREFIX_BYTES] {
    let mut key = [0; ELEMENT_PREFIX_BYTES];
    key[..PREFIX_BYTES].copy_from_slice(&prefix(home, tag));
    key[PREFIX_BYTES..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The number of the collection that the element record with this key belongs to, or lies beside; `None` for any other
/// record.
pub fn collection_of(record_key: &[u8]) -> Option<u64> {
    let (prefix, rest) = record_key.split_first_chunk::<PREFIX_BYTES>()?;
    if ![Tag::Element as u8, Tag::Beside as u8].contains(&prefix[2]) {
        return None;
    }
    Some(u64::from_be_bytes(*rest.first_chunk()?))
}

/// The beginning of the keys of the store's records that say how many keys the slots of a space have. They are not among
/// the records of their slots, so that all of them are read at once when the store is opened.
pub fn counts_prefix(space: u64) -> [u8; COUNTS_PREFIX_BYTES] {
    let mut key = [COUNTS; COUNTS_PREFIX_BYTES];
    key[1..].copy_from_slice(&space.to_be_bytes());
    key
}

/// The key of the record of one slot.
pub fn write_counts_key(out: &mut Vec<u8>, space: u64, slot: u16) {
    out.extend_from_slice(&counts_prefix(space));
    out.extend_from_slice(&slot.to_be_bytes());
}

/// The slot in the key of such a record.
pub fn slot_of_counts(record_key: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*record_key.get(COUNTS_PREFIX_BYTES..)?.first_chunk()?))
}

/// Appends the value of such a record.
pub fn write_counts(out: &mut Vec<u8>, counts: Counts) {
    out.extend_from_slice(&(counts.keys as u64).to_le_bytes());
    out.extend_from_slice(&(counts.deadlines as u64).to_le_bytes());
    if counts.timed > 0 {
        out.extend_from_slice(&(counts.timed as u64).to_le_bytes());
    }
}

/// The counts in its value.
pub fn read_counts(mut value: &[u8]) -> Option<Counts> {
    let mut number = || {
        let (bytes, rest) = value.split_first_chunk()?;
        value = rest;
        Some(u64::from_le_bytes(*bytes) as usize)
    };
    Some(Counts { keys: number()?, deadlines: number()?, timed: number().unwrap_or(0) })
}

/// Where the elements of a stored collection are: the slot of the key that it was made under, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The slot whose records they are among.
    pub home: u16,
    /// The collection's number, which no other in the store has or had.
    pub id: u64,
}

const PLACE_BYTES: usize = 10;

/// In the first byte of a [`Tag::Key`] record's value.
const DEADLINE_FLAG: u8 = 0x80;

/// How forms are numbered on disk. Numbers are never used again for another form.
const FORMS: [(u8, Form); 15] = [
    (0, Form::Bytes),
    (1, Form::EditedBytes),
    (2, Form::Integer),
    (8, Form::ListPacked),
    (9, Form::ListStored),
    (16, Form::SetIntegers),
    (17, Form::SetPacked),
    (18, Form::SetStored),
    (24, Form::HashPacked),
    (25, Form::HashStored),
    (26, Form::HashPackedTimed),
    (27, Form::HashStoredTimed),
    (32, Form::ZSetPacked),
    (33, Form::ZSetStored),
    (41, Form::StreamStored),
];

fn form_number(form: Form) -> Option<u8> {
    FORMS.iter().find(|(_, known)| *known == form).map(|(number, _)| *number)
}

/// Appends the value of the record of `entry`, whose elements are at `place` when it is a stored collection.
pub fn write_value(out: &mut Vec<u8>, entry: EntryRef<'_>, place: Option<Place>) {
    let number = form_number(entry.form()).unwrap_or_default();
    match entry.deadline_ms() {
        None => out.push(number),
        Some(deadline_ms) => {
            out.push(number | DEADLINE_FLAG);
            out.extend_from_slice(&deadline_ms.to_le_bytes());
        }
    }
    match (place, stored::of(entry)) {
        (Some(place), Some(collection)) => {
            out.extend_from_slice(&place.home.to_le_bytes());
            out.extend_from_slice(&place.id.to_le_bytes());
            collection.write_meta(out);
        }
        _ => out.extend_from_slice(entry.value()),
    }
}

/// What the value of a [`Tag::Key`] record holds.
#[derive(Debug)]
pub struct Record<'v> {
    /// When the key expires, in Unix milliseconds.
    pub deadline_ms: Option<u64>,
    /// Its value.
    pub body: Body<'v>,
}

/// A value, or where it is.
#[derive(Debug)]
pub enum Body<'v> {
    /// In the record, in this form.
    Here(Form, &'v [u8]),
    /// A collection of this form whose elements are at the place, and what it says of itself.
    Elsewhere(Form, Place, &'v [u8]),
}

/// Reads the value of a [`Tag::Key`] record; `None` when it is none.
pub fn read_value(value: &[u8]) -> Option<Record<'_>> {
    let (first, mut rest) = value.split_first()?;
    let mut deadline_ms = None;
    if first & DEADLINE_FLAG != 0 {
        let (bytes, after) = rest.split_first_chunk()?;
        deadline_ms = Some(u64::from_le_bytes(*bytes));
        rest = after;
    }
    let form = FORMS.iter().find(|(number, _)| *number == first & !DEADLINE_FLAG)?.1;
    if !form.is_stored() {
        return Some(Record { deadline_ms, body: Body::Here(form, rest) });
    }
    let (place, rest) = rest.split_first_chunk::<PLACE_BYTES>()?;
    let (home, id) = place.split_first_chunk::<2>()?;
    let place = Place { home: u16::from_le_bytes(*home), id: u64::from_le_bytes(*id.first_chunk()?) };
    Some(Record { deadline_ms, body: Body::Elsewhere(form, place, rest) })
}
