//! Which engine serves which database, and how two of them live in one server.

mod harness;

use harness::{Server, Value, eventually};
use std::time::{Duration, Instant};

/// Databases 0 to 3 in memory, 4 and 5 on disk.
fn mixed() -> Server {
    let databases = ["--engine", "memory", "--database", "4", "disk", "--database", "5", "disk"];
    Server::start(&[&databases[..], &["--enable-debug-command", "local"]].concat())
}

#[test]
fn one_server_holds_databases_of_both_kinds() {
    let server = mixed();
    let mut client = server.connect();
    for (database, engine) in [(0, "memory"), (4, "disk"), (5, "disk")] {
        client.call(&format!("SELECT {database}"));
        assert_eq!(client.call("SET key value"), Value::ok());
        let info = client.call("INFO disk").text();
        let line = info.lines().find(|line| line.starts_with(&format!("db{database}:"))).unwrap_or_default();
        assert!(line.contains(&format!("engine={engine}")), "{line}");
        assert_eq!(line.contains("disk_bytes="), engine == "disk", "{line}");
    }
    assert_eq!(client.call("CONFIG GET database"), Value::bulks(["database", "4 disk 5 disk"]));
}

#[test]
fn keys_of_every_type_move_and_are_copied_between_engines() {
    let server = mixed();
    let mut client = server.connect();
    for (from, to) in [(0, 4), (4, 0), (4, 5)] {
        client.call(&format!("SELECT {to}"));
        client.call("FLUSHDB");
        client.call(&format!("SELECT {from}"));
        client.call("FLUSHDB");
        client.call("SET string text");
        client.call("RPUSH list a b c");
        let many = |command: &str, word: &dyn Fn(usize) -> String| {
            (0..1000).fold(command.to_owned(), |line, number| line + " " + &word(number))
        };
        client.call(&many("HSET hash", &|number| format!("field:{number} {number}")));
        client.call(&many("SADD set", &|number| format!("member:{number}")));
        client.call(&many("ZADD zset", &|number| format!("{number} member:{number}")));
        client.call("PEXPIRE hash 1000000");
        let keys = ["string", "list", "hash", "set", "zset"];
        let digest = |client: &mut harness::Client| {
            keys.map(|key| client.call(&format!("DEBUG DIGEST-VALUE {key}")).elements()[0].text())
        };
        let before = digest(&mut client);
        for key in keys {
            assert_eq!(client.call(&format!("COPY {key} {key} DB {to}")), Value::Int(1));
        }
        client.call(&format!("SELECT {to}"));
        assert_eq!(digest(&mut client), before, "copied from {from} to {to}");
        assert!(client.call("PTTL hash").int() > 900_000);
        client.call("FLUSHDB");
        client.call(&format!("SELECT {from}"));
        assert_eq!(digest(&mut client), before, "a copy leaves the original in {from}");
        for key in keys {
            assert_eq!(client.call(&format!("MOVE {key} {to}")), Value::Int(1));
        }
        assert_eq!(client.call("DBSIZE"), Value::Int(0));
        client.call(&format!("SELECT {to}"));
        assert_eq!(digest(&mut client), before, "moved from {from} to {to}");
    }
}

#[test]
fn databases_are_exchanged_within_one_engine() {
    let server = mixed();
    let mut client = server.connect();
    client.call("SELECT 4");
    client.call("SET four 4");
    client.call("SELECT 5");
    client.call("SET five 5");
    assert_eq!(client.call("SWAPDB 4 5"), Value::ok());
    assert_eq!(client.call("KEYS *"), Value::bulks(["four"]));
    assert_eq!(
        client.call("SWAPDB 0 4").error(),
        "ERR databases 0 and 4 cannot be exchanged: one is served from memory, the other from disk"
    );
    assert_eq!(client.call("COMPACT 0").error(), "ERR database 0 is served from memory");
}

/// The space of a large collection that lost its key comes back when its database is compacted.
#[test]
fn compaction_gives_the_space_back() {
    let server = Server::start(&["--engine", "disk", "--disk-compression", "none"]);
    let mut client = server.connect();
    let value = "v".repeat(1000);
    for batch in 0..40 {
        let fields = (0..250).map(|number| format!("field:{} {value}", batch * 250 + number));
        client.call(&fields.fold("HSET hash".to_owned(), |line, field| line + " " + &field));
    }
    let disk_bytes = |client: &mut harness::Client| {
        let info = client.call("INFO disk").text();
        let line = info.lines().find_map(|line| line.strip_prefix("db0:engine=disk,disk_bytes="));
        line.and_then(|bytes| bytes.trim_end().parse::<u64>().ok()).expect("database 0 is on disk")
    };
    let compact = |client: &mut harness::Client| {
        assert_eq!(client.call("COMPACT 0").text(), "Background compaction started");
        eventually("compaction", || server.info("disk_compact_running") == 0);
    };
    compact(&mut client);
    assert!(disk_bytes(&mut client) > 9_000_000, "{} bytes for ten million", disk_bytes(&mut client));
    let began = Instant::now();
    assert_eq!(client.call("DEL hash"), Value::Int(1));
    assert!(began.elapsed() < Duration::from_millis(100), "a collection of any size goes at once");
    assert_eq!(server.info("disk_collections_to_reclaim"), 1);
    // Only what is on disk for certain may be taken for dead.
    eventually("the sync", || server.info("disk_commits_unsynced") == 0);
    compact(&mut client);
    assert!(disk_bytes(&mut client) < 1_000_000, "{} bytes for nothing", disk_bytes(&mut client));
    eventually("the grave", || server.info("disk_collections_to_reclaim") == 0);
}

/// What one client reads from a slow disk does not keep the others of its worker waiting.
#[test]
fn a_read_that_waits_for_the_disk_keeps_nobody_else_waiting() {
    const READS: u64 = 40;
    const DELAY: Duration = Duration::from_millis(50);
    let server = Server::start(&["--engine", "disk", "--io-threads", "1", "--enable-debug-command", "local"]);
    let (mut reader, mut other) = (server.connect(), server.connect());
    for number in 0..1000 {
        reader.call(&format!("HSET hash field:{number} {number}"));
    }
    other.call("SET key value");
    reader.call(&format!("DEBUG DISK-READ-DELAY {}", DELAY.as_secs_f64()));
    let began = Instant::now();
    for number in 0..READS {
        reader.send(&format!("HGET hash field:{number}"));
    }
    let mut longest = Duration::ZERO;
    while began.elapsed() < DELAY * READS as u32 / 2 {
        let asked = Instant::now();
        assert_eq!(other.call("GET key"), Value::bulk("value"));
        longest = longest.max(asked.elapsed());
    }
    // The first read is not known to be slow before it is over.
    assert!(longest < DELAY * 8, "a client without any wait for the disk waited {longest:?}");
    for number in 0..READS {
        assert_eq!(reader.read().expect("a reply"), Value::bulk(number.to_string()));
    }
    assert!(server.info("blocked_handoffs") > 0);
    reader.call("DEBUG DISK-READ-DELAY 0");
}

fn library(name: &str) -> String {
    format!("#!lua name={name}\nredis.register_function('{name}', function() return '{name}' end)")
}

fn libraries(client: &mut harness::Client) -> Vec<String> {
    let listed = client.call("FUNCTION LIST");
    let name = |library: &Value| library.elements()[1].text();
    let mut names: Vec<String> = listed.elements().iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn libraries_of_functions_last_as_long_as_the_databases_on_disk() {
    let directory = harness::temporary_directory();
    let dir = directory.path().to_str().expect("a path in UTF-8").to_owned();
    // What a server in memory has saved is taken over, its libraries too.
    let mut server = Server::start(&["--engine", "memory", "--dir", &dir]);
    let mut client = server.connect();
    client.call_with(&["FUNCTION", "LOAD", &library("old")]);
    client.call("SET key value");
    client.call("SAVE");
    server.stop_by(rustix::process::Signal::KILL);
    let start = |free_bytes_min| {
        Server::start(&["--engine", "disk", "--dir", &dir, "--disk-free-space-min", free_bytes_min])
    };
    let mut server = start("0");
    let mut client = server.connect();
    assert_eq!(libraries(&mut client), ["old"]);
    for name in ["a", "b", "c"] {
        client.call_with(&["FUNCTION", "LOAD", &library(name)]);
    }
    client.call("FUNCTION DELETE b");
    client.call("FLUSHALL");
    server.stop_by(rustix::process::Signal::KILL);
    let mut server = start("0");
    let mut client = server.connect();
    assert_eq!(libraries(&mut client), ["a", "c", "old"]);
    assert_eq!(client.call("FCALL c 0"), Value::bulk("c"));
    let dump = client.call("FUNCTION DUMP").bytes().expect("a payload").to_vec();
    client.call("FUNCTION FLUSH");
    server.stop_by(rustix::process::Signal::TERM);
    let mut server = start("0");
    let mut client = server.connect();
    assert_eq!(libraries(&mut client), [""; 0]);
    client.call_with(&[b"FUNCTION".as_slice(), b"RESTORE", &dump]);
    server.stop_by(rustix::process::Signal::KILL);
    // What cannot be kept has not happened.
    let server = start("1000000gb");
    let mut client = server.connect();
    for request in [["FUNCTION", "LOAD", &library("late")], ["FUNCTION", "DELETE", "a"]] {
        let reply = client.call_with(&request);
        assert!(reply.is_error() && format!("{reply:?}").contains("MISCONF"), "{reply:?}");
    }
    assert_eq!(libraries(&mut client), ["a", "c", "old"]);
}

#[test]
fn what_was_not_used_since_a_restart_counts_as_used_now() {
    let directory = harness::temporary_directory();
    let dir = directory.path().to_str().expect("a path in UTF-8").to_owned();
    let mut server = Server::start(&["--engine", "disk", "--dir", &dir]);
    server.connect().call("SET key value");
    server.stop_by(rustix::process::Signal::TERM);
    let server = Server::start(&["--engine", "disk", "--dir", &dir]);
    let mut client = server.connect();
    let idle = client.call("OBJECT IDLETIME key").int();
    assert!(idle < 60, "{idle}");
    client.call("CONFIG SET maxmemory-policy allkeys-lfu");
    assert_eq!(client.call("OBJECT FREQ key"), 5);
}
