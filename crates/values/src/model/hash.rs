//! A hash in all forms against a map.

use std::collections::HashMap;

use super::{Home, element, elements, rehouse, run, scan_all};
use crate::entry::{Entry, Form};
use crate::hash::{HashMut, HashRef, due_ms, empty, is_gone};
use crate::limits::Limits;

/// Each field with its value, and when it expires.
type Model = HashMap<Vec<u8>, (Vec<u8>, u64)>;

const NEVER: u64 = u64::MAX;

/// What a model has at `now_ms`.
fn live(model: &Model, now_ms: u64) -> HashMap<&[u8], &[u8]> {
    let live = model.iter().filter(|(_, (_, until_ms))| *until_ms > now_ms);
    live.map(|(field, (value, _))| (&field[..], &value[..])).collect()
}

fn compare(entry: &Entry, model: &Model, now_ms: u64, count: usize) {
    let hash = HashRef::of(entry.as_ref()).at(now_ms);
    let live = live(model, now_ms);
    assert_eq!((hash.len(), hash.is_empty()), (live.len(), live.is_empty()));
    assert_eq!(is_gone(entry.as_ref(), now_ms), live.is_empty() && entry.is_timed());
    let held: Vec<_> = hash.iter().collect();
    assert_eq!(held.len(), live.len(), "no field comes twice");
    assert_eq!(held.into_iter().collect::<HashMap<_, _>>(), live);
    let scanned = scan_all(|cursor, found| {
        hash.scan(cursor, count, &mut |field, value| found.push((field.to_vec(), value.to_vec())))
    });
    let scanned: HashMap<_, _> = scanned.iter().map(|(field, value)| (&field[..], &value[..])).collect();
    assert_eq!(scanned, live);
    for (field, (_, until_ms)) in model {
        let deadline_ms = (*until_ms != NEVER).then_some(*until_ms);
        assert_eq!(hash.deadline_ms(field), (*until_ms > now_ms).then_some(deadline_ms));
    }
    assert!(model.values().all(|(_, until_ms)| *until_ms >= due_ms(entry.as_ref())), "it is never too late");
    assert_eq!(entry.is_timed(), model.values().any(|(_, until_ms)| *until_ms != NEVER));
}

/// What a target does to its hash: everything, or what there is without deadlines.
const WITH_DEADLINES: usize = 12;
const WITHOUT_DEADLINES: usize = 8;

#[test]
fn a_hash_in_memory() {
    check("hash", Home::Memory, WITHOUT_DEADLINES);
}

#[test]
fn a_hash_whose_fields_lie_outside() {
    check("hash", Home::Outside, WITHOUT_DEADLINES);
}

#[test]
fn a_hash_in_memory_whose_fields_expire() {
    check("hash_deadlines", Home::Memory, WITH_DEADLINES);
}

#[test]
fn a_hash_whose_fields_lie_outside_and_expire() {
    check("hash_deadlines", Home::Outside, WITH_DEADLINES);
}

fn is_packed(form: Form) -> bool {
    matches!(form, Form::HashPacked | Form::HashPackedTimed)
}

fn check(target: &str, home: Home, operations: usize) {
    run(target, |choices| {
        let limits = Limits {
            hash_packed_entries_max: choices.pick(&[20, 0, 1, 128, 512]),
            hash_packed_value_bytes_max: choices.pick(&[10, 64]),
            ..Limits::default()
        };
        let fits = |bytes: &[u8]| bytes.len() <= limits.hash_packed_value_bytes_max;
        let (mut entry, mut model, mut now_ms) = (empty(b"key"), Model::new(), 1000);
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let was = entry.form();
            let mut hash = HashMut::of(&mut entry, &limits).at(now_ms);
            let is_live = |model: &Model, field: &[u8]| model.get(field).is_some_and(|(_, at)| *at > now_ms);
            match choices.below(operations) {
                0 | 1 => {
                    let (field, value) = (element(choices), element(choices));
                    let is_small = fits(&field) && fits(&value);
                    let known = model.get(&field).filter(|(_, until_ms)| *until_ms > now_ms);
                    assert_eq!(hash.get(&field), known.map(|(value, _)| &value[..]));
                    assert_eq!(hash.set(&field, &value), !is_live(&model, &field));
                    model.insert(field.clone(), (value.clone(), NEVER));
                    assert_eq!(hash.get(&field), Some(&value[..]));
                    let stays = is_packed(was) && is_small && model.len() <= limits.hash_packed_entries_max;
                    assert_eq!(is_packed(entry.form()), stays);
                    assert_eq!(entry.form().is_stored(), was.is_stored());
                }
                2 => {
                    let field = element(choices);
                    assert_eq!(hash.contains(&field), is_live(&model, &field));
                    assert_eq!(hash.remove(&field), is_live(&model, &field));
                    model.remove(&field);
                }
                3 => {
                    let mut value = element(choices);
                    value.truncate(100);
                    for field in elements(choices) {
                        assert_eq!(hash.set(&field, &value), !is_live(&model, &field));
                        model.insert(field, (value.clone(), NEVER));
                    }
                }
                4 => {
                    for field in elements(choices) {
                        assert_eq!(hash.remove(&field), is_live(&model, &field));
                        model.remove(&field);
                    }
                }
                5 => {
                    let mut random = choices.random();
                    let picked = hash.as_ref().random(&mut || random.next_u64());
                    let live = live(&model, now_ms);
                    assert_eq!(picked.is_none(), live.is_empty());
                    if let Some((field, value)) = picked {
                        assert_eq!(live[field], value);
                    }
                }
                6 => hash.reserve(choices.below(1000)),
                7 => {
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, now_ms, choices.below(50));
                }
                8 => {
                    let (field, value) = (element(choices), element(choices));
                    assert_eq!(hash.set_value(&field, &value), !is_live(&model, &field));
                    let until_ms = model.get(&field).map_or(NEVER, |(_, at)| *at);
                    model.insert(field, (value, if until_ms > now_ms { until_ms } else { NEVER }));
                }
                9 | 10 => {
                    let fields =
                        if choices.below(4) == 0 { elements(choices) } else { vec![element(choices)] };
                    let until_ms = [NEVER, now_ms + 1, now_ms + choices.below(5000) as u64][choices.below(3)];
                    for (place, field) in fields.into_iter().enumerate() {
                        let until_ms = until_ms.saturating_add(place as u64);
                        let deadline_ms = (until_ms != NEVER).then_some(until_ms);
                        assert_eq!(hash.set_deadline_ms(&field, deadline_ms), is_live(&model, &field));
                        if is_live(&model, &field) {
                            model.entry(field).and_modify(|held| held.1 = until_ms);
                        }
                    }
                }
                _ if choices.below(2) == 0 => now_ms += choices.below(1000) as u64,
                _ => {
                    let effort = 1 + choices.below(3);
                    while due_ms(entry.as_ref()) <= now_ms {
                        HashMut::of(&mut entry, &limits).at(now_ms).sweep(effort, &mut |_| ());
                    }
                    model.retain(|_, (_, until_ms)| *until_ms > now_ms);
                }
            }
            let stays =
                is_packed(was) || !is_packed(entry.form()) && was.is_stored() == entry.form().is_stored();
            assert!(stays || was.is_stored(), "an indexed hash stays indexed, but a copy is held in memory");
        }
        compare(&entry, &model, now_ms, 10);
    });
}
