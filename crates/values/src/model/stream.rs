//! A stream in both forms against ordered maps.

use std::collections::BTreeMap;

use fuzzing::Choices;

use super::{Home, element, rehouse, run};
use crate::entry::{Entry, Form};
use crate::limits::Limits;
use crate::stream::{
    Consumer, Groups, IndexedStream, Pending, Progress, Span, State, StreamId, StreamMut, StreamRef, Trim,
    Until, empty,
};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Default)]
struct Model {
    entries: BTreeMap<StreamId, Pairs>,
    last_id: StreamId,
    max_deleted_id: StreamId,
    entries_added: u64,
    groups: BTreeMap<Vec<u8>, ModelGroup>,
}

#[derive(Default)]
struct ModelGroup {
    progress: Progress,
    consumers: BTreeMap<Vec<u8>, (u64, Option<u64>)>,
    /// The consumer, when, and how often.
    pending: BTreeMap<StreamId, (Vec<u8>, u64, u64)>,
}

impl ModelGroup {
    fn of_consumer(&self, name: &[u8]) -> Vec<StreamId> {
        let own = self.pending.iter().filter(|(_, (consumer, ..))| consumer == name);
        own.map(|(id, _)| *id).collect()
    }
}

fn entries(stream: StreamRef<'_>, span: Span, limit: usize) -> Vec<(StreamId, Pairs)> {
    let mut entries = Vec::new();
    stream.visit(span, &mut |entry| {
        let pairs = entry.fields.map(|(name, value)| (name.to_vec(), value.to_vec()));
        entries.push((entry.id, pairs.collect()));
        entries.len() < limit
    });
    entries
}

fn compare(entry: &Entry, model: &Model, choices: &mut Choices<'_>) {
    let stream = StreamRef::of(entry.as_ref());
    if entry.form() == Form::StreamIndexed {
        entry.indexed::<IndexedStream>().check();
    }
    assert_eq!(stream.len(), model.entries.len());
    assert_eq!(stream.first_id(), model.entries.keys().next().copied());
    assert_eq!(stream.top_id(), model.entries.keys().next_back().copied());
    let state = stream.state();
    assert_eq!(
        (state.last_id, state.max_deleted_id, state.entries_added),
        (model.last_id, model.max_deleted_id, model.entries_added)
    );
    let all: Vec<(StreamId, Pairs)> = model.entries.iter().map(|(id, pairs)| (*id, pairs.clone())).collect();
    assert_eq!(entries(stream, Span::ALL, usize::MAX), all);
    let place = |choices: &mut Choices<'_>| match all.get(choices.below(all.len() + 1)) {
        Some((id, _)) => choices.pick(&[*id, id.next().unwrap_or(*id), id.previous().unwrap_or(*id)]),
        None => choices.pick(&[StreamId::MIN, StreamId::MAX]),
    };
    let (first, last) = (place(choices), place(choices));
    assert_eq!(stream.contains(first), model.entries.contains_key(&first));
    let within = || all.iter().filter(|(id, _)| (first..=last).contains(id));
    let limit = 1 + choices.below(20);
    let forward: Vec<_> = within().take(limit).cloned().collect();
    assert_eq!(entries(stream, Span { first, last, backward: false }, limit), forward);
    let backward: Vec<_> = within().rev().take(limit).cloned().collect();
    assert_eq!(entries(stream, Span { first, last, backward: true }, limit), backward);
    compare_groups(stream.groups(), model, first);
}

fn compare_groups(groups: &dyn Groups, model: &Model, from: StreamId) {
    assert_eq!(groups.count(), model.groups.len());
    let mut names = Vec::new();
    groups.visit(&mut |name, number| names.push((name.to_vec(), number)));
    assert!(names.iter().map(|(name, _)| name).eq(model.groups.keys()));
    for (name, number) in names {
        let expected = &model.groups[&name];
        assert_eq!(groups.find(&name), Some(number));
        let group = groups.group(number);
        assert_eq!(group.progress, expected.progress);
        assert_eq!((group.pending, group.consumers), (expected.pending.len(), expected.consumers.len()));
        assert_eq!(groups.last_pending(number), expected.pending.keys().next_back().copied());
        let pending = |consumer, from| {
            let mut pending = Vec::new();
            groups.visit_pending(number, consumer, from, &mut |id, held: Pending| {
                let name = groups.consumer(number, held.consumer).0.to_vec();
                pending.push((id, (name, held.delivered_ms, held.deliveries)));
                true
            });
            pending
        };
        let behind = expected.pending.range(from..).map(|(id, held)| (*id, held.clone()));
        assert!(pending(None, from).into_iter().eq(behind));
        let mut consumers = Vec::new();
        groups.visit_consumers(number, &mut |name, number, consumer| {
            consumers.push((name.to_vec(), number, consumer));
        });
        assert!(consumers.iter().map(|(name, ..)| name).eq(expected.consumers.keys()));
        for (name, consumer, found) in consumers {
            let own = expected.of_consumer(&name);
            let (seen_ms, active_ms) = expected.consumers[&name];
            assert_eq!(found, Consumer { seen_ms, active_ms, pending: own.len() });
            assert_eq!(groups.consumer(number, consumer), (&name[..], found));
            let ids = |pending: Vec<(StreamId, _)>| pending.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
            assert_eq!(ids(pending(Some(consumer), StreamId::MIN)), own);
            for id in own {
                assert_eq!(groups.pending(number, id).map(|held| held.consumer), Some(consumer));
            }
        }
    }
}

#[test]
fn a_stream_in_memory() {
    check(Home::Memory);
}

#[test]
fn a_stream_whose_entries_lie_outside() {
    check(Home::Outside);
}

/// Names of fields that are mostly those of the entry before.
fn pairs(choices: &mut Choices<'_>) -> Pairs {
    let count = 1 + choices.mostly_below(3, 40);
    let names = choices.below(3);
    (0..count).map(|place| (format!("name{}", names + place).into_bytes(), element(choices))).collect()
}

fn append(stream: &mut StreamMut<'_>, model: &mut Model, id: StreamId, pairs: Pairs) {
    stream.append(id, pairs.iter().flat_map(|(name, value)| [&name[..], &value[..]]));
    model.entries.insert(id, pairs);
    model.last_id = id;
    model.entries_added += 1;
}

fn trim(stream: &mut StreamMut<'_>, model: &mut Model, trim: Trim) {
    let before = model.entries.len();
    let goes = |place: usize, id: StreamId| match trim.until {
        Until::Length(max) => before - place > max,
        Until::Id(min) => id < min,
    };
    let removed = stream.trim(trim);
    let due = model.entries.keys().enumerate().take_while(|(place, id)| goes(*place, **id)).count();
    match trim.is_approximate {
        true => assert!(removed <= due && trim.work_max.is_none_or(|max| removed <= max)),
        false => assert_eq!(removed, due),
    }
    for _ in 0..removed {
        model.entries.pop_first();
    }
}

/// One of what a group has, or something else.
fn change_group(groups: &mut dyn Groups, model: &mut Model, choices: &mut Choices<'_>) {
    let name = format!("group{}", choices.below(3)).into_bytes();
    let consumer_name = format!("consumer{}", choices.below(4)).into_bytes();
    let number = groups.find(&name);
    assert_eq!(number.is_some(), model.groups.contains_key(&name));
    let progress = Progress {
        last_id: StreamId { ms: choices.bits(), seq: 1 },
        entries_read: (choices.below(2) == 0).then(|| choices.bits() >> 1),
    };
    let (Some(number), Some(group)) = (number, model.groups.get_mut(&name)) else {
        groups.create(&name, progress);
        model.groups.insert(name, ModelGroup { progress, ..ModelGroup::default() });
        return;
    };
    let consumer = groups.find_consumer(number, &consumer_name);
    assert_eq!(consumer.is_some(), group.consumers.contains_key(&consumer_name));
    let Some(consumer) = consumer else {
        let seen_ms = choices.bits() >> 1;
        groups.create_consumer(number, &consumer_name, seen_ms);
        group.consumers.insert(consumer_name, (seen_ms, None));
        return;
    };
    let id = match choices.below(2) {
        0 => StreamId { ms: choices.below(20) as u64, seq: 0 },
        _ => model.entries.keys().nth(choices.below(20)).copied().unwrap_or_default(),
    };
    match choices.below(16) {
        0 => {
            groups.remove(&name, number);
            model.groups.remove(&name);
        }
        1 => {
            groups.remove_consumer(number, consumer);
            group.consumers.remove(&consumer_name);
            group.pending.retain(|_, (held_by, ..)| *held_by != consumer_name);
        }
        2 => {
            groups.set_progress(number, progress);
            group.progress = progress;
        }
        3 => {
            let (seen_ms, active_ms) = (choices.bits() >> 1, (choices.below(2) == 0).then_some(7));
            groups.note_seen(number, consumer, seen_ms, active_ms);
            let known = group.consumers.get_mut(&consumer_name).expect("it was found");
            *known = (seen_ms, active_ms.or(known.1));
        }
        4..8 => {
            assert_eq!(groups.remove_pending(number, id), group.pending.remove(&id).is_some());
        }
        _ => {
            let (delivered_ms, deliveries) = (choices.bits() >> 1, choices.below(9) as u64);
            groups.set_pending(number, id, Pending { consumer, delivered_ms, deliveries });
            group.pending.insert(id, (consumer_name, delivered_ms, deliveries));
        }
    }
}

fn check(home: Home) {
    run("stream", |choices| {
        let limits = Limits {
            stream_block_bytes_max: choices.pick(&[4096, 0, 1, 100]),
            stream_block_entries_max: choices.pick(&[100, 0, 1, 3]),
            ..Limits::default()
        };
        let (mut entry, mut model) = (empty(b"key"), Model::default());
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let mut stream = StreamMut::of(&mut entry, &limits);
            match choices.below(12) {
                0..3 => {
                    let last = model.last_id;
                    let next = match choices.below(8) {
                        0 => {
                            StreamId { ms: last.ms.saturating_add(choices.bits() >> 2), seq: choices.bits() }
                        }
                        1 => StreamId { ms: last.ms.saturating_add(choices.below(1000) as u64 + 1), seq: 0 },
                        _ => StreamId {
                            ms: last.ms,
                            seq: last.seq.saturating_add(choices.below(3) as u64 + 1),
                        },
                    };
                    if next > last {
                        append(&mut stream, &mut model, next, pairs(choices));
                    }
                }
                3 => {
                    let (count, like) = (choices.below(300), pairs(choices));
                    for _ in 0..count {
                        let Some(id) = model.last_id.next() else { break };
                        append(&mut stream, &mut model, id, like.clone());
                    }
                }
                4 | 5 => {
                    let count = choices.mostly_below(3, 100);
                    for _ in 0..=count {
                        let place = choices.below(model.entries.len() + 1);
                        let id = model.entries.keys().nth(place).copied();
                        let id = id.unwrap_or(StreamId { ms: choices.bits(), seq: 3 });
                        let was_there = model.entries.remove(&id).is_some();
                        assert_eq!(stream.remove(id), was_there);
                        if was_there {
                            model.max_deleted_id = model.max_deleted_id.max(id);
                        }
                    }
                }
                6 => {
                    let place = choices.below(model.entries.len() + 1);
                    let until = match (choices.below(2), model.entries.keys().nth(place)) {
                        (0, Some(id)) => Until::Id(*id),
                        _ => Until::Length(place),
                    };
                    let is_approximate = choices.below(2) == 0;
                    let work_max = (is_approximate && choices.below(2) == 0).then(|| choices.below(300));
                    trim(&mut stream, &mut model, Trim { until, is_approximate, work_max });
                }
                7 => {
                    let entries_added = model.entries_added + choices.below(5) as u64;
                    stream.set_state(State { entries_added, ..stream.as_ref().state() });
                    model.entries_added = entries_added;
                }
                8..11 => change_group(stream.into_groups(), &mut model, choices),
                _ => {
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, choices);
                }
            }
        }
        compare(&entry, &model, choices);
    });
}
