//! Directories that cannot be served from, and disks that are full: what the server says, and what it does not lose.

mod harness;

use std::fs;
use std::path::{Path, PathBuf};

use harness::{Spec, TemporaryDirectory, Value, eventually, run_to_end, temporary_directory};
use rustix::process::Signal;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn on_disk(directory: &Path) -> Spec {
    Spec::under_test().with(&["--engine", "disk", "--dir", directory.to_str().expect("the path is text")])
}

/// What a server says that refuses to start.
#[track_caller]
fn refusal(directory: &Path) -> String {
    let mut command = on_disk(directory).command();
    command.args(["--port", "0", "--engine", "disk", "--dir"]).arg(directory);
    let (is_ok, said) = run_to_end(&mut command, b"", LIMIT);
    assert!(!is_ok, "it starts:\n{said}");
    said
}

/// A directory in which a server has stored some keys, and stopped cleanly.
fn with_keys() -> TemporaryDirectory {
    let directory = temporary_directory();
    let mut server = on_disk(directory.path()).with(&["--disk-compression", "none"]).start();
    let mut client = server.connect();
    for number in 0..1000 {
        client.call(&format!("SET key:{number} {}", "v".repeat(1000)));
    }
    client.call("COMPACT 0");
    eventually(LIMIT, "compaction", || server.info("disk_compact_running") == 0);
    server.stop_by(Signal::TERM);
    directory
}

fn files(directory: &Path, extension: Option<&str>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the directory can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if extension == path.extension().and_then(|extension| extension.to_str()) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_directory_in_use_is_named() {
    let directory = temporary_directory();
    let _server = on_disk(directory.path()).start();
    let said = refusal(directory.path());
    assert!(said.contains("another process uses it"), "{said}");
    assert!(said.contains(directory.path().to_str().expect("text")), "{said}");
}

#[test]
fn another_format_is_refused() {
    let directory = with_keys();
    let format = directory.path().join("disk/format");
    fs::write(&format, "esker disk format 999\n").expect("the file can be written");
    let said = refusal(directory.path());
    assert!(said.contains("they are of format 999, and this version of Esker reads format 1"), "{said}");
    fs::write(&format, "something else\n").expect("the file can be written");
    let said = refusal(directory.path());
    assert!(said.contains("does not say which format"), "{said}");
    fs::remove_file(&format).expect("the file can be removed");
    let said = refusal(directory.path());
    assert!(said.contains("it is missing, although there are databases"), "{said}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let directory = temporary_directory();
    fs::write(directory.path().join("disk"), "no directory").expect("the file can be written");
    let said = refusal(directory.path());
    assert!(said.contains("disk'") && said.contains("cannot be opened"), "{said}");
}

/// Damage is told of when the server starts or when what is damaged is read, and nothing else is said in its place.
#[test]
fn a_damaged_table_is_not_taken_for_data() {
    for cut in [false, true] {
        let directory = with_keys();
        // The store's own tables are smaller.
        let is_table = |path: &PathBuf| {
            path.parent().is_some_and(|parent| parent.ends_with("tables"))
                && fs::metadata(path).expect("it is there").len() > 100_000
        };
        let tables: Vec<PathBuf> = files(directory.path(), None).into_iter().filter(is_table).collect();
        assert!(!tables.is_empty());
        for table in &tables {
            let mut bytes = fs::read(table).expect("a table can be read");
            if cut {
                bytes.truncate(bytes.len() / 2);
            } else {
                let begin = bytes.len() / 10;
                bytes[begin..begin + 500].iter_mut().for_each(|byte| *byte ^= 0x55);
            }
            fs::write(table, bytes).expect("a table can be written");
        }
        if cut {
            let said = refusal(directory.path());
            assert!(said.contains("cannot be opened") && said.contains("disk"), "{said}");
            continue;
        }
        let server = on_disk(directory.path()).start();
        let mut client = server.connect();
        let mut errors = 0;
        for number in 0..1000 {
            let reply = client.call(&format!("GET key:{number}"));
            if reply.is_error() {
                assert!(reply.error().starts_with("ERR the disk cannot be read"), "{reply:?}");
                errors += 1;
            } else {
                assert_eq!(reply, Value::bulk("v".repeat(1000)), "key:{number}");
            }
        }
        assert!(errors > 0, "500 bytes were damaged and nobody noticed");
    }
}

/// A limit above what is free is what a full disk looks like.
#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let directory = temporary_directory();
    let mut server = on_disk(directory.path()).start();
    let mut client = server.connect();
    assert_eq!(client.call("SET before 1"), Value::ok());
    assert_eq!(client.call("HSET hash field value"), Value::Int(1));
    assert_eq!(client.call("CONFIG SET disk-free-space-min 1000000gb"), Value::ok());
    for write in ["SET before 2", "SET new 1", "HSET hash field other", "RPUSH list a", "EXPIRE before 100"] {
        let reply = client.call(write);
        assert!(reply.error().starts_with("MISCONF the disk is full"), "{write}: {reply:?}");
    }
    client.call("MULTI");
    client.call("SET before 3");
    client.call("INCR before");
    assert!(client.call("EXEC").error().starts_with("MISCONF the disk is full"));
    assert_eq!(server.info("disk_writable"), 0);
    // What was refused has not happened, and reads go on.
    assert_eq!(client.call("GET before"), Value::bulk("1"));
    assert_eq!(client.call("HGET hash field"), Value::bulk("value"));
    assert_eq!(client.call("EXISTS new list"), Value::Int(0));
    assert_eq!(client.call("TTL before"), Value::Int(-1));
    assert_eq!(client.call("DBSIZE"), Value::Int(2));
    assert_eq!(client.call("CONFIG SET disk-free-space-min 0"), Value::ok());
    assert_eq!(client.call("SET new 1"), Value::ok());
    server.stop_by(Signal::KILL);
    let server = on_disk(directory.path()).start();
    let mut client = server.connect();
    assert_eq!(client.call("MGET before new"), Value::bulks(["1", "1"]));
    assert_eq!(client.call("DBSIZE"), Value::Int(3));
}
