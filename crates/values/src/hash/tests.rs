use super::*;

/// Small limits.
fn limits() -> Limits {
    Limits { hash_packed_entries_max: 20, hash_packed_value_bytes_max: 64, ..Limits::default() }
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
