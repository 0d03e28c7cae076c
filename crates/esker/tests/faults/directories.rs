//! Directories in which no server may start, or not as if nothing were wrong.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;

use crate::harness::{
    SOON, Spec, TemporaryDirectory, eventually, pass_over, run_to_end, temporary_directory,
};

fn spec(directory: &Path) -> Spec {
    let dir = directory.to_str().expect("a path in UTF-8");
    Spec::under_test().with(&[
        "--engine",
        "disk",
        "--dir",
        dir,
        "--disk-cache-size",
        "8mb",
        "--disk-free-space-min",
        "0",
    ])
}

/// Starts a server on `directory`, which must fail with a message that holds each of `words`.
#[track_caller]
fn refuses(directory: &Path, words: &[&str]) {
    let mut command = spec(directory).command();
    command.args(["--engine", "disk", "--port", "0", "--disk-free-space-min", "0"]);
    command.arg("--dir").arg(directory).stderr(Stdio::piped());
    let (succeeded, said) = run_to_end(&mut command, b"", SOON);
    assert!(!succeeded, "it started:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in what it says:\n{said}");
    }
}

fn is_esker() -> bool {
    let is_esker = Spec::under_test().is_esker();
    if !is_esker {
        pass_over("only Esker has an engine on disk");
    }
    is_esker
}

fn path_of(path: &Path) -> String {
    path.display().to_string()
}

/// How many keys a store has to begin with.
const KEYS: usize = 2000;

/// A store as a server has left it that was asked to end: with some keys in the journal, or, where values are long, with
/// a hash in tables.
fn stopped_store(value_bytes: usize) -> TemporaryDirectory {
    let directory = temporary_directory();
    let mut server = spec(directory.path()).start();
    let mut client = server.connect();
    for chunk in (0..KEYS).collect::<Vec<_>>().chunks(100) {
        let commands: Vec<Vec<String>> = chunk.iter().map(|number| set(*number, value_bytes)).collect();
        client.pipeline(&commands);
    }
    if value_bytes >= LONG {
        eventually("there is a table", || {
            tables(&directory).iter().any(|table| bytes_of(table) > TABLE_BYTES)
        });
    }
    let exit = server.stop_by(Signal::TERM);
    assert_eq!(exit.code, Some(0), "{}", exit.log);
    directory
}

/// So long that all values together are flushed to tables, more than once.
const LONG: usize = 12_000;
const SHORT: usize = 100;
/// A table with less in it holds none of these values.
const TABLE_BYTES: u64 = 1_000_000;

fn value(number: usize, bytes: usize) -> String {
    format!("{number:0bytes$}")
}

fn set(number: usize, value_bytes: usize) -> Vec<String> {
    match value_bytes {
        LONG => vec!["HSET".to_owned(), "hash".to_owned(), number.to_string(), value(number, value_bytes)],
        _ => vec!["SET".to_owned(), format!("key:{number}"), value(number, value_bytes)],
    }
}

/// The files below `directory` that `is_meant` by their paths.
fn files(directory: &Path, is_meant: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(files(&entry, is_meant));
        } else if is_meant(&entry) {
            found.push(entry);
        }
    }
    found
}

fn journal(directory: &TemporaryDirectory) -> PathBuf {
    let is_journal = |path: &Path| path.extension().is_some_and(|extension| extension == "jnl");
    files(directory.path(), &is_journal).pop().expect("a journal")
}

fn tables(directory: &TemporaryDirectory) -> Vec<PathBuf> {
    files(directory.path(), &|path| path.parent().is_some_and(|parent| parent.ends_with("tables")))
}

fn bytes_of(file: &Path) -> u64 {
    // A compaction may have removed it.
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// The largest table.
fn table(directory: &TemporaryDirectory) -> PathBuf {
    tables(directory).into_iter().max_by_key(|table| bytes_of(table)).expect("a table")
}

fn cut(path: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(bytes)).expect("it can be cut");
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("it can be opened");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("there is a byte");
    file.write_all_at(&[byte[0] ^ 0x10], at).expect("it can be written");
}

#[test]
fn a_directory_that_is_missing() {
    if is_esker() {
        let directory = temporary_directory();
        refuses(&directory.path().join("missing"), &["missing"]);
    }
}

#[test]
fn a_directory_that_is_read_only() {
    if !is_esker() {
        return;
    }
    // Nothing is read-only to root, but a file system.
    refuses(Path::new("/proc"), &["/proc/disk"]);
}

#[test]
fn a_file_in_place_of_the_directory() {
    if is_esker() {
        let directory = temporary_directory();
        let file = directory.path().join("disk");
        fs::write(&file, "no directory").expect("it can be written");
        refuses(directory.path(), &[&path_of(&file)]);
        assert_eq!(fs::read(&file).expect("it is still there"), b"no directory");
    }
}

#[test]
fn a_directory_that_another_server_uses() {
    if is_esker() {
        let directory = temporary_directory();
        let server = spec(directory.path()).start();
        server.connect().call("SET key value");
        refuses(directory.path(), &[&path_of(&directory.path().join("disk")), "another process uses it"]);
        assert_eq!(server.connect().call("GET key"), *"value");
    }
}

#[test]
fn a_format_of_another_version() {
    if is_esker() {
        let directory = stopped_store(SHORT);
        let format = directory.path().join("disk/format");
        for version in ["0", "3"] {
            fs::write(&format, format!("esker disk format {version}\n")).expect("it can be written");
            refuses(
                directory.path(),
                &[&path_of(&directory.path().join("disk")), &format!("format {version}")],
            );
        }
        for damaged in ["", "esker disk format", "esker disk format one\n"] {
            fs::write(&format, damaged).expect("it can be written");
            refuses(directory.path(), &[&path_of(&format)]);
        }
        fs::remove_file(&format).expect("it can be removed");
        refuses(directory.path(), &[&path_of(&format), "missing"]);
    }
}

#[test]
fn a_journal_that_was_cut_short_after_a_clean_stop() {
    if is_esker() {
        let directory = stopped_store(SHORT);
        let journal = journal(&directory);
        cut(&journal, 40_000);
        for _ in 0..2 {
            refuses(directory.path(), &[&path_of(&journal), "cut short"]);
        }
        fs::remove_file(&journal).expect("it can be removed");
        refuses(directory.path(), &[&path_of(&journal)]);
    }
}

#[test]
fn a_journal_with_a_flipped_bit_after_a_clean_stop() {
    if is_esker() {
        let directory = stopped_store(SHORT);
        let journal = journal(&directory);
        flip(&journal, 50_000);
        for _ in 0..2 {
            refuses(directory.path(), &[&path_of(&journal), "damaged"]);
        }
        // It is what it was before.
        flip(&journal, 50_000);
        assert_eq!(spec(directory.path()).start().connect().call("DBSIZE"), 2000);
    }
}

#[test]
fn a_clean_stop_leaves_what_the_next_start_goes_on_from() {
    if is_esker() {
        let directory = stopped_store(SHORT);
        for round in 1..=3 {
            let mut server = spec(directory.path()).start();
            let mut client = server.connect();
            assert_eq!(client.call("DBSIZE"), 1999 + round);
            client.call(&format!("SET round:{round} x"));
            // Stops of both kinds in turn.
            let signal = if round == 2 { Signal::KILL } else { Signal::TERM };
            server.stop_by(signal);
        }
    }
}

#[test]
fn a_table_that_was_cut_short() {
    if is_esker() {
        let directory = stopped_store(LONG);
        let table = table(&directory);
        let length = bytes_of(&table);
        for left in [length - 1, length / 2, 0] {
            cut(&table, left);
            refuses(directory.path(), &[&path_of(&table), "cut short"]);
        }
        fs::remove_file(&table).expect("it can be removed");
        refuses(directory.path(), &[&path_of(&table)]);
        // What has come to nothing has not made the start forget what the journals held.
        let journal = journal(&directory);
        cut(&journal, 100);
        refuses(directory.path(), &[&path_of(&journal), "cut short"]);
    }
}

#[test]
fn a_table_that_was_cut_short_after_a_crash() {
    if is_esker() {
        let directory = stopped_store(LONG);
        let mut server = spec(directory.path()).start();
        server.stop_by(Signal::KILL);
        let table = table(&directory);
        let length = bytes_of(&table);
        // Nobody has noted how long it was.
        for left in [length - 1, length / 2, 0] {
            cut(&table, left);
            refuses(directory.path(), &[&path_of(&table), "cut short"]);
        }
        fs::remove_file(&table).expect("it can be removed");
        refuses(directory.path(), &[&path_of(&table), "missing"]);
    }
}

/// The directory of the tree with the largest table, and the files that say which tables it consists of.
fn tree_and_its_lists(directory: &TemporaryDirectory) -> (PathBuf, Vec<PathBuf>) {
    let tree = table(directory).parent().and_then(Path::parent).expect("a tree").to_owned();
    let is_list = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('v'));
    let lists = files(&tree, &is_list);
    (tree, lists)
}

#[test]
fn a_tree_that_does_not_say_what_it_consists_of() {
    if is_esker() {
        let directory = stopped_store(LONG);
        let (tree, lists) = tree_and_its_lists(&directory);
        let current = tree.join("current");
        fs::rename(&current, tree.join("elsewhere")).expect("it can be renamed");
        refuses(directory.path(), &[&path_of(&current)]);
        fs::rename(tree.join("elsewhere"), &current).expect("it can be renamed");
        lists.iter().for_each(|list| cut(list, 10));
        refuses(directory.path(), &[&path_of(&tree.join("v")), "cut short"]);
    }
}

#[test]
fn a_tree_that_does_not_say_what_it_consists_of_after_a_crash() {
    if is_esker() {
        let directory = stopped_store(LONG);
        spec(directory.path()).start().stop_by(Signal::KILL);
        let (tree, lists) = tree_and_its_lists(&directory);
        lists.iter().for_each(|list| cut(list, 10));
        refuses(directory.path(), &[&path_of(&tree.join("v"))]);
        fs::remove_file(tree.join("current")).expect("it can be removed");
        // It cannot be told from one that was being deleted, but what was in it is counted elsewhere.
        refuses(directory.path(), &["database 0, which had keys"]);
    }
}

#[test]
fn a_table_with_a_flipped_bit() {
    if is_esker() {
        let directory = stopped_store(LONG);
        let table = table(&directory);
        flip(&table, bytes_of(&table) / 2);
        let mut server = spec(directory.path()).start();
        let mut client = server.connect();
        let (mut damaged, mut whole) = (0, 0);
        let table = path_of(&table);
        for number in 0..KEYS {
            let reply = client.call(&format!("HGET hash {number}"));
            if reply == *value(number, LONG).as_str() {
                whole += 1;
            } else {
                assert!(reply.error().contains(&table) && reply.error().contains("checksum"), "{reply:?}");
                damaged += 1;
            }
        }
        assert!(damaged > 0 && whole > 0, "{damaged} fields are damaged, {whole} are whole");
        // Whoever has to read all of it is told, and the rest of the database works.
        assert!(client.call("HGETALL hash").error().contains(&table));
        assert_eq!(client.call("SET other value"), *"OK");
        assert_eq!(client.call("GET other"), *"value");
        let exit = server.stop_by(Signal::TERM);
        assert_eq!(exit.code, Some(0), "{}", exit.log);
    }
}
