//! Values of every form go into bytes and come back the same: as values, as payloads, as keys of a file; and where
//! bytes are damaged, that is noticed, or gives a value that can be written again.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::io::{self, Read};

use base::random::Random;
use common::{Described, describe, made};
use rdb::file::{Item, Key, Reader, Usage, Writer, encode_key};
use rdb::{Format, Version, decode_value, dump, encode_value};
use values::access::{Access, Counting};
use values::entry::Entry;
use values::limits::Limits;

const ROUNDS: u64 = 150;
const NOW_MS: u64 = 1_700_000_000_000;
const COUNTING: Counting = Counting { log_factor: 10, decay_minutes: 1 };

/// Every way to write, with what differs in the version.
fn formats() -> impl Iterator<Item = Format> {
    [Version::V10, Version::V11]
        .into_iter()
        .flat_map(|version| [false, true].map(|compress| Format { version, compress }))
}

/// What is left of a value in this version.
fn expected(entry: &Entry, version: Version) -> Described {
    let mut described = describe(entry);
    if version == Version::V10 {
        described.lose_what_version_10_lacks();
    }
    described
}

#[test]
fn values_come_back_as_they_were() {
    let limits = Limits::default();
    for seed in 0..ROUNDS {
        let entry = made(&mut Random::from_seed(seed), &limits);
        for format in formats() {
            let mut bytes = Vec::new();
            encode_value(entry.as_ref(), format, &mut bytes);
            let read = decode_value(&bytes, entry.key(), &limits).unwrap();
            assert_eq!(describe(&read), expected(&entry, format.version), "seed {seed}");
            let mut again = Vec::new();
            encode_value(read.as_ref(), format, &mut again);
            assert!(read.form() != entry.form() || again.len() == bytes.len(), "seed {seed}");

            let mut payload = b"before".to_vec();
            dump::encode(entry.as_ref(), format, &mut payload);
            let restored = dump::decode(&payload[6..], b"other key", &limits).unwrap();
            assert_eq!(describe(&restored), expected(&entry, format.version), "seed {seed}");
            assert_eq!(restored.key(), b"other key");
        }
    }
}

#[test]
fn a_value_of_one_form_comes_back_in_it() {
    let limits = Limits::default();
    for seed in 0..ROUNDS {
        let entry = made(&mut Random::from_seed(seed), &limits);
        let mut bytes = Vec::new();
        encode_value(entry.as_ref(), Version::V11.into(), &mut bytes);
        let read = decode_value(&bytes, entry.key(), &limits).unwrap();
        // What was large once and is small now comes back small.
        if common::is_in_natural_form(&entry, &limits) {
            assert_eq!(read.form(), entry.form(), "seed {seed}");
        }
    }
}

#[test]
fn a_cut_is_damage_wherever_it_is_and_a_flipped_bit_never_panics() {
    let limits = Limits::default();
    let mut random = Random::from_seed(7);
    for seed in 0..ROUNDS {
        let entry = made(&mut Random::from_seed(seed), &limits);
        let mut bytes = Vec::new();
        encode_value(entry.as_ref(), Version::V11.into(), &mut bytes);
        let step = 1 + bytes.len() / 50;
        for end in (0..bytes.len()).step_by(step) {
            let damage = decode_value(&bytes[..end], b"key", &limits).map(|_| ()).unwrap_err();
            assert!(damage.offset <= end as u64, "{damage}, cut at {end}");
        }
        for _ in 0..20 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len() as u64) as usize;
                damaged[at] ^= 1 << random.below(8);
            }
            if let Ok(read) = decode_value(&damaged, b"key", &limits) {
                let mut again = Vec::new();
                encode_value(read.as_ref(), Version::V11.into(), &mut again);
                let twice = decode_value(&again, b"key", &limits).unwrap();
                assert_eq!(describe(&twice), describe(&read));
            }
        }
    }
}

/// Gives its bytes in pieces of all sizes.
struct Pieces<'b> {
    bytes: &'b [u8],
    random: Random,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.random.below(5) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = 1 + self.random.below(100) as usize;
        let count = most.min(self.bytes.len()).min(buffer.len());
        let (piece, rest) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(piece);
        self.bytes = rest;
        Ok(count)
    }
}

fn file(seed: u64, version: Version, has_checksum: bool) -> (Vec<u8>, Vec<Entry>) {
    let mut random = Random::from_seed(seed);
    let mut writer = Writer::new(Vec::new(), version, has_checksum).unwrap();
    writer.aux("redis-ver", b"7.2.4").unwrap();
    writer.aux("ctime", b"1700000000").unwrap();
    writer.function(b"#!lua name=lib\n").unwrap();
    let mut entries = Vec::new();
    for database in [0, 3] {
        writer.database(database).unwrap();
        writer.sizes(20, 7).unwrap();
        for index in 0..20u64 {
            let mut entry = made(&mut random, &Limits::default());
            entry.set_deadline_ms((index % 3 == 0).then_some(NOW_MS + index));
            let mut record = Vec::new();
            let usage = match index % 3 {
                0 => Usage::Untold,
                1 => {
                    entry.as_ref().touch(Access::at(NOW_MS - index * 1000));
                    Usage::Idle { now_ms: NOW_MS }
                }
                _ => {
                    entry.as_ref().touch(Access::counted(NOW_MS, index as u8));
                    Usage::Frequency { now_ms: NOW_MS, counting: COUNTING }
                }
            };
            encode_key(entry.as_ref(), version.into(), usage, &mut record);
            writer.record(&record).unwrap();
            entries.push(entry);
        }
    }
    let bytes = writer.finish().unwrap();
    (bytes, entries)
}

#[test]
fn a_file_is_read_from_a_stream_in_pieces() {
    let limits = Limits::default();
    for (seed, version) in [(1, Version::V10), (2, Version::V11), (3, Version::V11)] {
        let (mut bytes, entries) = file(seed, version, seed != 3);
        let len = bytes.len() as u64;
        bytes.extend(b"what follows");
        let mut reader = Reader::new(Pieces { bytes: &bytes, random: Random::from_seed(seed) }).unwrap();
        assert_eq!(reader.version(), u32::from(version.number()));
        let (mut keys, mut others): (Vec<Key>, Vec<String>) = Default::default();
        let is_checked = loop {
            match reader.next().unwrap() {
                Item::Key(key) => keys.push(key),
                Item::End { is_checked } => break is_checked,
                Item::Aux(name, value) => {
                    others.push(format!("{} {}", name.escape_ascii(), value.escape_ascii()));
                }
                other => others.push(format!("{other:?}")),
            }
        };
        assert_eq!(is_checked, seed != 3);
        assert_eq!(reader.position(), len);
        assert!(matches!(reader.next(), Ok(Item::End { .. })));
        let (rest, mut after) = reader.into_parts();
        after.extend(rest.bytes);
        assert_eq!(after, b"what follows");
        assert_eq!(others[..2], ["redis-ver 7.2.4", "ctime 1700000000"]);
        assert_eq!(others[3..], ["Database(0)", "Sizes(20, 7)", "Database(3)", "Sizes(20, 7)"]);
        assert_eq!(keys.len(), entries.len());
        for (index, (key, entry)) in keys.iter().zip(&entries).enumerate() {
            let read = key.decode(&limits).unwrap();
            assert_eq!((read.key(), read.deadline_ms()), (entry.key(), entry.deadline_ms()));
            assert_eq!(describe(&read), expected(entry, version));
            let access = key.access(NOW_MS);
            match index % 20 % 3 {
                0 => assert_eq!(access, None),
                _ => assert_eq!(access, Some(entry.as_ref().accessed())),
            }
        }
    }
}

#[test]
fn a_file_that_is_damaged_says_where() {
    let limits = Limits::default();
    let (bytes, _) = file(1, Version::V11, true);
    for end in (0..bytes.len()).step_by(1 + bytes.len() / 100) {
        assert!(read_all(&bytes[..end], &limits).is_err(), "cut at {end}");
    }
    let mut random = Random::from_seed(1);
    for _ in 0..50 {
        let mut damaged = bytes.clone();
        let at = random.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 << random.below(8);
        let checksum_at = bytes.len() - 8;
        assert!(
            read_all(&damaged, &limits).is_err() || at >= checksum_at && damaged[checksum_at..] == [0; 8]
        );
    }
    // Within a value, and within the file.
    let mut entry = values::list::empty(b"broken");
    values::list::ListMut::of(&mut entry, &limits).push_back(b"element");
    let mut writer = Writer::new(Vec::new(), Version::V11, true).unwrap();
    let mut record = Vec::new();
    encode_key(entry.as_ref(), Version::V11.into(), Usage::Untold, &mut record);
    let at = record.windows(7).position(|window| window == b"element").unwrap() + 7;
    record[at] ^= 0x40;
    writer.record(&record).unwrap();
    let bytes = writer.finish().unwrap();
    let damage = read_all(&bytes, &limits).map(|_| ()).unwrap_err();
    assert_eq!(damage, format!("an element of another length than is said behind it (at byte {})", at + 9));
}

#[test]
fn no_flipped_bit_of_a_file_with_a_checksum_passes_for_data() {
    let limits = Limits::default();
    let mut writer = Writer::new(Vec::new(), Version::V11, true).unwrap();
    writer.aux("redis-ver", b"7.2.4").unwrap();
    writer.database(0).unwrap();
    let entries = (0..).map(|seed| made(&mut Random::from_seed(seed), &limits));
    let records = entries.map(|entry| {
        let mut record = Vec::new();
        encode_key(entry.as_ref(), Version::V11.into(), Usage::Untold, &mut record);
        record
    });
    for record in records.filter(|record| record.len() < 150).take(6) {
        writer.record(&record).unwrap();
    }
    let whole = writer.finish().unwrap();
    let expected = read_all(&whole, &limits).unwrap();
    assert_eq!(expected.len(), 6);
    let mut passed = Vec::new();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(read) = read_all(&damaged, &limits) {
                assert!(read == expected, "bit {bit} of byte {at}");
                passed.push(at);
            }
        }
    }
    // A version so old that it had no checksum.
    assert!(passed.iter().all(|at| (5..9).contains(at)), "{passed:?}");
}

fn read_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Described>, String> {
    let mut reader = Reader::new(bytes).map_err(|error| error.to_string())?;
    let mut read = Vec::new();
    loop {
        match reader.next().map_err(|error| error.to_string())? {
            Item::End { .. } => return Ok(read),
            Item::Key(key) => {
                read.push(describe(&key.decode(limits).map_err(|damage| damage.to_string())?));
            }
            _ => {}
        }
    }
}

#[test]
fn function_libraries_are_dumped_and_restored_and_what_is_damaged_is_not() {
    let texts = [vec![b'a'; 3], vec![b'b'; 100], vec![b'c'; 20_000]];
    let payload = dump::encode_functions(texts.iter().map(Vec::as_slice), Version::V11);
    assert_eq!(dump::decode_functions(&payload), Ok(texts.to_vec()));
    for at in (0..payload.len()).step_by(97) {
        let mut damaged = payload.clone();
        damaged[at] ^= 1;
        assert_eq!(dump::decode_functions(&damaged), Err(dump::Error::Footer), "{at}");
        assert_eq!(dump::decode_functions(&payload[..at]), Err(dump::Error::Footer));
    }
    let unchecked = |body: &[u8]| [body, &[11, 0], &[0; 8]].concat();
    assert_eq!(dump::decode_functions(&unchecked(&[246, 1, b'x'])), Err(dump::Error::PreGaFunction));
    assert_eq!(dump::decode_functions(&unchecked(&[0, 1, b'x'])), Err(dump::Error::NoFunction));
    assert!(matches!(dump::decode_functions(&unchecked(&[245, 9, b'x'])), Err(dump::Error::Damaged(_))));
    assert_eq!(
        dump::decode(&unchecked(&[0, 1, b'x'])[..11], b"k", &Limits::default()).map(|_| ()),
        Err(dump::Error::Footer)
    );
    let newer = [&[0, 1, b'x'][..], &[13, 0], &[0; 8]].concat();
    assert_eq!(dump::decode(&newer, b"k", &Limits::default()).map(|_| ()), Err(dump::Error::Footer));
}
