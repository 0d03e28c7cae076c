use std::collections::VecDeque;

use super::*;
use crate::entry::Collection;
use crate::testing::{random, rounds};

type Model = VecDeque<Vec<u8>>;

fn limits(list_packed_size_max: i64) -> Limits {
    Limits { list_packed_size_max, ..Limits::default() }
}

fn check(entry: &Entry, model: &Model) {
    let list = ListRef::of(entry.as_ref());
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    assert!(list.iter().eq(model));
    assert!(list.rev_iter_from(model.len().wrapping_sub(1)).eq(model.iter().rev()));
    if entry.form() == Form::ListIndexed {
        let indexed: &IndexedList = entry.indexed();
        indexed.check();
    }
}

fn check_reads(entry: &Entry, model: &Model, index: usize) {
    let list = ListRef::of(entry.as_ref());
    let len = model.len();
    assert_eq!(list.get(index as i64), model.get(index).map(Vec::as_slice));
    let from_back = -1 - index as i64;
    assert_eq!(list.get(from_back), len.checked_sub(index + 1).map(|index| &model[index][..]));
    assert_eq!(list.iter_from(index).len(), len.saturating_sub(index));
    assert!(list.iter_from(index).eq(model.iter().skip(index)));
    assert!(list.range(index, 5).eq(model.iter().skip(index).take(5)));
    if index < len {
        assert!(list.rev_iter_from(index).eq(model.iter().rev().skip(len - 1 - index)));
    } else {
        assert_eq!(list.rev_iter_from(index).next(), None);
    }
}

/// One random operation on both, which must agree on what comes of it.
fn operate(
    entry: &mut Entry,
    model: &mut Model,
    limits: &Limits,
    bits: &mut impl FnMut() -> u64,
    grow: bool,
) {
    let mut below = |bound: usize| (bits() % bound as u64) as usize;
    let element = match below(60) {
        0 => vec![b'l'; 3000 + below(8000)],
        1..5 => vec![b'x'; below(400)],
        5..20 => below(100_000).to_string().into_bytes(),
        _ => format!("e{}", below(10)).into_bytes(),
    };
    let end = [End::Front, End::Back][below(2)];
    let index = below(model.len() + 2);
    let mut list = ListMut::of(entry, limits);
    match below(if grow { 16 } else { 24 }) {
        0..4 => {
            list.push(end, [&element]);
            match end {
                End::Front => model.push_front(element),
                End::Back => model.push_back(element),
            }
        }
        4..8 => {
            let elements: Vec<Vec<u8>> = (0..below(9)).map(|i| [&element[..], &[i as u8]].concat()).collect();
            list.push(end, &elements);
            for element in elements {
                match end {
                    End::Front => model.push_front(element),
                    End::Back => model.push_back(element),
                }
            }
        }
        8..11 => {
            let found = model.iter().position(|held| *held == element);
            assert_eq!(list.insert(end, &element, b"inserted"), found.is_some());
            if let Some(found) = found {
                model.insert(found + usize::from(end == End::Back), b"inserted".to_vec());
            }
        }
        11..13 => {
            let place = if below(2) == 0 { index as i64 } else { index as i64 - model.len() as i64 };
            let found = if place < 0 { place + model.len() as i64 } else { place };
            let found = usize::try_from(found).ok().filter(|&found| found < model.len());
            assert_eq!(list.set(place, &element), found.is_some());
            if let Some(found) = found {
                model[found] = element;
            }
        }
        13 => {
            let limit = below(5);
            let mut expected = 0;
            while expected < limit {
                let found = match end {
                    End::Front => model.iter().position(|held| *held == element),
                    End::Back => model.iter().rposition(|held| *held == element),
                };
                let Some(found) = found else { break };
                model.remove(found);
                expected += 1;
            }
            assert_eq!(list.remove_where(end, limit, |held| held == element), expected);
        }
        14 => {
            let range = index..index + below(5);
            let expected = model.drain(index.min(model.len())..range.end.min(model.len())).count();
            assert_eq!(list.remove_range(range), expected);
        }
        15 if !grow && below(20) == 0 => {
            let kept = index..index + model.len() / 2;
            let before = model.len();
            model.truncate(kept.end);
            model.drain(..kept.start.min(model.len()));
            assert_eq!(list.trim(kept), before - model.len());
        }
        15 => assert_eq!(list.get(index as i64), model.get(index).map(Vec::as_slice)),
        _ => {
            let popped = list.pop(end, <[u8]>::to_vec);
            assert_eq!(popped, if end == End::Front { model.pop_front() } else { model.pop_back() });
        }
    }
}

#[test]
fn it_agrees_with_a_deque_in_both_forms() {
    let mut random = random(1);
    for size in [-2, -1, 0, 1, 5, 128] {
        let limits = limits(size);
        let (mut entry, mut model) = (empty(b"key"), Model::new());
        for phase in 0..rounds(12) {
            for step in 0..rounds(1000) {
                operate(&mut entry, &mut model, &limits, &mut random, phase % 2 == 0);
                if step % 50 == 0 {
                    let index = random() as usize % (model.len() + 2);
                    check_reads(&entry, &model, index);
                    check(&entry, &model);
                }
            }
            check(&entry.as_ref().copy_to(b"copy"), &model);
        }
        while !model.is_empty() {
            let mut list = ListMut::of(&mut entry, &limits);
            assert_eq!(list.pop_back(<[u8]>::to_vec), model.pop_back());
        }
        check(&entry, &model);
    }
}

#[test]
fn five_elements_of_4_bytes_take_32() {
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits(-2)).push(End::Back, ["aaaa", "bbbb", "cccc", "dddd", "eeee"]);
    assert_eq!(entry.value().len(), 32);
}

#[test]
fn it_is_packed_up_to_the_bytes_that_redis_would_take() {
    let limits = limits(-1);
    // 60 bytes take 62 in a listpack: 65 of them and its 7 bytes make 4037. The last one counts without lengths.
    for (last, form) in [(59, Form::ListPacked), (60, Form::ListIndexed)] {
        let mut entry = empty(b"key");
        for _ in 0..65 {
            ListMut::of(&mut entry, &limits).push_back(&[b'x'; 60]);
        }
        ListMut::of(&mut entry, &limits).push_front(&vec![b'y'; last]);
        assert_eq!(entry.form(), form, "{last}");
    }
    // Integers take less there than their digits: 1000 of three bytes, all below 4096.
    let mut entry = empty(b"key");
    for integer in 3000..4000 {
        ListMut::of(&mut entry, &limits).push_back(integer.to_string().as_bytes());
    }
    assert_eq!(entry.form(), Form::ListPacked);
}

#[test]
fn the_elements_of_one_command_count_together() {
    let limits = limits(-1);
    let element = [b'x'; 10];
    let mut at_once = empty(b"key");
    ListMut::of(&mut at_once, &limits).push(End::Back, vec![element; 400]);
    assert_eq!(at_once.form(), Form::ListPacked, "their lengths are not counted before they are in");
    ListMut::of(&mut at_once, &limits).push_back(b"");
    assert_eq!(at_once.form(), Form::ListIndexed);
}

#[test]
fn it_is_packed_again_below_half_of_the_limit() {
    let limits = limits(128);
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits).push(End::Back, (0..129).map(|element| element.to_string()));
    assert_eq!(entry.form(), Form::ListIndexed);
    for left in (64..129).rev() {
        assert_eq!(entry.form(), Form::ListIndexed, "{left}");
        ListMut::of(&mut entry, &limits).pop_back(|_| ());
    }
    assert_eq!((entry.form(), ListRef::of(entry.as_ref()).len()), (Form::ListPacked, 64));
}

#[test]
fn a_failed_change_may_leave_it_indexed() {
    let limits = limits(3);
    for fail in [(|list| assert!(!list.set(9, b"x"))) as fn(&mut ListMut), |list| {
        assert!(!list.insert(End::Front, b"absent", b"x"))
    }] {
        let mut entry = empty(b"key");
        ListMut::of(&mut entry, &limits).push(End::Back, ["a", "b", "c"]);
        fail(&mut ListMut::of(&mut entry, &limits));
        assert_eq!(entry.form(), Form::ListIndexed);
    }
}

#[test]
fn a_list_made_at_once_is_packed_if_it_fits() {
    for (count, form) in [(0, Form::ListPacked), (128, Form::ListPacked), (129, Form::ListIndexed)] {
        let elements: Vec<String> = (0..count).map(|element| element.to_string()).collect();
        let entry = from_elements(b"key", &elements, &limits(128));
        assert_eq!(entry.form(), form);
        assert!(ListRef::of(entry.as_ref()).iter().eq(elements.iter().map(|element| element.as_bytes())));
    }
}

#[test]
fn a_large_element_has_a_chunk_of_its_own() {
    let limits = limits(-2);
    let large = vec![b'x'; 1 << 20];
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits).push(End::Back, ["a", "b", "c"]);
    assert!(ListMut::of(&mut entry, &limits).insert(End::Back, b"b", &large));
    assert!(ListRef::of(entry.as_ref()).iter().eq([b"a", b"b", &large[..], b"c"]));
    assert!(entry.as_ref().memory_bytes() < (1 << 20) * 5 / 4 + 1000);
    assert_eq!(entry.as_ref().free_effort(), 1 + 2 + 3);
    assert!(ListMut::of(&mut entry, &limits).set(2, b"small"));
    assert!(ListRef::of(entry.as_ref()).iter().eq([b"a", b"b", &b"small"[..], b"c"]));
}

#[test]
fn pushed_elements_fill_their_chunks() {
    for end in [End::Front, End::Back] {
        let mut list = IndexedList::new();
        let limit = Limit::of(-2);
        let count = rounds(100_000);
        (0..count).for_each(|_| list.push(end, &[b'x'; 64], limit));
        assert!(list.memory_bytes() < count * 69 + 10_000, "{} bytes", list.memory_bytes());
    }
}
