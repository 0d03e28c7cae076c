use std::collections::{BTreeSet, HashSet};

use super::*;
use crate::testing::random;

/// Small limits.
fn limits() -> Limits {
    Limits {
        set_integers_max: 30,
        set_packed_entries_max: 20,
        set_packed_value_bytes_max: 16,
        ..Limits::default()
    }
}

fn set_of(members: impl IntoIterator<Item: ToString>) -> Entry {
    let mut entry = empty(b"key");
    for member in members {
        assert!(SetMut::of(&mut entry, &limits()).insert(member.to_string().as_bytes()));
    }
    entry
}

fn members(entry: &Entry) -> BTreeSet<Vec<u8>> {
    SetRef::of(entry.as_ref()).iter().map(|member| member.to_vec()).collect()
}

#[test]
fn the_first_member_and_the_expected_number_choose_the_form() {
    let cases: [(&[u8], usize, Form); 6] = [
        (b"1", 30, Form::SetIntegers),
        (b"1", 31, Form::SetIndexed),
        (b"a", 20, Form::SetPacked),
        (b"a", 21, Form::SetIndexed),
        (b"01", 1, Form::SetPacked),
        (b"-9223372036854775808", 1, Form::SetIntegers),
    ];
    for (first, expected, form) in cases {
        assert_eq!(empty_for(b"key", first, expected, &limits()).form(), form, "{first:?} of {expected}");
    }
    let few_integers = Limits { set_integers_max: 1, ..limits() };
    assert_eq!(empty_for(b"key", b"1", 2, &few_integers).form(), Form::SetPacked);
}

#[test]
fn integers_become_packed_or_indexed_when_something_else_comes() {
    let limits = limits();
    let cases: [(std::ops::Range<i64>, &str, Form); 5] = [
        (0..30, "30", Form::SetIndexed),
        (0..19, "word", Form::SetPacked),
        (0..20, "word", Form::SetIndexed),
        (0..5, "a word of 17 bytes", Form::SetIndexed),
        (-2_000_000_000_000_000..-1_999_999_999_999_998, "word", Form::SetIndexed),
    ];
    for (integers, member, form) in cases {
        let mut entry = set_of(integers.clone());
        assert_eq!(entry.form(), Form::SetIntegers);
        assert!(SetMut::of(&mut entry, &limits).insert(member.as_bytes()));
        assert_eq!(entry.form(), form, "{integers:?} and {member}");
        let expected: BTreeSet<Vec<u8>> = integers
            .map(|value| value.to_string())
            .chain([member.to_string()])
            .map(String::into_bytes)
            .collect();
        assert_eq!(members(&entry), expected);
    }
}

#[test]
fn a_packed_set_becomes_indexed_above_its_limits() {
    let mut entry = set_of((0..20).map(|member| format!("m{member}")));
    assert_eq!(entry.form(), Form::SetPacked);
    assert!(!SetMut::of(&mut entry, &limits()).insert(b"m0"), "known already, so that nothing changes");
    assert_eq!(entry.form(), Form::SetPacked);
    assert!(SetMut::of(&mut entry, &limits()).insert(b"m20"));
    assert_eq!(entry.form(), Form::SetIndexed);
    assert_eq!(set_of(["a member of 17 b."]).form(), Form::SetIndexed);
}

#[test]
fn many_announced_members_make_it_indexed() {
    for (member, most) in [("1", 30), ("a", 20)] {
        let mut entry = set_of([member]);
        let form = entry.form();
        SetMut::of(&mut entry, &limits()).reserve(most);
        assert_eq!(entry.form(), form);
        SetMut::of(&mut entry, &limits()).reserve(most + 1);
        assert_eq!(entry.form(), Form::SetIndexed);
    }
}

#[test]
fn many_random_members_are_taken_out_once_each() {
    let mut random = random(5);
    let texts: Vec<String> = (0..100).map(|member| format!("m{member}")).collect();
    let sets = [
        (set_of(&texts), Form::SetPacked),
        (set_of(&texts[..20]), Form::SetPacked),
        (set_of(0..30), Form::SetIntegers),
    ];
    for (original, form_of_few) in sets {
        let len = SetRef::of(original.as_ref()).len();
        for count in [0, 1, len / 2, len - 2, len - 1, len, len + 1] {
            let mut entry = original.as_ref().copy_to(b"key");
            entry.set_deadline_ms(Some(77));
            let mut taken = HashSet::new();
            SetMut::of(&mut entry, &limits()).pop_random_many(count, &mut random, &mut |member| {
                assert!(taken.insert(member.to_vec()));
            });
            assert_eq!(taken.len(), count.min(len));
            assert!(members(&entry).iter().all(|member| !taken.contains(member)));
            assert_eq!(SetRef::of(entry.as_ref()).len(), len - taken.len());
            assert_eq!((entry.key(), entry.deadline_ms()), (&b"key"[..], Some(77)));
            if count + 2 == len {
                assert_eq!(entry.form(), form_of_few);
            }
        }
    }
}

#[test]
fn its_memory_is_what_its_members_take() {
    let mut entry = set_of([0; 1]);
    SetMut::of(&mut entry, &limits()).reserve(1000);
    let before = entry.as_ref().memory_bytes();
    assert!(SetMut::of(&mut entry, &limits()).insert(b"a 16-byte member"));
    assert!(!SetMut::of(&mut entry, &limits()).insert(b"a 16-byte member"));
    assert_eq!(entry.as_ref().memory_bytes(), before + 32);
    assert!(SetMut::of(&mut entry, &limits()).remove(b"a 16-byte member"));
    assert_eq!(entry.as_ref().memory_bytes(), before);
}
