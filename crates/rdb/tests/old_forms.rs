//! What nobody writes any more, and what never should have been written: bytes made here, by the formats' own
//! descriptions (`ziplist.c`, `zipmap.c`, `listpack.c`, `rdb.c`), are read or refused.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Described, describe};
use rdb::file::{Item, Reader};
use rdb::{Flaw, decode_value};
use values::limits::Limits;

/// A string, as it is. All here are short.
fn string(bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len();
    let mut out = if len < 64 { vec![len as u8] } else { vec![0x40 | (len >> 8) as u8, len as u8] };
    out.extend(bytes);
    out
}

/// A value of a type: its byte and its parts.
fn value(value_type: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[value_type], parts.concat().as_slice()].concat()
}

/// An element of a ziplist: its encoding and what follows.
fn ziplist_text(text: &[u8]) -> Vec<u8> {
    let len = text.len();
    let head = match len {
        0..64 => vec![len as u8],
        64..0x4000 => vec![0x40 | (len >> 8) as u8, len as u8],
        _ => [&[0x80][..], &(len as u32).to_be_bytes()].concat(),
    };
    [&head, text].concat()
}

fn ziplist(elements: &[Vec<u8>]) -> Vec<u8> {
    let (mut body, mut before, mut last_at) = (Vec::new(), 0usize, 10);
    for element in elements {
        last_at = 10 + body.len();
        match before {
            0..254 => body.push(before as u8),
            _ => {
                body.push(254);
                body.extend((before as u32).to_le_bytes());
            }
        }
        body.extend(element);
        before = 10 + body.len() - last_at;
    }
    let total = (10 + body.len() + 1) as u32;
    let count = elements.len() as u16;
    [&total.to_le_bytes()[..], &(last_at as u32).to_le_bytes(), &count.to_le_bytes(), &body, &[255]].concat()
}

fn zipmap(pairs: &[(&[u8], &[u8], u8)]) -> Vec<u8> {
    let mut out = vec![pairs.len().min(254) as u8];
    let length = |len: usize| match len {
        0..254 => vec![len as u8],
        _ => [&[254][..], &(len as u32).to_le_bytes()].concat(),
    };
    for (field, value, spare) in pairs {
        out.extend([&length(field.len()), *field, &length(value.len()), &[*spare], *value].concat());
        out.extend(vec![b'?'; usize::from(*spare)]);
    }
    out.push(255);
    out
}

/// A listpack of texts below 4,096 bytes and of integers.
fn listpack(elements: &[Result<i64, &[u8]>]) -> Vec<u8> {
    let mut body = Vec::new();
    for element in elements {
        let entry = match element {
            Ok(integer @ 0..128) => vec![*integer as u8],
            Ok(integer) => [&[0xf4][..], &integer.to_le_bytes()].concat(),
            Err(text) if text.len() >= 64 => {
                [&[0xe0 | (text.len() >> 8) as u8, text.len() as u8], *text].concat()
            }
            Err(text) => [&[0x80 | text.len() as u8], *text].concat(),
        };
        body.extend(&entry);
        match entry.len() {
            len @ 0..128 => body.push(len as u8),
            len => body.extend([(len >> 7) as u8, len as u8 | 0x80]),
        }
    }
    let total = (6 + body.len() + 1) as u32;
    [&total.to_le_bytes()[..], &(elements.len() as u16).to_le_bytes(), &body, &[255]].concat()
}

fn intset(width: u32, integers: &[i64]) -> Vec<u8> {
    let mut out = [width.to_le_bytes(), (integers.len() as u32).to_le_bytes()].concat();
    integers.iter().for_each(|integer| out.extend(&integer.to_le_bytes()[..width as usize]));
    out
}

#[track_caller]
fn check(input: &[u8], expected: Described) {
    let entry = decode_value(input, b"key", &Limits::default()).unwrap();
    assert_eq!(describe(&entry), expected);
    for end in 0..input.len() {
        assert!(decode_value(&input[..end], b"key", &Limits::default()).is_err(), "cut at {end}");
    }
    let longer = [input, b"x"].concat();
    assert!(decode_value(&longer, b"key", &Limits::default()).is_err());
}

#[track_caller]
fn check_refused(input: &[u8], why: &str) {
    let damage = decode_value(input, b"key", &Limits::default()).map(|_| ()).unwrap_err();
    assert_eq!(damage.flaw.to_string(), why);
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn hash(pairs: &[(&str, &str, Option<u64>)]) -> Described {
    let field = |(field, value, deadline_ms): &(&str, &str, Option<u64>)| {
        (field.as_bytes().to_vec(), (value.as_bytes().to_vec(), *deadline_ms))
    };
    Described::Hash(pairs.iter().map(field).collect())
}

fn zset(members: &[(&str, f64)]) -> Described {
    Described::ZSet(members.iter().map(|(name, score)| (name.as_bytes().to_vec(), score.to_bits())).collect())
}

#[test]
fn strings_in_every_writing() {
    let text = |text: &[u8]| Described::String(text.to_vec());
    check(&value(0, &[&[0xc0, 0x85]]), text(b"-123"));
    check(&value(0, &[&[0xc1, 0x39, 0x30]]), text(b"12345"));
    check(&value(0, &[&[0xc2, 0, 0, 0, 0x80]]), text(b"-2147483648"));
    check(&value(0, &[&[0xc3, 5, 10, 0, b'a', 0xe0, 0, 0]]), text(b"aaaaaaaaaa"));
    check(&value(0, &[&[0x80, 0, 0, 0, 2], b"ab"]), text(b"ab"));
    check(&value(0, &[&[0x81, 0, 0, 0, 0, 0, 0, 0, 2], b"ab"]), text(b"ab"));
    check_refused(&value(0, &[&[0xc4, 0]]), "a string of no known encoding");
    check_refused(&value(0, &[&[0x81, 0x7f, 0, 0, 0, 0, 0, 0, 2], b"ab"]), "a string of more than 2 GiB");
    check_refused(&value(0, &[&[0x80, 0x7f, 0, 0, 0], b"ab"]), "the data ends early");
    // A length that is claimed and cannot come of so few bytes is not allocated.
    check_refused(
        &value(0, &[&[0xc3, 5, 0x80, 0x7f, 0, 0, 0, 0, b'a', 0xe0, 0, 0]]),
        "a string that cannot be decompressed",
    );
    check_refused(&[8, 0], "no known type of value");
    check_refused(&[6, 1], "a module's value of before Redis 4.0");
    let id = 0x0000_0000_0000_0401u64.to_be_bytes();
    let damage = decode_value(&value(7, &[&[0x81], &id, &[0]]), b"key", &Limits::default());
    assert_eq!(damage.map(|_| ()).unwrap_err().flaw, Flaw::Module("AAAAAAAAB".to_owned()));
}

#[test]
fn lists_in_every_form() {
    let expected = || Described::List(texts(&["a", "-300", "12"]));
    let parts = [ziplist_text(b"a"), vec![0xc0, 0xd4, 0xfe], vec![0xfd]];
    check(&value(1, &[&[3], &string(b"a"), &string(b"-300"), &[0xc0, 12]]), expected());
    check(&value(10, &[&string(&ziplist(&parts))]), expected());
    check(&value(14, &[&[2], &string(&ziplist(&parts[..1])), &string(&ziplist(&parts[1..]))]), expected());
    let packed = listpack(&[Err(b"a"), Ok(-300)]);
    check(&value(18, &[&[2], &[2], &string(&packed), &[1], &string(b"12")]), expected());
    check_refused(&value(18, &[&[1], &[3], &string(&packed)]), "a list's node of no known kind");
    check_refused(&value(1, &[&[0]]), "a collection without elements");
    check_refused(&value(14, &[&[1], &string(&ziplist(&[]))]), "a collection without elements");
    check_refused(&value(1, &[&[0x80, 0x7f, 0, 0, 0], b"ab"]), "a count that the data is too short for");
}

#[test]
fn every_encoding_in_a_ziplist() {
    let long = vec![b'x'; 300];
    let elements = [
        vec![0xfe, 0x80],
        vec![0xf0, 0x01, 0x00, 0x80],
        vec![0xd0, 0x00, 0x00, 0x00, 0x80],
        vec![0xe0, 1, 0, 0, 0, 0, 0, 0, 0x80],
        vec![0xf1],
        ziplist_text(&long),
        ziplist_text(b"after the long one"),
        [&[0x80, 0, 0, 0, 1][..], b"y"].concat(),
    ];
    let list = Described::List(
        texts(&["-128", "-8388607", "-2147483648", "-9223372036854775807", "0"])
            .into_iter()
            .chain([long, b"after the long one".to_vec(), b"y".to_vec()])
            .collect(),
    );
    let packed = ziplist(&elements);
    check(&value(10, &[&string(&packed)]), list);
    for (at, why) in [
        (0, "a ziplist of another length than it says"),
        (4, "a ziplist whose last element is not where it says"),
        (8, "a ziplist with another number of elements than it says"),
        (10, "an element of another length than is said behind it"),
    ] {
        let mut damaged = packed.clone();
        damaged[at] ^= 1;
        check_refused(&value(10, &[&string(&damaged)]), why);
    }
    check_refused(&value(10, &[&string(&ziplist(&[vec![0xff]]))]), "an element of no known encoding");
}

#[test]
fn sets_in_every_form() {
    let expected = || Described::Set(texts(&["-5", "300", "7"]).into_iter().collect());
    check(&value(2, &[&[3], &string(b"300"), &string(b"7"), &[0xc0, 0xfb]]), expected());
    for width in [2, 4, 8] {
        check(&value(11, &[&string(&intset(width, &[-5, 7, 300]))]), expected());
    }
    check(&value(20, &[&string(&listpack(&[Ok(7), Err(b"300"), Ok(-5)]))]), expected());
    let twice = "an element that is there twice";
    check_refused(&value(2, &[&[2], &string(b"7"), &[0xc0, 7]]), twice);
    check_refused(&value(20, &[&string(&listpack(&[Ok(7), Err(b"7")]))]), twice);
    check_refused(&value(11, &[&string(&intset(4, &[5, 5]))]), "an intset that is not in order");
    check_refused(&value(11, &[&string(&intset(4, &[6, 5]))]), "an intset that is not in order");
    check_refused(&value(11, &[&string(&intset(3, &[]))]), "integers of no known width");
    check_refused(&value(11, &[&string(&intset(2, &[]))]), "a collection without elements");
    check_refused(&value(11, &[&string(&intset(4, &[5])[..10])]), "an intset of another length than it says");
}

#[test]
fn hashes_in_every_form() {
    let expected = || hash(&[("a", "1", None), ("b", "text", None)]);
    check(&value(4, &[&[2], &string(b"b"), &string(b"text"), &string(b"a"), &[0xc0, 1]]), expected());
    check(&value(9, &[&string(&zipmap(&[(b"a", b"1", 3), (b"b", b"text", 0)]))]), expected());
    let long = vec![b'v'; 300];
    let entry = decode_value(&value(9, &[&string(&zipmap(&[(b"a", &long, 0)]))]), b"key", &Limits::default());
    assert_eq!(describe(&entry.unwrap()), hash(&[("a", std::str::from_utf8(&long).unwrap(), None)]));
    let parts = [ziplist_text(b"a"), vec![0xf2], ziplist_text(b"b"), ziplist_text(b"text")];
    check(&value(13, &[&string(&ziplist(&parts))]), expected());
    check(&value(16, &[&string(&listpack(&[Err(b"a"), Ok(1), Err(b"b"), Err(b"text")]))]), expected());
    check_refused(&value(13, &[&string(&ziplist(&parts[..3]))]), "a field without a value");
    let twice = "an element that is there twice";
    check_refused(&value(16, &[&string(&listpack(&[Ok(1), Ok(1), Ok(1), Ok(2)]))]), twice);
    check_refused(&value(9, &[&string(&zipmap(&[(b"a", b"1", 0), (b"a", b"1", 0)]))]), twice);
    check_refused(&value(4, &[&[2], &string(b"a"), &string(b"1"), &string(b"a"), &string(b"1")]), twice);
}

#[test]
fn hashes_with_deadlines_in_every_form() {
    let expected = || hash(&[("a", "1", Some(5000)), ("b", "2", None), ("c", "3", Some(5007))]);
    let base = 5000u64.to_le_bytes();
    let fields = |deadlines: [&[u8]; 3]| {
        let [a, b, c] = deadlines;
        [
            &[3][..],
            a,
            &string(b"a"),
            &string(b"1"),
            b,
            &string(b"b"),
            &string(b"2"),
            c,
            &string(b"c"),
            &string(b"3"),
        ]
        .concat()
    };
    check(&value(24, &[&base, &fields([&[1], &[0], &[8]])]), expected());
    check(&value(22, &[&fields([&[0x53, 0x88], &[0], &[0x53, 0x8f]])]), expected());
    let packed = listpack(&[Err(b"a"), Ok(1), Ok(5000), Err(b"c"), Ok(3), Ok(5007), Err(b"b"), Ok(2), Ok(0)]);
    check(&value(25, &[&base, &string(&packed)]), expected());
    check(&value(23, &[&string(&packed)]), expected());
    let late = "a field's deadline that is out of range";
    check_refused(&value(23, &[&string(&listpack(&[Err(b"a"), Ok(1), Ok(-1)]))]), late);
    check_refused(&value(23, &[&string(&listpack(&[Err(b"a"), Ok(1), Ok(1 << 48)]))]), late);
    check_refused(&value(24, &[&u64::MAX.to_le_bytes(), &fields([&[1], &[0], &[8]])]), late);
    check_refused(
        &value(23, &[&string(&listpack(&[Err(b"a"), Ok(1), Err(b"x")]))]),
        "a field's deadline that is no number",
    );
}

#[test]
fn sorted_sets_in_every_form() {
    let expected = || zset(&[("low", f64::NEG_INFINITY), ("b", 1.5), ("a", 3.0), ("high", f64::INFINITY)]);
    let texts =
        [&[4][..], &string(b"high"), &[254], &string(b"a"), b"\x013", &string(b"low"), &[255]].concat();
    check(&value(3, &[&texts, &string(b"b"), b"\x031.5"]), expected());
    let doubles = [
        [&string(b"high")[..], &f64::INFINITY.to_le_bytes()].concat(),
        [&string(b"b")[..], &1.5f64.to_le_bytes()].concat(),
        [&string(b"a")[..], &3.0f64.to_le_bytes()].concat(),
        [&string(b"low")[..], &f64::NEG_INFINITY.to_le_bytes()].concat(),
    ];
    check(&value(5, &[&[4], &doubles.concat()]), expected());
    let text = ziplist_text;
    let parts = [
        text(b"low"),
        text(b"-inf"),
        text(b"b"),
        text(b"1.5"),
        text(b"a"),
        vec![0xf4],
        text(b"high"),
        text(b"inf"),
    ];
    check(&value(12, &[&string(&ziplist(&parts))]), expected());
    let parts: [Result<i64, &[u8]>; 8] =
        [Err(b"low"), Err(b"-inf"), Err(b"b"), Err(b"1.5"), Err(b"a"), Ok(3), Err(b"high"), Err(b"inf")];
    check(&value(17, &[&string(&listpack(&parts))]), expected());
    let no_score = "a score that is no number";
    check_refused(&value(3, &[&[1], &string(b"a"), &[253]]), no_score);
    check_refused(&value(5, &[&[1], &string(b"a"), &f64::NAN.to_le_bytes()]), no_score);
    check_refused(&value(17, &[&string(&listpack(&[Err(b"a"), Err(b"x")]))]), no_score);
    let twice = "an element that is there twice";
    check_refused(&value(17, &[&string(&listpack(&[Err(b"a"), Ok(1), Err(b"a"), Ok(2)]))]), twice);
    check_refused(&value(5, &[&[2], &doubles[1], &doubles[1]]), twice);
}

/// A stream of two entries of which the second was deleted and the third has fields of its own, and of two groups.
fn stream(form: u8, change: impl FnOnce(&mut Vec<Result<i64, &[u8]>>)) -> Vec<u8> {
    let mut entries: Vec<Result<i64, &[u8]>> = vec![Ok(2), Ok(1), Ok(1), Err(b"name"), Ok(0)];
    entries.extend([Ok(2), Ok(0), Ok(0), Err(&b"first"[..]), Ok(4)]);
    entries.extend([Ok(3), Ok(1), Ok(0), Err(&b"gone"[..]), Ok(4)]);
    entries.extend([Ok(0), Ok(7), Ok(-4), Ok(1), Err(&b"other"[..]), Ok(9), Ok(6)]);
    change(&mut entries);
    let raw = |ms: u64, seq: u64| [ms.to_be_bytes(), seq.to_be_bytes()].concat();
    let mut parts = vec![vec![1], string(&raw(100, 5)), string(&listpack(&entries)), vec![2, 0x40, 200, 3]];
    if form >= 2 {
        parts.push([&[0x40, 100, 5][..], &[0x40, 101, 5], &[9]].concat());
    }
    parts.push(vec![2]);
    let time = |ms: i64| ms.to_le_bytes().to_vec();
    for (name, last) in [("group", [0x40, 100, 5]), ("new", [0x40, 200, 3])] {
        parts.extend([string(name.as_bytes()), last.to_vec()]);
        if form >= 2 {
            parts.push([&[0x81][..], &u64::MAX.to_be_bytes()].concat());
        }
        if name == "new" {
            parts.push(vec![0, 0]);
            continue;
        }
        parts.extend([vec![1], raw(100, 5), time(5000), vec![3]]);
        parts.extend([vec![1], string(b"anna"), time(7000)]);
        if form >= 3 {
            parts.push(time(-1));
        }
        parts.extend([vec![1], raw(100, 5)]);
    }
    let value_type = [15, 19, 21][usize::from(form) - 1];
    value(value_type, &[&parts.concat()])
}

#[test]
fn streams_in_every_form() {
    for form in 1..=3 {
        let input = stream(form, |_| {});
        let entry = decode_value(&input, b"key", &Limits::default()).unwrap();
        let text = format!("{:?}", describe(&entry));
        for part in [
            r#"StreamId { ms: 100, seq: 5 }, [([110, 97, 109, 101], [102, 105, 114, 115, 116])]"#,
            "StreamId { ms: 107, seq: 1 }, [([111, 116, 104, 101, 114], [57])]",
            match form {
                1 => "state: (StreamId { ms: 200, seq: 3 }, StreamId { ms: 0, seq: 0 }, 2)",
                _ => "state: (StreamId { ms: 200, seq: 3 }, StreamId { ms: 101, seq: 5 }, 9)",
            },
            match form {
                // The first entry was read, of those that ever were.
                1 => "progress: Progress { last_id: StreamId { ms: 100, seq: 5 }, entries_read: Some(1) }",
                _ => "progress: Progress { last_id: StreamId { ms: 100, seq: 5 }, entries_read: None }",
            },
            match form {
                3 => "consumers: [([97, 110, 110, 97], 7000, None)]",
                _ => "consumers: [([97, 110, 110, 97], 7000, Some(7000))]",
            },
            "pending: [(StreamId { ms: 100, seq: 5 }, [97, 110, 110, 97], 5000, 3)]",
        ] {
            assert!(text.contains(part), "form {form}: {part} in {text}");
        }
        for end in 0..input.len() {
            assert!(decode_value(&input[..end], b"key", &Limits::default()).is_err());
        }
    }
}

#[test]
fn streams_that_contradict_themselves_are_refused() {
    for (at, element, why) in [
        (0, Ok(1), "a node with more elements than entries"),
        (0, Ok(3), "a node with fewer elements than its entries need"),
        (0, Ok(-1), "a count that is out of range"),
        (0, Err(&b"x"[..]), "an entry's number that is none"),
        (2, Ok(1 << 40), "a count that is out of range"),
        (4, Ok(1), "a node's first fields that do not end"),
        (9, Ok(5), "an entry with another number of elements than it says"),
        (16, Ok(-1), "a stream that is not in order"),
        (21, Ok(5), "an entry with another number of elements than it says"),
    ] {
        check_refused(&stream(3, |entries| entries[at] = element), why);
    }
    check_refused(
        &stream(3, |entries| entries[..2].clone_from_slice(&[Ok(3), Ok(0)])),
        "a node with another number of entries than it says",
    );
    check_refused(&stream(3, |entries| entries.push(Ok(1))), "a node with more elements than entries");
    // What a name of 4,000 bytes that is said once would take as often as it is repeated.
    let name = [b'n'; 4000];
    let mut elements: Vec<Result<i64, &[u8]>> = vec![Ok(400), Ok(0), Ok(1), Err(&name), Ok(0)];
    elements.extend((0..400).flat_map(|ms| [Ok(2), Ok(ms), Ok(0), Ok(1), Ok(4)]));
    let packed = string(&listpack(&elements));
    let rest = [0x41, 0x90, 0x41, 0x8f, 1, 0];
    check_refused(
        &value(15, &[&[1], &string(&[[0; 15], [1; 15]].concat()[7..23]), &packed, &rest]),
        "fields that are repeated too often",
    );
}

#[test]
fn files_of_old_versions_have_no_checksum_and_deadlines_in_seconds() {
    let file = [&b"REDIS0003\xfe\x00\xfd\x10\x00\x00\x00\x00\x01k\xc0\x07"[..], b"\xff"].concat();
    let mut reader = Reader::new(&file[..]).unwrap();
    assert!(matches!(reader.next(), Ok(Item::Database(0))));
    let Ok(Item::Key(key)) = reader.next() else { panic!("a key") };
    assert_eq!((&key.name[..], key.deadline_ms), (&b"k"[..], Some(16_000)));
    assert!(matches!(reader.next(), Ok(Item::End { is_checked: false })));
}

#[test]
fn what_is_no_key_is_passed_over() {
    let module =
        [&[0x81][..], &0x401u64.to_be_bytes(), &[2, 5, 1, 7, 3, 0, 0, 0, 0, 4], &[0; 8], &[5, 1, b'x', 0]];
    let module = module.concat();
    let rest = [&[244, 1, 2, 3][..], &[247], &module, &[7, 1, b'm'], &module, &[252], &(-5i64).to_le_bytes()];
    let file = [b"REDIS0012", &rest.concat()[..], &[249, 9, 0, 1, b'k', 1, b'v', 255], &[0; 8]].concat();
    let mut reader = Reader::new(&file[..]).unwrap();
    assert!(matches!(reader.next(), Ok(Item::ModuleAux(name)) if name == "AAAAAAAAB"));
    let Ok(Item::Key(key)) = reader.next() else { panic!("a key") };
    let damage = key.decode(&Limits::default()).map(|_| ()).unwrap_err();
    assert_eq!(damage.flaw, Flaw::Module("AAAAAAAAB".to_owned()));
    assert_eq!(damage.offset, key.offset);
    let Ok(Item::Key(key)) = reader.next() else { panic!("a key") };
    assert_eq!((key.deadline_ms, key.frequency), (Some(0), Some(9)));
    assert!(matches!(reader.next(), Ok(Item::End { is_checked: false })));
    for (file, why) in [
        (&b"REDIS0013"[..], "a version of the format that is not known (at byte 5)"),
        (b"REDIS000x", "a version of the format that is not known (at byte 5)"),
        (b"VALKEY080", "a file of Valkey 9 or newer, which is not read (at byte 0)"),
        (b"REDIS", "the data ends early (at byte 5)"),
        (b"something", "this is no RDB file (at byte 0)"),
    ] {
        assert_eq!(Reader::new(file).map(|_| ()).unwrap_err().to_string(), why);
    }
}
