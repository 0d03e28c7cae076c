//! Saving and loading: what is in the file, when it is written, and what happens when it cannot be.

mod harness;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{
    Client, SOON, Server, Spec, TemporaryDirectory, Value, eventually, find_program, is_on_disk, pass_over,
    run_to_end, temporary_directory,
};
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

const FUNCTION: &str = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)";

/// A server that works in a directory which outlives it.
#[track_caller]
fn start_in(directory: &TemporaryDirectory, directives: &[&str]) -> Server {
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let common = ["--engine", "memory", "--dir", dir, "--enable-debug-command", "yes"];
    Server::start(&[&common[..], directives].concat())
}

fn dump(directory: &TemporaryDirectory) -> std::path::PathBuf {
    directory.path().join("dump.rdb")
}

/// A server with all of its databases in memory, or with some on disk.
const ENGINES: [&[&str]; 2] =
    [&["--engine", "memory"], &["--engine", "memory", "--database", "0", "disk", "--database", "2", "disk"]];

/// Puts in something of every kind, small and large.
fn fill(client: &mut Client) {
    let many = |command: &str, count: usize, word: &dyn Fn(usize) -> String| {
        (0..count).fold(command.to_owned(), |line, number| line + " " + &word(number))
    };
    for (database, count) in [(0, 5), (0, 900), (1, 900), (2, 5), (2, 900)] {
        client.call(&format!("SELECT {database}"));
        for line in [
            format!("SET string:{count} {}", "text".repeat(count)),
            format!("SET integer:{count} {count}"),
            format!("SET fading:{count} soon PX 10000000"),
            many(&format!("RPUSH list:{count}"), count, &|number| format!("element:{number}")),
            many(&format!("SADD integers:{count}"), count, &|number| number.to_string()),
            many(&format!("SADD set:{count}"), count, &|number| format!("member:{number}")),
            many(&format!("HSET hash:{count}"), count, &|number| format!("field:{number} {number}")),
            many(&format!("ZADD zset:{count}"), count, &|number| format!("{number}.5 member:{number}")),
            format!("PEXPIRE zset:{count} 20000000"),
        ] {
            let reply = client.call(&line);
            assert!(!reply.is_error(), "{line:.60}: {reply:?}");
        }
        for number in 0..count {
            client.call(&format!("XADD stream:{count} {}-1 field {number}", number + 1));
        }
        client.call(&format!("XGROUP CREATE stream:{count} group 0"));
        client.call(&format!("XREADGROUP GROUP group reader COUNT 3 STREAMS stream:{count} >"));
    }
    client.call("SELECT 0");
}

/// All that the digest tells, and the deadlines, which it does not.
fn state(client: &mut Client) -> Vec<String> {
    let mut state = vec![client.call("DEBUG DIGEST").text()];
    for database in 0..3 {
        client.call(&format!("SELECT {database}"));
        state.push(client.call("DBSIZE").int().to_string());
        for name in ["fading:5", "zset:900", "hash:900"] {
            state.push(client.call(&format!("PEXPIRETIME {name}")).int().to_string());
        }
    }
    client.call("SELECT 0");
    state
}

#[track_caller]
fn saved_in_background(server: &Server, client: &mut Client) {
    assert_eq!(client.call("BGSAVE"), Value::Simple(b"Background saving started".to_vec()));
    eventually("the save ends", || server.info("rdb_bgsave_in_progress") == 0);
}

#[test]
fn what_is_saved_is_there_after_a_restart() {
    for engines in ENGINES {
        let directory = temporary_directory();
        let mut server = start_in(&directory, engines);
        let mut client = server.connect();
        fill(&mut client);
        client.call_with(&["FUNCTION", "LOAD", FUNCTION]);
        let before = state(&mut client);
        saved_in_background(&server, &mut client);
        assert!(server.info("rdb_last_save_time") > 0);
        assert_eq!(server.info("rdb_changes_since_last_save"), 0);
        assert_eq!(server.info("rdb_saves"), 1);
        client.call("SET string:5 later");
        client.send("SHUTDOWN NOSAVE");
        assert_eq!(server.wait().code, Some(0));

        // From memory or from disk into memory, and from there onto a new disk, which keeps it.
        for (engine, is_kept) in [("memory", false), ("disk", false), ("disk", true)] {
            if engine == "memory" {
                let _ = fs::remove_dir_all(directory.path().join("disk"));
            }
            let mut server = start_in(&directory, &["--engine", engine]);
            let mut client = server.connect();
            eventually("it is loaded", || server.info("loading") == 0);
            assert_eq!(state(&mut client), before, "{engine}");
            assert_eq!(client.call("FCALL answer 0"), Value::Int(42));
            assert_eq!(server.info("rdb_last_load_keys_loaded") > 0, !is_kept, "{engine}");
            client.send("SHUTDOWN NOSAVE");
            assert_eq!(server.wait().code, Some(0));
        }
    }
}

#[test]
fn a_debug_reload_changes_nothing() {
    for engines in ENGINES {
        let directory = temporary_directory();
        let server = start_in(&directory, engines);
        let mut client = server.connect();
        fill(&mut client);
        client.call_with(&["FUNCTION", "LOAD", FUNCTION]);
        let before = state(&mut client);
        assert_eq!(client.call("DEBUG RELOAD"), Value::ok());
        assert_eq!(state(&mut client), before);
        client.call("SET string:5 later");
        client.call("DEL integer:5");
        assert!(client.call("DEBUG RELOAD NOSAVE NOFLUSH").is_error(), "keys are there twice");
        assert_eq!(client.call("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), Value::ok());
        assert_eq!(state(&mut client), before);
        assert_eq!(client.call("FCALL answer 0"), Value::Int(42));
        assert!(client.call("DEBUG RELOAD SIDEWAYS").is_error());
    }
}

#[test]
fn redis_loads_what_is_saved_and_the_other_way_round() {
    let Some(redis) = find_program("redis-server") else {
        eprintln!("passed over: there is no redis-server");
        return;
    };
    let directory = temporary_directory();
    let dir = directory.path().to_str().expect("a path in UTF-8").to_owned();
    // Streams' digests are not made in the same way; each is asked what clients are told.
    let questions = |client: &mut Client| -> Vec<Value> {
        let lines = [
            "GET string:900",
            "GET integer:5",
            "PEXPIRETIME fading:900",
            "LRANGE list:900 0 -1",
            "LRANGE list:5 0 -1",
            "ZRANGE zset:900 0 -1 WITHSCORES",
            "ZRANGE zset:5 0 -1 WITHSCORES",
            "XRANGE stream:900 - +",
            "XPENDING stream:5 group",
            "SCARD set:900",
            "SMISMEMBER set:5 member:0 member:4 member:5",
            "SCARD integers:900",
            "HMGET hash:900 field:0 field:899 field:900",
            "HLEN hash:5",
            "DBSIZE",
        ];
        let mut replies = Vec::new();
        for database in 0..3 {
            client.call(&format!("SELECT {database}"));
            replies.extend(lines.iter().map(|line| client.call(line)));
        }
        client.call("SELECT 0");
        replies
    };
    let ours = start_in(&directory, &["--rdb-version", "10"]);
    let mut client = ours.connect();
    fill(&mut client);
    client.call_with(&["FUNCTION", "LOAD", FUNCTION]);
    let expected = questions(&mut client);
    assert_eq!(client.call("SAVE"), Value::ok());
    drop(ours);
    assert_eq!(&fs::read(dump(&directory)).expect("it was saved")[..9], b"REDIS0010");

    let theirs = Spec::redis(redis).with(&["--dir", &dir]).start();
    let mut client = theirs.connect();
    eventually("Redis has loaded it", || theirs.info("loading") == 0);
    assert_eq!(questions(&mut client), expected);
    assert_eq!(client.call("FCALL answer 0"), Value::Int(42));
    assert_eq!(client.call("SAVE"), Value::ok());
    drop(theirs);

    let ours = start_in(&directory, &[]);
    let mut client = ours.connect();
    eventually("it is loaded", || ours.info("loading") == 0);
    assert_eq!(questions(&mut client), expected);
    assert_eq!(client.call("FCALL answer 0"), Value::Int(42));
}

#[test]
fn a_damaged_file_is_not_loaded() {
    let directory = temporary_directory();
    let server = start_in(&directory, &[]);
    let mut client = server.connect();
    fill(&mut client);
    assert_eq!(client.call("SAVE"), Value::ok());
    drop(server);
    let whole = fs::read(dump(&directory)).expect("it was saved");
    let says = |bytes: &[u8], directives: &[&str]| {
        fs::write(dump(&directory), bytes).expect("it can be written");
        let mut command = Spec::under_test().command();
        command.args(["--port", "0", "--dir"]).arg(directory.path()).args(directives);
        run_to_end(&mut command, b"", SOON)
    };
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    let cut = &whole[..whole.len() / 2];
    for bytes in [&flipped[..], cut, &whole[..whole.len() - 1], &b"REDIS9999"[..], &b"nothing"[..]] {
        let (is_success, said) = says(bytes, &[]);
        assert!(!is_success, "{said}");
        assert!(said.contains("dump.rdb"), "{said}");
        assert!(said.contains("byte") || said.contains("offset"), "{said}");
    }
    let (is_success, said) = says(&whole, &["--databases", "1"]);
    assert!(!is_success && said.contains("more than 1 databases"), "{said}");
    assert_eq!(fs::read(dump(&directory)).expect("it is there"), whole, "it stays as it is");
}

#[test]
fn a_save_that_is_killed_leaves_the_file_before() {
    let directory = temporary_directory();
    let mut server = start_in(&directory, &["--rdb-key-save-delay", "1000"]);
    let mut client = server.connect();
    client.call("SET key before");
    assert_eq!(client.call("SAVE"), Value::ok());
    let before = fs::read(dump(&directory)).expect("it was saved");
    client.call("DEBUG POPULATE 100000");
    client.call("BGSAVE");
    eventually("it is under way", || server.info("current_save_keys_processed") > 0);
    server.stop_by(Signal::KILL);
    assert_eq!(fs::read(dump(&directory)).expect("it is there"), before);
    let server = start_in(&directory, &[]);
    eventually("it is loaded", || server.info("loading") == 0);
    assert_eq!(server.connect().call("DBSIZE"), Value::Int(1));
}

#[test]
fn a_save_in_the_background_shows_and_can_be_cancelled() {
    let directory = temporary_directory();
    let server = start_in(&directory, &["--rdb-key-save-delay", "1000"]);
    let mut client = server.connect();
    client.call("DEBUG POPULATE 100000");
    assert!(client.call("BGSAVE CANCEL").error().contains("not in progress"));
    let started = Value::Simple(b"Background saving started".to_vec());
    assert_eq!(client.call("BGSAVE"), started);
    assert_eq!(client.call("BGSAVE").error(), "ERR Background save already in progress");
    assert_eq!(client.call("SAVE").error(), "ERR Background save already in progress");
    assert_eq!(server.info("rdb_bgsave_in_progress"), 1);
    eventually("it knows how much", || server.info("current_save_keys_total") == 100_000);
    // Clients go on.
    assert_eq!(client.call("SET key value"), Value::ok());
    assert_eq!(client.call("BGSAVE CANCEL"), Value::Simple(b"Background saving cancelled".to_vec()));
    eventually("it ends", || server.info("rdb_bgsave_in_progress") == 0);
    assert!(!dump(&directory).exists());
    let left: Vec<_> = fs::read_dir(directory.path()).expect("a directory").flatten().collect();
    assert!(left.iter().all(|file| !file.file_name().to_string_lossy().starts_with("temp-")), "{left:?}");
    assert!(client.call("INFO persistence").text().contains("rdb_last_bgsave_status:ok"));
    // Within a transaction it is of what the transaction leaves.
    client.call("CONFIG SET rdb-key-save-delay 0");
    for line in ["MULTI", "SET in before", "BGSAVE", "SET in after"] {
        client.call(line);
    }
    assert_eq!(client.call("EXEC").elements()[1], started);
    eventually("the save ends", || server.info("rdb_saves") == 1);
    drop(server);
    let server = start_in(&directory, &[]);
    let mut client = server.connect();
    eventually("it is loaded", || server.info("loading") == 0);
    assert_eq!(client.call("GET in"), Value::bulk("after"));
}

fn limit_files(server: &Server, bytes: Option<u64>) {
    let pid = Pid::from_raw(server.pid() as i32).expect("a process");
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).expect("it is our child");
}

#[test]
fn who_cannot_save_refuses_changes_until_it_can() {
    let directory = temporary_directory();
    let server = start_in(&directory, &["--save", "3600 1", "--rdbcompression", "no"]);
    let mut client = server.connect();
    client.call("SET key before");
    saved_in_background(&server, &mut client);
    let before = fs::read(dump(&directory)).expect("it was saved");
    client.call("DEBUG POPULATE 10000");
    limit_files(&server, Some(50_000));
    saved_in_background(&server, &mut client);
    let info = client.call("INFO persistence").text();
    assert!(info.contains("rdb_last_bgsave_status:err"), "{info}");
    assert_eq!(fs::read(dump(&directory)).expect("it is there"), before, "the old file stays");
    assert!(server.log().contains("cannot be written"), "{}", server.log());
    let script = ["EVAL", "return redis.call('SET', 'key', 'x')", "1", "key"];
    for words in [&["SET", "key", "value"][..], &["PING"], &script] {
        assert!(client.call_with(words).error().contains("MISCONF"), "{words:?}");
    }
    assert_eq!(client.call("GET key"), Value::bulk("before"));
    client.call("MULTI");
    assert!(client.call("SET key value").error().contains("MISCONF"));
    assert!(client.call("EXEC").error().contains("EXECABORT"));
    assert!(client.call("SHUTDOWN").error().contains("Errors trying to SHUTDOWN"));
    client.call("CONFIG SET stop-writes-on-bgsave-error no");
    assert_eq!(client.call("SET key value"), Value::ok());
    client.call("CONFIG SET stop-writes-on-bgsave-error yes");
    assert!(client.call("SET key value").is_error());
    limit_files(&server, None);
    saved_in_background(&server, &mut client);
    assert_eq!(client.call("SET key value"), Value::ok());
    // A name that is taken by something else.
    fs::remove_file(dump(&directory)).expect("it is there");
    fs::create_dir(dump(&directory)).expect("it can be made");
    assert!(client.call("SAVE").error().contains("dump.rdb"));
}

#[test]
fn the_rules_say_when_to_save() {
    let directory = temporary_directory();
    let server = start_in(&directory, &["--save", "1 5"]);
    let mut client = server.connect();
    for number in 0..4 {
        client.call(&format!("SET {number} value"));
    }
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(server.info("rdb_saves"), 0, "too little has changed");
    client.call("SET 5 value");
    eventually("a save", || server.info("rdb_saves") == 1);
    assert!(server.log().contains("5 changes in 1 seconds. Saving..."));
    // What is stored needs no file.
    let directory = temporary_directory();
    let server = start_in(&directory, &["--save", "1 1", "--engine", "disk"]);
    server.connect().call("SET key value");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(server.info("rdb_saves"), 0);
}

#[test]
fn the_end_saves_where_rules_say_so_and_loses_nothing() {
    for (directives, last, expected) in [
        (&["--save", "3600 1"][..], "signal", true),
        (&["--save", "3600 1"], "SHUTDOWN", true),
        (&["--save", "3600 1"], "SHUTDOWN NOSAVE", false),
        (&[], "signal", false),
        (&[], "SHUTDOWN SAVE", true),
    ] {
        let directory = temporary_directory();
        let mut server = start_in(&directory, directives);
        server.connect().call("DEBUG POPULATE 50000");
        // Whatever was acknowledged is there.
        let address = server.address();
        let writer = std::thread::spawn(move || {
            let mut client = Client::connect(address).expect("it listens");
            let mut acknowledged = 0;
            while let Ok(Value::Int(count)) = client.try_call(&["INCR", "counter"]) {
                acknowledged = count;
            }
            acknowledged
        });
        std::thread::sleep(Duration::from_millis(100));
        match last {
            "signal" => server.signal(Signal::TERM),
            line => server.connect().send(line),
        }
        assert_eq!(server.wait().code, Some(0));
        let acknowledged = writer.join().expect("it has not panicked");
        assert_eq!(dump(&directory).exists(), expected, "{directives:?} {last}");
        if expected {
            let server = start_in(&directory, &[]);
            eventually("it is loaded", || server.info("loading") == 0);
            let found = server.connect().call("GET counter").text().parse::<i64>().expect("a number");
            assert!(found >= acknowledged, "{found} of {acknowledged} with {last}");
        }
    }
}

#[test]
fn clients_wait_until_all_is_loaded() {
    let directory = temporary_directory();
    let server = start_in(&directory, &[]);
    let mut client = server.connect();
    client.call("DEBUG POPULATE 3000");
    // It is in the file, where it is found expired.
    client.call("SET fading value PX 200");
    assert_eq!(client.call("SAVE"), Value::ok());
    drop(server);
    std::thread::sleep(Duration::from_millis(250));
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let directives = ["--engine", "memory", "--dir", dir, "--key-load-delay", "500"];
    let server = Spec::under_test().with(&directives).while_loading().start();
    let mut client = server.connect();
    assert_eq!(client.call("GET key:1").error(), "LOADING Redis is loading the dataset in memory");
    let info = client.call("INFO persistence").text();
    for field in ["loading:1", "loading_total_bytes:", "loading_loaded_perc:", "loading_eta_seconds:"] {
        assert!(info.contains(field), "{field}: {info}");
    }
    eventually("it is loaded", || server.info("loading") == 0);
    assert_eq!(client.call("DBSIZE"), Value::Int(3000));
    assert_eq!(server.info("rdb_last_load_keys_loaded"), 3000);
    assert!(server.info("rdb_last_load_keys_expired") >= 1);
}

#[test]
fn a_transaction_is_saved_whole_or_not_at_all() {
    let (saved, copied) = (temporary_directory(), temporary_directory());
    let server = start_in(&saved, &[]);
    server.connect().call("DEBUG POPULATE 20000");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut client = server.connect();
                while !is_over.load(Ordering::Relaxed) {
                    for line in ["MULTI", "INCR one", "SET key:7 value", "INCR other", "EXEC"] {
                        client.call(line);
                    }
                }
            });
        }
        let end = EndOf(&is_over);
        for _ in 0..5 {
            let mut client = server.connect();
            std::thread::sleep(Duration::from_millis(50));
            saved_in_background(&server, &mut client);
            assert_same_counts(&saved, &copied);
        }
        drop(end);
    });
}

/// Has the threads end, also when an assertion fails.
struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[track_caller]
fn assert_same_counts(saved: &TemporaryDirectory, copied: &TemporaryDirectory) {
    copy(&dump(saved), &dump(copied));
    let server = start_in(copied, &[]);
    eventually("it is loaded", || server.info("loading") == 0);
    let mut client = server.connect();
    let counts = client.call("MGET one other");
    assert_eq!(counts.elements()[0], counts.elements()[1]);
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).expect("it can be copied");
}

#[test]
fn what_a_signal_means_is_configured() {
    for (words, signal, is_saved) in [
        (["--shutdown-on-sigterm", "nosave"], Signal::TERM, false),
        (["--shutdown-on-sigterm", "nosave"], Signal::INT, true),
        (["--shutdown-on-sigint", "nosave"], Signal::INT, false),
    ] {
        let directory = temporary_directory();
        let mut server = start_in(&directory, &["--save", "3600", "1", words[0], words[1]]);
        server.connect().call("SET a 1");
        assert_eq!(server.stop_by(signal).code, Some(0));
        assert_eq!(dump(&directory).exists(), is_saved, "{words:?} {signal:?}");
    }
}

/// There is one snapshot at a time; that another one runs is no failure of a save.
#[test]
fn a_save_waits_for_a_rewrite() {
    if is_on_disk() {
        return pass_over("nothing is saved of a database on disk");
    }
    let mut server = Server::start(&["--appendonly", "yes", "--save", "3600 1"]);
    let mut client = server.connect();
    for number in 0..100 {
        client.call(&format!("SET key:{number} {number}"));
    }
    let saves = server.info("rdb_saves");
    client.call("CONFIG SET rdb-key-save-delay 600000");
    client.call("BGREWRITEAOF");
    eventually("a rewrite runs", || server.info("aof_rewrite_in_progress") == 1);
    assert!(client.call("BGSAVE").error().contains("Use BGSAVE SCHEDULE"));
    assert_eq!(client.call("BGSAVE SCHEDULE"), Value::Simple(b"Background saving scheduled".to_vec()));
    assert_eq!(
        client.call("BGSAVE CANCEL"),
        Value::Simple(b"Scheduled background saving cancelled".to_vec())
    );
    // By rule, too.
    assert_eq!(client.call_with(&["CONFIG", "SET", "save", "1 1"]), Value::ok());
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(client.call("SET a 1"), Value::ok(), "nothing has failed");
    client.call("CONFIG SET rdb-key-save-delay 0");
    eventually("it is saved when the rewrite is over", || server.info("rdb_saves") > saves);
    // The last save does not wait for a rewrite, nor is it refused.
    eventually("all is done", || {
        server.info("aof_rewrite_in_progress") + server.info("rdb_bgsave_in_progress") == 0
    });
    assert_eq!(client.call_with(&["CONFIG", "SET", "save", ""]), Value::ok());
    client.call("CONFIG SET rdb-key-save-delay 20000");
    client.call("SET a 2");
    client.call("BGREWRITEAOF");
    eventually("a rewrite runs", || server.info("aof_rewrite_in_progress") == 1);
    client.send("SHUTDOWN SAVE");
    let exit = server.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.log);
}

#[test]
fn a_library_that_is_there_twice_is_not_loaded_over_the_other() {
    let server = Server::start(&["--engine", "memory", "--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.call_with(&["FUNCTION", "LOAD", FUNCTION]);
    assert_eq!(client.call("SAVE"), Value::ok());
    assert!(client.call("DEBUG RELOAD NOSAVE NOFLUSH").is_error());
    assert_eq!(client.call("FCALL answer 0"), Value::Int(42));
    assert_eq!(client.call("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), Value::ok());
}
