//! A list in all forms against a deque.

use std::collections::VecDeque;

use super::{Home, element, elements, rehouse, run};
use crate::entry::{Entry, Form};
use crate::limits::Limits;
use crate::list::{End, IndexedList, ListMut, ListRef, empty};

type Model = VecDeque<Vec<u8>>;

fn compare(entry: &Entry, model: &Model, index: usize) {
    let list = ListRef::of(entry.as_ref());
    let len = model.len();
    assert_eq!((list.len(), list.is_empty()), (len, len == 0));
    assert!(list.iter().eq(model));
    if entry.form() == Form::ListIndexed {
        entry.indexed::<IndexedList>().check();
    }
    assert_eq!(list.get(index as i64), model.get(index).map(Vec::as_slice));
    let from_back = len.checked_sub(index + 1).map(|index| &model[index][..]);
    assert_eq!(list.get(-1 - index as i64), from_back);
    assert_eq!(list.iter_from(index).len(), len.saturating_sub(index));
    assert!(list.iter_from(index).eq(model.iter().skip(index)));
    assert!(list.range(index, 5).eq(model.iter().skip(index).take(5)));
    let backwards = list.rev_iter_from(index);
    if index < len {
        assert!(backwards.eq(model.iter().rev().skip(len - 1 - index)));
    } else {
        assert_eq!(backwards.count(), 0);
    }
    assert!(list.rev_iter_from(len.wrapping_sub(1)).eq(model.iter().rev()));
}

fn push(model: &mut Model, end: End, element: Vec<u8>) {
    match end {
        End::Front => model.push_front(element),
        End::Back => model.push_back(element),
    }
}

#[test]
fn a_list_in_memory() {
    check(Home::Memory);
}

#[test]
fn a_list_whose_elements_lie_outside() {
    check(Home::Outside);
}

fn check(home: Home) {
    run("list", |choices| {
        let limits =
            Limits { list_packed_size_max: choices.pick(&[-2, -1, 0, 1, 5, 128]), ..Limits::default() };
        let (mut entry, mut model) = (empty(b"key"), Model::new());
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let mut list = ListMut::of(&mut entry, &limits);
            let end = choices.pick(&[End::Front, End::Back]);
            match choices.below(11) {
                0 => {
                    let element = element(choices);
                    list.push(end, [&element]);
                    push(&mut model, end, element);
                }
                1 => {
                    let elements = elements(choices);
                    list.push(end, &elements);
                    elements.into_iter().for_each(|element| push(&mut model, end, element));
                }
                2 => {
                    let count = choices.mostly_below(4, 1000);
                    for _ in 0..=count {
                        let expected = if end == End::Front { model.pop_front() } else { model.pop_back() };
                        assert_eq!(list.pop(end, <[u8]>::to_vec), expected);
                    }
                }
                3 => {
                    let (pivot, inserted) = (element(choices), element(choices));
                    let found = model.iter().position(|held| *held == pivot);
                    assert_eq!(list.insert(end, &pivot, &inserted), found.is_some());
                    if let Some(found) = found {
                        model.insert(found + usize::from(end == End::Back), inserted);
                    }
                }
                4 => {
                    // An element beside one that is there: where chunks are split.
                    let Some(pivot) = model.get(choices.below(model.len() + 1)).cloned() else { continue };
                    let inserted = element(choices);
                    let found = model.iter().position(|held| *held == pivot).expect("it is from there");
                    assert!(list.insert(end, &pivot, &inserted));
                    model.insert(found + usize::from(end == End::Back), inserted);
                }
                5 => {
                    let (index, element) = (choices.below(model.len() + 2), element(choices));
                    let place = if end == End::Front { index as i64 } else { -1 - index as i64 };
                    let found =
                        if end == End::Front { Some(index) } else { model.len().checked_sub(index + 1) };
                    let held = found.and_then(|found| model.get_mut(found));
                    assert_eq!(list.set(place, &element), held.is_some());
                    if let Some(held) = held {
                        *held = element;
                    }
                }
                6 => {
                    let (limit, element) = (choices.below(5), element(choices));
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
                7 => {
                    let start = choices.below(model.len() + 2);
                    let end = start + choices.mostly_below(5, 1000);
                    let expected = model.drain(start.min(model.len())..end.min(model.len())).count();
                    assert_eq!(list.remove_range(start..end), expected);
                }
                8 => {
                    let start = choices.below(model.len() + 2).min(choices.below(8));
                    let end = start + choices.below(model.len() + 2);
                    let before = model.len();
                    model.truncate(end);
                    model.drain(..start.min(model.len()));
                    assert_eq!(list.trim(start..end), before - model.len());
                }
                9 => {
                    // All that end alike, from either end and without a limit.
                    let last = choices.byte();
                    let before = model.len();
                    model.retain(|held| held.last() != Some(&last));
                    let removed = list.remove_where(end, usize::MAX, |held| held.last() == Some(&last));
                    assert_eq!(removed, before - model.len());
                }
                _ => {
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, choices.below(model.len() + 2));
                }
            }
        }
        compare(&entry, &model, model.len() / 2);
    });
}
