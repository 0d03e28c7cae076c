//! Every byte of small files with one bit flipped: what is loaded is right, or it is refused by name.
//!
//! The files are loaded again in place, by one server, since starting one for each byte would take too long.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::harness::{Client, Spec, TemporaryDirectory, temporary_directory};
use crate::{is_passed_over, start};

/// A directory with a base, and two commands and a unit behind it.
fn made(preamble: &str) -> TemporaryDirectory {
    let directory = temporary_directory();
    let directives = ["--aof-use-rdb-preamble", preamble];
    let mut server = start(Spec::under_test(), &directory, &directives);
    let mut client = server.connect();
    let lines = ["SET text hello", "RPUSH list a b", "HSET hash f v", "ZADD zset 1 a", "XADD stream 1-1 f v"];
    lines.iter().for_each(|line| assert!(!client.call(line).is_error(), "{line}"));
    client.call("BGREWRITEAOF");
    crate::harness::eventually("it is rewritten", || server.info("aof_rewrites") == 2);
    for line in ["SADD set a", "MULTI", "INCR b", "INCR c", "EXEC", "SELECT 2", "SET other 1"] {
        client.call(line);
    }
    server.stop_by(Signal::KILL);
    directory
}

fn files(directory: &TemporaryDirectory) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path().join("appendonlydir")).expect("there is a directory");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Loads what is there with each byte of `path` damaged; `check` gets, for each, the error or the digest.
fn flip(client: &mut Client, path: &Path, mut check: impl FnMut(usize, Result<String, String>)) {
    let whole = fs::read(path).expect("it can be read");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(path, &damaged).expect("it can be written");
        let reply = client.call("DEBUG LOADAOF");
        check(
            at,
            match reply.is_error() {
                true => Err(reply.error().to_owned()),
                false => Ok(client.call("DEBUG DIGEST").text()),
            },
        );
    }
    fs::write(path, &whole).expect("it can be written");
    assert_eq!(client.call("DEBUG LOADAOF"), *"OK");
}

#[test]
fn a_flipped_bit_is_noticed_but_in_the_words_of_commands() {
    if is_passed_over() {
        return;
    }
    for preamble in ["yes", "no"] {
        let directory = made(preamble);
        let server = start(Spec::under_test(), &directory, &["--auto-aof-rewrite-percentage", "0"]);
        let mut client = server.connect();
        let expected = client.call("DEBUG DIGEST").text();
        let files = files(&directory);
        assert_eq!(files.len(), 3, "{files:?}");
        for path in files {
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            let has_checksum = name.ends_with(".rdb");
            let is_manifest = name.ends_with(".manifest");
            let bytes = fs::read(&path).expect("it can be read");
            let (mut refused, mut unnoticed) = (0, 0);
            flip(&mut client, &path, |at, outcome| match outcome {
                Ok(digest) if digest == expected => {}
                Ok(_) => {
                    unnoticed += 1;
                    assert!(!has_checksum && !is_manifest, "byte {at} of {name} goes unnoticed");
                    // What frames the words is never taken for something else.
                    let is_frame = matches!(bytes[at], b'*' | b'$' | b'\r' | b'\n');
                    assert!(!is_frame, "byte {at} of {name} goes unnoticed");
                }
                Err(error) => {
                    refused += 1;
                    // In the manifest it may be the name that is wrong.
                    assert!(error.contains("appendonlydir/"), "byte {at} of {name}: {error}");
                }
            });
            println!("{name}: {refused} refused, {unnoticed} unnoticed, of {}", bytes.len());
            assert!(refused > bytes.len() / 3, "{name}: {refused}");
        }
        assert_eq!(client.call("DEBUG DIGEST").text(), expected);
        assert!(!server.log().contains("panicked"), "{}", server.log());
    }
}
