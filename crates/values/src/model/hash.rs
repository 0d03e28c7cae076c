//! A hash in all forms against a map.

use std::collections::HashMap;

use super::{Home, element, elements, rehouse, run, scan_all};
use crate::entry::{Entry, Form};
use crate::hash::{HashMut, HashRef, empty};
use crate::limits::Limits;

type Model = HashMap<Vec<u8>, Vec<u8>>;

fn compare(entry: &Entry, model: &Model, count: usize) {
    let hash = HashRef::of(entry.as_ref());
    let owned = |field: &[u8], value: &[u8]| (field.to_vec(), value.to_vec());
    assert_eq!((hash.len(), hash.is_empty()), (model.len(), model.is_empty()));
    let held: Vec<_> = hash.iter().map(|(field, value)| owned(field, value)).collect();
    assert_eq!(held.len(), model.len(), "no field comes twice");
    assert_eq!(&held.into_iter().collect::<Model>(), model);
    let scanned = scan_all(|cursor, found| {
        hash.scan(cursor, count, &mut |field, value| found.push(owned(field, value)))
    });
    assert_eq!(&scanned.into_iter().collect::<Model>(), model);
}

#[test]
fn a_hash_in_memory() {
    check(Home::Memory);
}

#[test]
fn a_hash_whose_fields_lie_outside() {
    check(Home::Outside);
}

fn check(home: Home) {
    run("hash", |choices| {
        let limits = Limits {
            hash_packed_entries_max: choices.pick(&[20, 0, 1, 128, 512]),
            hash_packed_value_bytes_max: choices.pick(&[10, 64]),
            ..Limits::default()
        };
        let fits = |bytes: &[u8]| bytes.len() <= limits.hash_packed_value_bytes_max;
        let (mut entry, mut model) = (empty(b"key"), Model::new());
        for step in 0.. {
            if choices.are_over() {
                break;
            }
            home.settle(&mut entry, step);
            let was = entry.form();
            let mut hash = HashMut::of(&mut entry, &limits);
            match choices.below(8) {
                0 | 1 => {
                    let (field, value) = (element(choices), element(choices));
                    let is_small = fits(&field) && fits(&value);
                    assert_eq!(hash.get(&field), model.get(&field).map(Vec::as_slice));
                    assert_eq!(hash.set(&field, &value), model.insert(field.clone(), value).is_none());
                    assert_eq!(hash.get(&field), model.get(&field).map(Vec::as_slice));
                    let stays =
                        was == Form::HashPacked && is_small && model.len() <= limits.hash_packed_entries_max;
                    assert_eq!(entry.form(), if stays || was.is_stored() { was } else { Form::HashIndexed });
                }
                2 => {
                    let field = element(choices);
                    assert_eq!(hash.contains(&field), model.contains_key(&field));
                    assert_eq!(hash.remove(&field), model.remove(&field).is_some());
                }
                3 => {
                    let mut value = element(choices);
                    value.truncate(100);
                    for field in elements(choices) {
                        assert_eq!(hash.set(&field, &value), model.insert(field, value.clone()).is_none());
                    }
                }
                4 => {
                    for field in elements(choices) {
                        assert_eq!(hash.remove(&field), model.remove(&field).is_some());
                    }
                }
                5 => {
                    let mut random = choices.random();
                    let picked = hash.as_ref().random(&mut || random.next_u64());
                    assert_eq!(picked.is_none(), model.is_empty());
                    if let Some((field, value)) = picked {
                        assert_eq!(model[field], value);
                    }
                }
                6 => hash.reserve(choices.below(1000)),
                _ => {
                    rehouse(&mut entry, choices);
                    compare(&entry, &model, choices.below(50));
                }
            }
            let stays = was == Form::HashPacked || entry.form() == was;
            assert!(stays || was.is_stored(), "an indexed hash stays indexed, but a copy is held in memory");
        }
        compare(&entry, &model, 10);
    });
}
