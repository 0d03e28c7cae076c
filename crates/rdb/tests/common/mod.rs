//! Values made at random, and what they are, to compare.

// Every test program compiles this module for itself and uses the part of it that it needs.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use base::random::Random;
use values::entry::{Entry, Form, Kind};
use values::hash::{HashMut, HashRef};
use values::limits::Limits;
use values::list::{ListMut, ListRef};
use values::set::{SetMut, SetRef};
use values::stream::{Pending, Progress, Span, StreamId, StreamMut, StreamRef};
use values::string::{self, StringRef};
use values::zset::{ZSetMut, ZSetRef};
use values::{hash, list, set, stream, zset};

/// What a value is, whatever its form.
#[derive(Debug, PartialEq)]
pub enum Described {
    String(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>),
    /// Scores as bits.
    ZSet(Vec<(Vec<u8>, u64)>),
    Stream(Box<Stream>),
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Debug, PartialEq)]
pub struct Stream {
    entries: Vec<(StreamId, Fields)>,
    state: (StreamId, StreamId, u64),
    groups: Vec<Group>,
}

#[derive(Debug, PartialEq)]
struct Group {
    name: Vec<u8>,
    progress: Progress,
    /// Seen, active.
    consumers: Vec<(Vec<u8>, u64, Option<u64>)>,
    /// Of whom, delivered, deliveries.
    pending: Vec<(StreamId, Vec<u8>, u64, u64)>,
}

impl Described {
    pub fn lose_what_version_10_lacks(&mut self) {
        match self {
            Described::Hash(fields) => fields.values_mut().for_each(|(_, deadline_ms)| *deadline_ms = None),
            Described::Stream(stream) => {
                let consumers = stream.groups.iter_mut().flat_map(|group| &mut group.consumers);
                consumers.for_each(|(_, seen_ms, active_ms)| *active_ms = Some(*seen_ms));
            }
            _ => {}
        }
    }
}

pub fn describe(entry: &Entry) -> Described {
    let entry = entry.as_ref();
    match entry.kind() {
        Kind::String => Described::String(StringRef::of(entry).to_vec()),
        Kind::List => Described::List(ListRef::of(entry).iter().map(<[u8]>::to_vec).collect()),
        Kind::Set => Described::Set(SetRef::of(entry).iter().map(|member| member.to_vec()).collect()),
        Kind::Hash => {
            let hash = HashRef::of(entry);
            let field = |(field, value): (&[u8], &[u8])| {
                (field.to_vec(), (value.to_vec(), hash.deadline_ms(field).unwrap()))
            };
            Described::Hash(hash.iter().map(field).collect())
        }
        Kind::ZSet => {
            // A packed set holds -0 as 0, which are the same score.
            let member = |(member, score): (&[u8], f64)| (member.to_vec(), (score + 0.0).to_bits());
            Described::ZSet(ZSetRef::of(entry).iter().map(member).collect())
        }
        Kind::Stream => Described::Stream(Box::new(describe_stream(StreamRef::of(entry)))),
    }
}

fn describe_stream(stream: StreamRef<'_>) -> Stream {
    let mut entries = Vec::new();
    stream.visit(Span::ALL, &mut |entry| {
        let fields = entry.fields.map(|(name, value)| (name.to_vec(), value.to_vec()));
        entries.push((entry.id, fields.collect()));
        true
    });
    let state = stream.state();
    let all = stream.groups();
    let mut groups = Vec::new();
    all.visit(&mut |name, number| {
        let (mut consumers, mut pending) = (Vec::new(), Vec::new());
        all.visit_consumers(number, &mut |name, _, consumer| {
            consumers.push((name.to_vec(), consumer.seen_ms, consumer.active_ms));
        });
        all.visit_pending(number, None, StreamId::MIN, &mut |id, one| {
            let name = all.consumer(number, one.consumer).0.to_vec();
            pending.push((id, name, one.delivered_ms, one.deliveries));
            true
        });
        groups.push(Group { name: name.to_vec(), progress: all.group(number).progress, consumers, pending });
    });
    Stream { entries, state: (state.last_id, state.max_deleted_id, state.entries_added), groups }
}

/// Whether the value has the form that one of its size and content is given when it is made at once.
pub fn is_in_natural_form(entry: &Entry, limits: &Limits) -> bool {
    match entry.form() {
        // A set that was packed for another member than integers, or has none but those left, and the like.
        Form::SetIndexed => SetRef::of(entry.as_ref()).len() > limits.set_integers_max,
        Form::HashIndexed | Form::HashIndexedTimed => {
            HashRef::of(entry.as_ref()).len() > limits.hash_packed_entries_max
        }
        Form::ZSetIndexed => ZSetRef::of(entry.as_ref()).len() > limits.zset_packed_entries_max,
        Form::EditedBytes => false,
        _ => true,
    }
}

/// Bytes of all kinds: integers near every width, texts that repeat or do not, of all lengths.
pub fn bytes(random: &mut Random) -> Vec<u8> {
    let len = match random.below(20) {
        0 => random.below(20_000),
        1..=3 => random.below(300),
        _ => random.below(30),
    };
    match random.below(4) {
        0 => ((random.next_u64() as i64) >> random.below(64)).to_string().into_bytes(),
        1 => (0..len).map(|_| random.below(3) as u8 + b'a').collect(),
        _ => (0..len).map(|_| random.next_u64() as u8).collect(),
    }
}

fn count(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => 1 + random.below(1500),
        _ => 1 + random.below(40),
    }
}

/// A value of any type and form.
pub fn made(random: &mut Random, limits: &Limits) -> Entry {
    let key = bytes(random);
    match random.below(7) {
        0 => {
            let (value, mut scratch) = (bytes(random), [0; 8]);
            let (form, value) = string::pack(&value, &mut scratch);
            Entry::new(&key, form, value)
        }
        1 => {
            let mut entry = list::empty(&key);
            for _ in 0..count(random) {
                ListMut::of(&mut entry, limits).push_back(&bytes(random));
            }
            entry
        }
        2 => {
            let mut entry = if random.below(2) == 0 { set::empty(&key) } else { set::empty_packed(&key) };
            let are_integers = random.below(2) == 0;
            let bits = random.below(64);
            for _ in 0..count(random) {
                let member = match are_integers {
                    true => (random.next_u64() as i64 >> bits).to_string().into_bytes(),
                    false => bytes(random),
                };
                SetMut::of(&mut entry, limits).insert(&member);
            }
            entry
        }
        3 | 4 => made_hash(&key, random, limits),
        5 => {
            let mut entry = zset::empty(&key);
            for _ in 0..count(random) {
                let score = match random.below(8) {
                    0 => f64::INFINITY,
                    1 => -0.0,
                    2 => f64::from_bits(random.next_u64()),
                    3 => random.unit(),
                    _ => (random.next_u64() as i64 >> random.below(64)) as f64,
                };
                if !score.is_nan() {
                    ZSetMut::of(&mut entry, limits).insert(&bytes(random), score);
                }
            }
            if ZSetRef::of(entry.as_ref()).is_empty() {
                ZSetMut::of(&mut entry, limits).insert(b"one", 1.0);
            }
            entry
        }
        _ => made_stream(&key, random, limits),
    }
}

fn made_hash(key: &[u8], random: &mut Random, limits: &Limits) -> Entry {
    let mut entry = hash::empty(key);
    let deadlines = random.below(3);
    for _ in 0..count(random) {
        let (field, value) = (bytes(random), bytes(random));
        let value = if random.below(2) == 0 { value } else { b"short".to_vec() };
        let field = if random.below(2) == 0 { field } else { random.below(600).to_string().into_bytes() };
        let mut hash = HashMut::of(&mut entry, limits);
        hash.set(&field, &value);
        if random.below(3) < deadlines {
            let bits = random.below(47);
            hash.set_deadline_ms(&field, Some(1 + random.below(1 << bits)));
        }
    }
    entry
}

fn made_stream(key: &[u8], random: &mut Random, limits: &Limits) -> Entry {
    let mut entry = stream::empty(key);
    let mut ids = Vec::new();
    let mut id = StreamId { ms: random.below(1 << 41), seq: random.next_u64() >> random.below(64) };
    let names = [bytes(random), bytes(random)];
    for _ in 0..random.below(400) {
        let bits = random.below(40);
        id = match random.below(3) {
            0 => id.next().unwrap(),
            1 => StreamId { ms: id.ms + 1 + random.below(1 << bits), seq: random.below(3) },
            _ => StreamId { ms: id.ms + 1, seq: random.next_u64() },
        };
        let pairs = match random.below(3) {
            0 => vec![bytes(random), bytes(random)],
            _ => vec![names[0].clone(), bytes(random), names[1].clone(), b"1".to_vec()],
        };
        StreamMut::of(&mut entry, limits).append(id, pairs.iter().map(Vec::as_slice));
        ids.push(id);
    }
    ids.retain(|id| random.below(5) > 0 || !StreamMut::of(&mut entry, limits).remove(*id));
    if random.below(4) == 0 {
        let mut state = StreamRef::of(entry.as_ref()).state();
        state.last_id = StreamId { ms: state.last_id.ms + 5, seq: 0 };
        state.entries_added += 100;
        StreamMut::of(&mut entry, limits).set_state(state);
    }
    for group in 0..random.below(4) {
        let entries_read = (random.below(2) == 0).then(|| random.below(1000));
        let last_id = ids.last().copied().unwrap_or_default();
        let groups = StreamMut::of(&mut entry, limits).into_groups();
        let number = groups.create(format!("group {group}").as_bytes(), Progress { last_id, entries_read });
        let consumers: Vec<_> = (0..random.below(4))
            .map(|consumer| {
                let seen_ms = random.below(1 << 41);
                let name = format!("consumer {consumer}");
                let consumer = groups.create_consumer(number, name.as_bytes(), seen_ms);
                let active_ms = (random.below(2) == 0).then_some(seen_ms / 2);
                groups.note_seen(number, consumer, seen_ms, active_ms);
                consumer
            })
            .collect();
        for id in ids.iter().filter(|_| !consumers.is_empty()) {
            let consumer = consumers[random.below(consumers.len() as u64) as usize];
            let (delivered_ms, deliveries) = (random.below(1 << 41), random.below(300));
            groups.set_pending(number, *id, Pending { consumer, delivered_ms, deliveries });
        }
    }
    entry
}
