use std::collections::HashMap;

use super::*;
use crate::testing::{random, rounds};

/// Small limits, so that random operations cross them.
fn limits() -> Limits {
    Limits { hash_packed_entries_max: 20, hash_packed_value_bytes_max: 64, ..Limits::default() }
}

fn check(entry: &Entry, model: &HashMap<Vec<u8>, Vec<u8>>) {
    let hash = HashRef::of(entry.as_ref());
    let held: HashMap<Vec<u8>, Vec<u8>> = hash.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect();
    assert_eq!(&held, model);
    assert_eq!((hash.len(), hash.iter().count()), (model.len(), model.len()));
    let mut scanned = HashMap::new();
    let mut cursor = 0;
    loop {
        cursor = hash.scan(cursor, 3, &mut |f, v| {
            scanned.insert(f.to_vec(), v.to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(&scanned, model);
}

#[test]
fn it_agrees_with_a_map_in_both_forms() {
    let limits = limits();
    let mut random = random(1);
    for round in 0..rounds(100) {
        let (mut entry, mut model) = (empty(b"key"), HashMap::new());
        let longest = [8, 64, 65, 300][round % 4];
        for step in 0..rounds(200) {
            let field = format!("field:{}", random() % 30).into_bytes();
            let value = vec![step as u8; (random() % (longest + 1)) as usize];
            let mut hash = HashMut::of(&mut entry, &limits);
            assert_eq!(hash.get(&field), model.get(&field).map(Vec::as_slice));
            if random().is_multiple_of(3) {
                assert_eq!(hash.remove(&field), model.remove(&field).is_some());
            } else {
                assert_eq!(hash.set(&field, &value), model.insert(field.clone(), value).is_none());
            }
            assert_eq!((hash.contains(&field), hash.len()), (model.contains_key(&field), model.len()));
            if let Some((field, value)) = hash.as_ref().random(&mut random) {
                assert_eq!(model[field], value);
            } else {
                assert!(hash.is_empty());
            }
        }
        check(&entry, &model);
        check(&entry.as_ref().copy_to(b"copy"), &model);
    }
}

#[test]
fn it_is_packed_up_to_the_limits_and_indexed_above_them() {
    let limits = limits();
    let mut entry = empty(b"key");
    for field in 0..20u8 {
        assert!(HashMut::of(&mut entry, &limits).set(&[field; 64], &[field; 64]));
    }
    assert_eq!(entry.form(), Form::HashPacked);
    HashMut::of(&mut entry, &limits).set(&[0; 64], b"set again");
    assert_eq!(entry.form(), Form::HashPacked);
    HashMut::of(&mut entry, &limits).set(b"one more", b"");
    assert_eq!(entry.form(), Form::HashIndexed);
    for field in 0..20u8 {
        assert!(HashMut::of(&mut entry, &limits).remove(&[field; 64]));
    }
    assert_eq!((entry.form(), HashRef::of(entry.as_ref()).len()), (Form::HashIndexed, 1));
}

#[test]
fn a_long_field_or_value_makes_it_indexed() {
    for (field, value) in [(65, 0), (0, 65)] {
        let mut entry = empty(b"key");
        HashMut::of(&mut entry, &limits()).set(&vec![b'f'; field], &vec![b'v'; value]);
        assert_eq!(entry.form(), Form::HashIndexed);
    }
}

#[test]
fn many_announced_fields_make_it_indexed() {
    let mut entry = empty(b"key");
    HashMut::of(&mut entry, &limits()).reserve(20);
    assert_eq!(entry.form(), Form::HashPacked);
    HashMut::of(&mut entry, &limits()).reserve(21);
    assert_eq!(entry.form(), Form::HashIndexed);
}

#[test]
fn its_memory_is_what_its_fields_take() {
    let limits = Limits { hash_packed_entries_max: 0, ..Limits::default() };
    let mut entry = empty(b"key");
    let mut hash = HashMut::of(&mut entry, &limits);
    hash.set(b"another", b"");
    hash.set(b"field", &[0; 25]);
    let small = entry.as_ref().memory_bytes();
    HashMut::of(&mut entry, &limits).set(b"field", &[0; 121]);
    assert_eq!(
        entry.as_ref().memory_bytes(),
        small + 96,
        "5 + 25 and two lengths take 32 bytes, 5 + 121 take 128"
    );
    HashMut::of(&mut entry, &limits).remove(b"field");
    assert_eq!(entry.as_ref().memory_bytes(), small - 32);
}
