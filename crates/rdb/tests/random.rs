//! Fuzz targets: bytes from a corpus, damaged and made up, are read as a value and as a file. Nothing panics, and what
//! is read is written and read again as the same.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::describe;
use fuzzing::fuzz;
use rdb::file::{Item, Reader};
use rdb::{Version, decode_value, encode_value};
use values::entry::Entry;
use values::limits::Limits;

/// Small enough that both sides of each are met.
const LIMITS: Limits = Limits {
    hash_packed_entries_max: 4,
    hash_packed_value_bytes_max: 20,
    list_packed_size_max: 4,
    set_integers_max: 4,
    set_packed_entries_max: 4,
    set_packed_value_bytes_max: 20,
    zset_packed_entries_max: 4,
    zset_packed_value_bytes_max: 20,
    stream_block_bytes_max: 100,
    stream_block_entries_max: 3,
    hyperloglog_sparse_bytes_max: 3000,
    string_bytes_max: 512 * 1024 * 1024,
};

#[track_caller]
fn check_written_again(entry: &Entry) {
    let mut bytes = Vec::new();
    encode_value(entry.as_ref(), Version::V11.into(), &mut bytes);
    let again = decode_value(&bytes, entry.key(), &LIMITS).expect("what was just written");
    assert_eq!(describe(&again), describe(entry));
}

#[test]
fn values() {
    fuzz(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/value"), |input| {
        match decode_value(input, b"key", &LIMITS) {
            Ok(entry) => check_written_again(&entry),
            Err(damage) => assert!(damage.offset <= input.len() as u64, "{damage}"),
        }
    });
}

#[test]
fn files() {
    fuzz(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/file"), |input| {
        let Ok(mut reader) = Reader::new(input) else { return };
        while let Ok(item) = reader.next() {
            match item {
                Item::Key(key) => {
                    if let Ok(entry) = key.decode(&LIMITS) {
                        check_written_again(&entry);
                    }
                }
                Item::End { .. } => break,
                _ => {}
            }
        }
        assert!(reader.position() <= input.len() as u64);
    });
}

#[test]
fn what_is_in_the_corpus_is_read() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/value")).unwrap() {
        let path = entry.unwrap().path();
        let is_module = path.ends_with("module");
        let read = decode_value(&std::fs::read(&path).unwrap(), b"key", &LIMITS);
        assert_eq!(read.map(|_| ()).is_err(), is_module, "{}", path.display());
    }
}
