//! DEBUG DIGEST: whether two data sets, the same slots of two, or two values, are the same, in forty hexadecimal digits.
//!
//! The digest is that of the contents, whatever form holds them and in whatever order a set yields them. It is not
//! the one that Redis computes.

use std::collections::BTreeMap;

use commands::prelude::*;
use keyspace::Needs;
use values::entry::{EntryRef, Kind};
use values::hash::HashRef;
use values::list::ListRef;
use values::set::SetRef;
use values::stream::{Span, StreamId, StreamRef};
use values::string::StringRef;
use values::zset::ZSetRef;

use crate::clock::unix_ms;
use crate::session::Session;

/// The digest of all databases; zeros when there are no keys.
pub(super) fn reply_digest(session: &mut Session, reply: &mut Reply) {
    let mut total = Digest::EMPTY;
    let mut context = session.context(unix_ms());
    for database in 0..session.server.keyspace.databases() {
        context.database = database;
        let view = session.server.keyspace.read(&Needs::of_slots(Default::default()), context);
        view.scan_all(&mut |entry| total.add(of_entry(database, entry, context.now_ms)));
    }
    reply.simple(total.to_hex());
}

/// The digests of hash slots, over all databases: of these slots, or of all that have keys; as slots and digests in turn.
pub(super) fn reply_slot_digests(session: &mut Session, slots: &[&[u8]], reply: &mut Reply) -> Result<()> {
    let mut digests = BTreeMap::new();
    for slot in slots {
        let number = base::number::parse_i64(slot).and_then(|number| u16::try_from(number).ok());
        let number = number.filter(|number| usize::from(*number) < base::slot::SLOTS);
        digests.insert(number.ok_or(Error::fixed("ERR Invalid or out of range slot"))?, Digest::EMPTY);
    }
    let mut context = session.context(unix_ms());
    for database in 0..session.server.keyspace.databases() {
        context.database = database;
        let view = session.server.keyspace.read(&Needs::of_slots(Default::default()), context);
        if slots.is_empty() {
            view.scan_all(&mut |entry| {
                let digest = of_entry(database, entry, context.now_ms);
                digests.entry(Key::new(entry.key()).slot).or_insert(Digest::EMPTY).add(digest);
            });
        }
        for (slot, total) in digests.iter_mut().filter(|_| !slots.is_empty()) {
            // A cursor begins with the slot.
            let mut cursor = u64::from(*slot) << 32;
            loop {
                cursor = view.scan(cursor, 100, &mut |entry| {
                    if Key::new(entry.key()).slot == *slot {
                        total.add(of_entry(database, entry, context.now_ms));
                    }
                });
                if cursor >> 32 != u64::from(*slot) || cursor == 0 {
                    break;
                }
            }
        }
    }
    reply.array(2 * digests.len());
    for (slot, digest) in digests {
        reply.integer(i64::from(slot));
        reply.simple(digest.to_hex());
    }
    Ok(())
}

fn of_entry(database: u16, entry: EntryRef<'_>, now_ms: u64) -> Digest {
    let key = Digest::of(&database.to_le_bytes()).then(entry.key());
    let deadline = Digest::of(if entry.deadline_ms().is_some() { b"expires" } else { b"" });
    key.then_digest(value(entry, now_ms)).then_digest(deadline)
}

/// The digest of each key's value; zeros where there is none.
pub(super) fn reply_value_digests(session: &mut Session, names: &[&[u8]], reply: &mut Reply) {
    let context = session.context(unix_ms());
    reply.array(names.len());
    for name in names {
        let key = Key::new(name);
        let view = session.server.keyspace.read(&Needs::of_slots([key.slot].into_iter().collect()), context);
        let digest = view.peek(&key).map_or(Digest::EMPTY, |entry| value(entry, context.now_ms));
        reply.simple(digest.to_hex());
    }
}

fn value(entry: EntryRef<'_>, now_ms: u64) -> Digest {
    let mut digest = Digest::of(entry.kind().name().as_bytes());
    match entry.kind() {
        Kind::String => digest = digest.then(&StringRef::of(entry).to_vec()),
        Kind::List => digest = ListRef::of(entry).iter().fold(digest, Digest::then),
        Kind::Set => SetRef::of(entry).iter().for_each(|member| digest.add(Digest::of(&member))),
        Kind::Hash => {
            let fields = HashRef::of(entry).at(now_ms).iter();
            fields.for_each(|(field, value)| digest.add(Digest::of(field).then(value)));
        }
        Kind::Stream => digest = stream(digest, StreamRef::of(entry)),
        Kind::ZSet => {
            let score = |score: f64| score.to_bits().to_le_bytes();
            ZSetRef::of(entry).iter().for_each(|(member, by)| digest.add(Digest::of(member).then(&score(by))));
        }
    }
    digest
}

/// The digest of a stream: its entries, what it knows of its past, and what its groups have yet to acknowledge.
fn stream(mut digest: Digest, stream: StreamRef<'_>) -> Digest {
    let state = stream.state();
    for id in [state.last_id, state.max_deleted_id] {
        digest = digest.then(&id.to_bytes());
    }
    digest = digest.then(&state.entries_added.to_le_bytes());
    stream.visit(Span::ALL, &mut |entry| {
        digest = entry.fields.fold(digest.then(&entry.id.to_bytes()), |digest, (field, value)| {
            digest.then(&field).then(&value)
        });
        true
    });
    let groups = stream.groups();
    groups.visit(&mut |name, number| {
        digest = digest.then(name).then(&groups.group(number).progress.last_id.to_bytes());
        groups.visit_consumers(number, &mut |name, _, _| digest = digest.then(name));
        groups.visit_pending(number, None, StreamId::MIN, &mut |id, pending| {
            let consumer = groups.consumer(number, pending.consumer).0;
            digest = digest.then(&id.to_bytes()).then(consumer).then(&pending.deliveries.to_le_bytes());
            true
        });
    });
    digest
}

/// 160 bits, in three words of which the last one's upper half is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Digest([u64; 3]);

impl Digest {
    const EMPTY: Digest = Digest([0; 3]);

    fn of(bytes: &[u8]) -> Digest {
        Digest([0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0]).then(bytes)
    }

    /// What comes of this and then `bytes`: FNV-1a over the length and the bytes, and `MurmurHash3`'s finish.
    fn then(self, bytes: &[u8]) -> Digest {
        let len = (bytes.len() as u64).to_le_bytes();
        Digest(self.0.map(|word| {
            let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            let mut hash = len.iter().chain(bytes).fold(word, fold);
            hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            hash ^ (hash >> 33)
        }))
    }

    fn then_digest(self, other: Digest) -> Digest {
        other.0.iter().fold(self, |digest, word| digest.then(&word.to_le_bytes()))
    }

    /// Adds an element whose place does not matter.
    fn add(&mut self, other: Digest) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word = word.wrapping_add(other));
    }

    fn to_hex(self) -> String {
        let [first, second, third] = self.0;
        format!("{first:016x}{second:016x}{:08x}", third as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn the_order_matters_where_it_is_one() {
        let digest = |words: &[&[u8]]| words.iter().fold(Digest::of(b""), |digest, word| digest.then(word));
        assert_ne!(digest(&[b"a", b"b"]), digest(&[b"b", b"a"]));
        assert_ne!(digest(&[b"a", b"b"]), digest(&[b"ab"]));
        let sum = |words: [&[u8]; 2]| {
            let mut sum = Digest::EMPTY;
            words.iter().for_each(|word| sum.add(Digest::of(word)));
            sum
        };
        assert_eq!(sum([b"a", b"b"]), sum([b"b", b"a"]));
        assert_eq!(Digest::EMPTY.to_hex(), "0".repeat(40));
    }
}
