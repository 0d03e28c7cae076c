//! Values, written: each as Redis writes a value that it holds in the same way.

mod stream;

use base::number::{format_double, parse_i64};
use values::entry::{EntryRef, Form, Kind};
use values::hash::{self, HashRef};
use values::list::ListRef;
use values::set::SetRef;
use values::string::StringRef;
use values::zset::ZSetRef;

use crate::packed::{intset, listpack};
use crate::value_type::ValueType;
use crate::wire::{write_integer, write_length, write_plain, write_string};
use crate::{Format, Version};

/// A list's nodes are cut at so many bytes, as Redis does by default (`list-max-listpack-size -2`).
const LIST_NODE_BYTES_MAX: usize = 8 * 1024;
/// An element of so many bytes is a node of its own that is no listpack.
const LIST_PLAIN_BYTES: usize = 1 << 30;
const NODE_PLAIN: u64 = 1;
const NODE_PACKED: u64 = 2;

/// Appends the value of `entry` to `out`: the byte of its type, then the value. The key, its deadline and its last use
/// are not part of it.
///
/// A small collection is written as the packed form that Redis has for it, a large one element by element, wherever it
/// is held; a stored one is read for that from where it is stored. A hash of which fields have deadlines is written as
/// Redis 7.4 does, or, in version 10, without them.
pub fn encode_value(entry: EntryRef<'_>, format: Format, out: &mut Vec<u8>) {
    encode_value_named(entry, format, None, out);
}

/// As [`encode_value`], with a name between type and value.
pub(crate) fn encode_value_named(
    entry: EntryRef<'_>,
    format: Format,
    name: Option<&[u8]>,
    out: &mut Vec<u8>,
) {
    let mut encoder = Encoder { format, name, out };
    match entry.kind() {
        Kind::String => encoder.string(StringRef::of(entry)),
        Kind::List => encoder.list(ListRef::of(entry)),
        Kind::Set => encoder.set(SetRef::of(entry), entry.form()),
        Kind::Hash if entry.is_timed() && format.version >= Version::V11 => encoder.timed_hash(entry),
        Kind::Hash => encoder.hash(HashRef::of(entry), entry.form()),
        Kind::ZSet => encoder.zset(ZSetRef::of(entry), entry.form()),
        Kind::Stream => encoder.stream(values::stream::StreamRef::of(entry)),
    }
}

/// The writing of one value.
struct Encoder<'o> {
    format: Format,
    /// What stands between type and value, if anything does.
    name: Option<&'o [u8]>,
    out: &'o mut Vec<u8>,
}

impl Encoder<'_> {
    fn value_type(&mut self, value_type: ValueType) {
        self.out.push(value_type.byte());
        if let Some(name) = self.name {
            self.text(name);
        }
    }

    fn length(&mut self, len: usize) {
        write_length(len as u64, self.out);
    }

    fn text(&mut self, bytes: &[u8]) {
        write_string(bytes, self.format.compress, self.out);
    }

    /// A time in milliseconds, or another number of eight bytes.
    fn number(&mut self, number: u64) {
        self.out.extend(number.to_le_bytes());
    }

    fn string(&mut self, string: StringRef<'_>) {
        self.value_type(ValueType::String);
        match string {
            StringRef::Integer(integer) if write_integer(integer, self.out) => {}
            string => self.text(string.bytes(&mut itoa::Buffer::new())),
        }
    }

    fn list(&mut self, list: ListRef<'_>) {
        self.value_type(ValueType::ListQuicklist2);
        let mut nodes = Vec::new();
        let mut count = 0;
        let mut node = listpack::Writer::new();
        let compress = self.format.compress;
        let mut end_node = |node: &mut listpack::Writer, nodes: &mut Vec<u8>| {
            let node = std::mem::replace(node, listpack::Writer::new());
            if node.count() > 0 {
                count += 1;
                write_length(NODE_PACKED, nodes);
                write_string(&node.finish(), compress, nodes);
            }
        };
        let mut plain = 0;
        for element in list.iter() {
            if node.count() > 0 && node.len() + element.len() > LIST_NODE_BYTES_MAX {
                end_node(&mut node, &mut nodes);
            }
            if element.len() < LIST_PLAIN_BYTES {
                node.push(element);
            } else {
                plain += 1;
                write_length(NODE_PLAIN, &mut nodes);
                write_plain(element, &mut nodes);
            }
        }
        end_node(&mut node, &mut nodes);
        self.length(count + plain);
        self.out.extend_from_slice(&nodes);
    }

    fn set(&mut self, set: SetRef<'_>, form: Form) {
        match form {
            Form::SetIntegers => {
                self.value_type(ValueType::SetIntset);
                let integers: Vec<i64> = set.iter().filter_map(|member| parse_i64(&member)).collect();
                self.text(&intset::write(integers.iter().copied()));
            }
            Form::SetPacked if self.format.version >= Version::V11 => {
                self.value_type(ValueType::SetListpack);
                let mut packed = listpack::Writer::new();
                set.iter().for_each(|member| packed.push(&member));
                self.text(&packed.finish());
            }
            _ => {
                self.value_type(ValueType::Set);
                self.length(set.len());
                set.iter().for_each(|member| self.text(&member));
            }
        }
    }

    fn hash(&mut self, hash: HashRef<'_>, form: Form) {
        match form {
            Form::HashPacked | Form::HashPackedTimed => {
                self.value_type(ValueType::HashListpack);
                let mut packed = listpack::Writer::new();
                hash.iter().for_each(|(field, value)| {
                    packed.push(field);
                    packed.push(value);
                });
                self.text(&packed.finish());
            }
            _ => {
                self.value_type(ValueType::Hash);
                self.length(hash.len());
                hash.iter().for_each(|(field, value)| {
                    self.text(field);
                    self.text(value);
                });
            }
        }
    }

    fn timed_hash(&mut self, entry: EntryRef<'_>) {
        if entry.form() == Form::HashPackedTimed {
            return self.packed_timed_hash(entry);
        }
        self.value_type(ValueType::HashMetadata);
        // The least deadline of the hash may be earlier than that of any field: any base will do.
        let base = hash::due_ms(entry);
        self.number(base);
        self.length(HashRef::of(entry).len());
        hash::for_each_timed(entry, &mut |field, value, deadline_ms| {
            let distance = deadline_ms.map_or(0, |deadline_ms| deadline_ms.saturating_sub(base) + 1);
            write_length(distance, self.out);
            self.text(field);
            self.text(value);
        });
    }

    /// Redis 7.4 wants the fields in the order of their deadlines, those without behind all others.
    fn packed_timed_hash(&mut self, entry: EntryRef<'_>) {
        self.value_type(ValueType::HashListpackEx);
        let mut fields = Vec::new();
        hash::for_each_timed(entry, &mut |field, value, deadline_ms| {
            fields.push((deadline_ms.unwrap_or(u64::MAX), field.to_vec(), value.to_vec()));
        });
        fields.sort_by_key(|(deadline_ms, ..)| *deadline_ms);
        self.number(fields.first().map_or(0, |(deadline_ms, ..)| *deadline_ms));
        let mut packed = listpack::Writer::new();
        for (deadline_ms, field, value) in &fields {
            packed.push(field);
            packed.push(value);
            packed.push_integer(if *deadline_ms == u64::MAX { 0 } else { *deadline_ms as i64 });
        }
        self.text(&packed.finish());
    }

    fn zset(&mut self, zset: ZSetRef<'_>, form: Form) {
        if form == Form::ZSetPacked {
            self.value_type(ValueType::ZSetListpack);
            let mut packed = listpack::Writer::new();
            zset.iter().for_each(|(member, score)| {
                packed.push(member);
                packed.push(&format_double(score));
            });
            return self.text(&packed.finish());
        }
        self.value_type(ValueType::ZSet2);
        self.length(zset.len());
        // From the last to the first, the order in which Redis inserts fastest.
        zset.range(0, usize::MAX, true).for_each(|(member, score)| {
            self.text(member);
            self.number(score.to_bits());
        });
    }
}
