//! A key as the commands that make it: what a base is made of where `aof-use-rdb-preamble` says that it is to be no
//! snapshot.

use values::entry::{EntryRef, Kind};
use values::hash::HashRef;
use values::list::ListRef;
use values::set::SetRef;
use values::stream::{GroupNumber, Groups, Pending, Span, StreamId, StreamRef};
use values::string::{Digits, StringRef};
use values::zset::ZSetRef;

use crate::encoding::push_command;
pub use crate::encoding::push_select;

/// Elements that one command adds: Redis' `AOF_REWRITE_ITEMS_PER_CMD`.
const ELEMENTS_MAX: usize = 64;

/// Appends the commands that make the key in `entry`.
pub fn push_key(entry: EntryRef<'_>, out: &mut Vec<u8>) {
    let key = entry.key();
    match entry.kind() {
        Kind::String => {
            let mut digits = Digits::new();
            let value = StringRef::of(entry).bytes(&mut digits);
            push_command(out, [b"SET".as_slice(), key, value].into_iter());
        }
        Kind::List => {
            push_elements(out, &[b"RPUSH", key], ListRef::of(entry).iter().map(|element| [element.to_vec()]));
        }
        Kind::Set => {
            let members = SetRef::of(entry).iter().map(|member| [member.to_vec()]);
            push_elements(out, &[b"SADD", key], members);
        }
        Kind::ZSet => {
            let members = ZSetRef::of(entry).iter().map(|(member, score)| {
                let mut text = Vec::new();
                base::number::write_double(score, &mut text);
                [text, member.to_vec()]
            });
            push_elements(out, &[b"ZADD", key], members);
        }
        Kind::Hash => push_hash(entry, out),
        Kind::Stream => push_stream(key, StreamRef::of(entry), out),
    }
    if let Some(deadline_ms) = entry.deadline_ms() {
        let deadline = deadline_ms.to_string();
        push_command(out, [b"PEXPIREAT".as_slice(), key, deadline.as_bytes()].into_iter());
    }
}

/// Adds commands that begin with `head`, each with some of the elements behind it.
fn push_elements<const N: usize>(
    out: &mut Vec<u8>,
    head: &[&[u8]],
    elements: impl Iterator<Item = [Vec<u8>; N]>,
) {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut flush = |words: &mut Vec<Vec<u8>>| {
        if !words.is_empty() {
            let all: Vec<&[u8]> = head.iter().copied().chain(words.iter().map(Vec::as_slice)).collect();
            push_command(out, all.into_iter());
            words.clear();
        }
    };
    for element in elements {
        words.extend(element);
        if words.len() >= ELEMENTS_MAX * N {
            flush(&mut words);
        }
    }
    flush(&mut words);
}

fn push_hash(entry: EntryRef<'_>, out: &mut Vec<u8>) {
    let key = entry.key();
    if !entry.is_timed() {
        let fields = HashRef::of(entry).iter().map(|(field, value)| [field.to_vec(), value.to_vec()]);
        return push_elements(out, &[b"HSET", key], fields);
    }
    let mut fields = Vec::new();
    let mut deadlines = Vec::new();
    values::hash::for_each_timed(entry, &mut |field, value, deadline_ms| {
        fields.push([field.to_vec(), value.to_vec()]);
        deadlines.extend(deadline_ms.map(|deadline_ms| (field.to_vec(), deadline_ms.to_string())));
    });
    push_elements(out, &[b"HSET", key], fields.into_iter());
    for (field, deadline) in &deadlines {
        let words = [b"HPEXPIREAT".as_slice(), key, deadline.as_bytes(), b"FIELDS", b"1", field];
        push_command(out, words.into_iter());
    }
}

fn push_stream(key: &[u8], stream: StreamRef<'_>, out: &mut Vec<u8>) {
    let text = |id: StreamId| id.to_string();
    stream.visit(Span::ALL, &mut |entry| {
        let id = text(entry.id);
        let mut words = vec![b"XADD".to_vec(), key.to_vec(), id.into_bytes()];
        entry.fields.for_each(|(field, value)| words.extend([field.to_vec(), value.to_vec()]));
        push_command(out, words.iter().map(Vec::as_slice));
        true
    });
    let state = stream.state();
    if stream.is_empty() {
        // An empty one is made by adding an entry and taking it away again.
        let id = text(state.last_id.max(StreamId { ms: 0, seq: 1 }));
        let words = [b"XADD".as_slice(), key, b"MAXLEN", b"0", id.as_bytes(), b"x", b"y"];
        push_command(out, words.into_iter());
    }
    let (last, added, deleted) =
        (text(state.last_id), state.entries_added.to_string(), text(state.max_deleted_id));
    let words = [
        b"XSETID".as_slice(),
        key,
        last.as_bytes(),
        b"ENTRIESADDED",
        added.as_bytes(),
        b"MAXDELETEDID",
        deleted.as_bytes(),
    ];
    push_command(out, words.into_iter());
    let groups = stream.groups();
    groups.visit(&mut |name, number| push_group(key, name, groups, number, out));
}

fn push_group(key: &[u8], name: &[u8], groups: &dyn Groups, number: GroupNumber, out: &mut Vec<u8>) {
    let progress = groups.group(number).progress;
    // More than that cannot be said, and nobody has read so many.
    let read = progress.entries_read.map_or(-1, |read| i64::try_from(read).unwrap_or(i64::MAX)).to_string();
    let last = progress.last_id.to_string();
    let words =
        [b"XGROUP".as_slice(), b"CREATE", key, name, last.as_bytes(), b"ENTRIESREAD", read.as_bytes()];
    push_command(out, words.into_iter());
    groups.visit_consumers(number, &mut |consumer, _, _| {
        let words = [b"XGROUP".as_slice(), b"CREATECONSUMER", key, name, consumer];
        push_command(out, words.into_iter());
    });
    groups.visit_pending(number, None, StreamId::MIN, &mut |id, pending| {
        let Pending { consumer, delivered_ms, deliveries } = pending;
        let (consumer, _) = groups.consumer(number, consumer);
        let (id, delivered, deliveries) = (id.to_string(), delivered_ms.to_string(), deliveries.to_string());
        let words = [
            b"XCLAIM".as_slice(),
            key,
            name,
            consumer,
            b"0",
            id.as_bytes(),
            b"TIME",
            delivered.as_bytes(),
            b"RETRYCOUNT",
            deliveries.as_bytes(),
            b"JUSTID",
            b"FORCE",
        ];
        push_command(out, words.into_iter());
        true
    });
}

/// Appends the command that loads a library of functions.
pub fn push_function(code: &[u8], out: &mut Vec<u8>) {
    push_command(out, [b"FUNCTION".as_slice(), b"LOAD", code].into_iter());
}
