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

#[test]
fn only_a_hash_with_deadlines_has_their_form() {
    let small = Limits { hash_packed_entries_max: 2, ..Limits::default() };
    for (limits, forms) in [
        (limits(), [Form::HashPacked, Form::HashPackedTimed]),
        (small, [Form::HashIndexed, Form::HashIndexedTimed]),
    ] {
        let mut entry = empty(b"key");
        for field in [b"a", b"b", b"c"] {
            HashMut::of(&mut entry, &limits).set(field, b"value");
        }
        let bytes = entry.as_ref().memory_bytes();
        let without_all: [fn(HashMut<'_>); 4] = [
            |mut hash| assert!(hash.set_deadline_ms(b"b", None)),
            |mut hash| assert!(!hash.set(b"b", b"value")),
            |mut hash| assert!(hash.remove(b"b")),
            |hash| assert_eq!(hash.at(7).sweep(10, &mut |_| ()), 1),
        ];
        for (place, without) in without_all.into_iter().enumerate() {
            assert_eq!((entry.form(), entry.is_timed()), (forms[0], false));
            HashMut::of(&mut entry, &limits).set(b"b", b"value");
            assert_eq!(entry.as_ref().memory_bytes(), bytes, "before {place}");
            assert!(HashMut::of(&mut entry, &limits).set_deadline_ms(b"b", Some(7)));
            assert!(!HashMut::of(&mut entry, &limits).set_deadline_ms(b"none", Some(7)));
            assert_eq!((entry.form(), entry.is_timed(), due_ms(entry.as_ref())), (forms[1], true, 7));
            without(HashMut::of(&mut entry, &limits));
        }
        assert_eq!((entry.form(), HashRef::of(entry.as_ref()).len()), (forms[0], 2));
    }
}

#[test]
fn a_packed_hash_with_deadlines_is_as_drawn() {
    let mut entry = empty(b"key");
    let limits = limits();
    HashMut::of(&mut entry, &limits).set(b"ab", b"c");
    HashMut::of(&mut entry, &limits).set(b"d", b"");
    HashMut::of(&mut entry, &limits).set_deadline_ms(b"ab", Some(0x1234));
    let least = b"\x34\x12\0\0\0\0\0\0";
    assert_eq!(entry.value(), [&least[..], b"\x02\x02ab\x01c\x08", least, b"\x01d\0\0"].concat());
}
