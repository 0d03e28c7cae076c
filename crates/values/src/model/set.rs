//! A set in all forms against a sorted set of members.

use std::collections::BTreeSet;

use super::{Home, element, elements, rehouse, run, scan_all};
use crate::entry::{Entry, Form};
use crate::limits::Limits;
use crate::set::{SetMut, SetRef, empty, empty_for, empty_packed};

type Model = BTreeSet<Vec<u8>>;

fn is_integer(member: &[u8]) -> bool {
    str::from_utf8(member).is_ok_and(|text| text.parse().is_ok_and(|number: i64| number.to_string() == text))
}

fn compare(entry: &Entry, model: &Model, count: usize) {
    let set = SetRef::of(entry.as_ref());
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    let held: Vec<Vec<u8>> = set.iter().map(|member| member.to_vec()).collect();
    if set.is_integers() {
        let number = |member: &Vec<u8>| base::number::parse_i64(member).expect("an integer");
        assert!(held.is_sorted_by_key(number));
    }
    assert_eq!(held.len(), model.len(), "no member comes twice");
    assert_eq!(&held.into_iter().collect::<Model>(), model);
    let scanned =
        scan_all(|cursor, found| set.scan(cursor, count, &mut |member| found.push(member.to_vec())));
    assert_eq!(&scanned.into_iter().collect::<Model>(), model);
}

/// The form after an insertion of something new.
fn form_after(was: Form, member: &[u8], len: usize, limits: &Limits) -> Option<Form> {
    match was {
        Form::SetIntegers if is_integer(member) && len <= limits.set_integers_max => Some(Form::SetIntegers),
        Form::SetIntegers => None,
        Form::SetPacked
            if len <= limits.set_packed_entries_max && member.len() <= limits.set_packed_value_bytes_max =>
        {
            Some(Form::SetPacked)
        }
        Form::SetStored => Some(Form::SetStored),
        _ => Some(Form::SetIndexed),
    }
}

#[test]
fn a_set_in_memory() {
    check(Home::Memory);
}

#[test]
fn a_set_whose_members_lie_outside() {
    check(Home::Outside);
}

fn check(home: Home) {
    run("set", |choices| {
        let limits = Limits {
            set_integers_max: choices.pick(&[30, 0, 5, 512]),
            set_packed_entries_max: choices.pick(&[20, 0, 128]),
            set_packed_value_bytes_max: choices.pick(&[16, 64]),
            ..Limits::default()
        };
        let mut entry = match choices.below(3) {
            0 => empty(b"key"),
            1 => empty_packed(b"key"),
            _ => empty_for(b"key", &element(choices), choices.below(600), &limits),
        };
        let mut model = Model::new();
        let mut random = choices.random();
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let was = entry.form();
            let mut set = SetMut::of(&mut entry, &limits);
            match choices.below(9) {
                0 | 1 => {
                    let member = element(choices);
                    assert_eq!(set.contains(&member), model.contains(&member));
                    let is_new = model.insert(member.clone());
                    assert_eq!(set.insert(&member), is_new);
                    assert!(set.contains(&member));
                    let expected =
                        if is_new { form_after(was, &member, model.len(), &limits) } else { Some(was) };
                    assert!(
                        expected.is_none_or(|form| form == entry.form()),
                        "{was:?} to {:?}",
                        entry.form()
                    );
                }
                2 => {
                    let member = element(choices);
                    assert_eq!(set.remove(&member), model.remove(&member));
                }
                3 => elements(choices).into_iter().for_each(|member| {
                    assert_eq!(set.insert(&member), model.insert(member));
                }),
                4 => elements(choices).into_iter().for_each(|member| {
                    assert_eq!(set.remove(&member), model.remove(&member));
                }),
                5 => match set.pop_random(&mut || random.next_u64()) {
                    Some(popped) => assert!(model.remove(popped.as_slice())),
                    None => assert!(model.is_empty()),
                },
                6 => {
                    let count = choices.below(40);
                    let expected = model.len().saturating_sub(count);
                    set.pop_random_many(count, &mut || random.next_u64(), &mut |member| {
                        assert!(model.remove(member));
                    });
                    assert_eq!(model.len(), expected);
                }
                7 => set.reserve(choices.below(600)),
                _ => {
                    let picked = set.as_ref().random(&mut || random.next_u64());
                    assert_eq!(picked.is_none(), model.is_empty());
                    assert!(picked.is_none_or(|member| model.contains(&*member)));
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, choices.below(50));
                }
            }
        }
        compare(&entry, &model, 10);
    });
}
