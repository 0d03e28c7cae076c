//! Expiry is exact to the millisecond, an expired key is never seen, and what it held comes back
//! without anybody touching it.

mod harness;

use harness::{Client, Server, Value, eventually, is_on_disk};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Redis counts time in whole milliseconds, which both ends may have rounded.
const ROUNDING: Duration = Duration::from_millis(2);

/// Starts a server that allows DEBUG.
fn server() -> Server {
    Server::start(&["--enable-debug-command", "yes"])
}

/// A server that removes an expired key only when a command meets it.
fn server_without_active_expiry() -> Server {
    let server = server();
    assert_eq!(server.connect().call("DEBUG SET-ACTIVE-EXPIRE 0"), Value::ok());
    server
}

fn unix_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis()
}

/// Writes with `write`, which sets an expiry after `ttl`, and asks `read` until the key is gone:
/// it must be there up to that moment and never after it.
fn check_deadline(client: &mut Client, write: &[&str], read: &str, ttl: Duration) {
    let earliest = Instant::now() + ttl;
    for line in write {
        if client.call(line).is_error() {
            // On a busy machine the key may be gone before all is written.
            assert!(Instant::now() + ROUNDING >= earliest, "{line}");
            return;
        }
    }
    let latest = Instant::now() + ttl;
    loop {
        let asked = Instant::now();
        let reply = client.call(read);
        let answered = Instant::now();
        if reply.is_null() || reply == 0 || reply == *"none" {
            assert!(answered + ROUNDING >= earliest, "{write:?}: gone {:?} too early", earliest - answered);
            return;
        }
        assert!(asked < latest + ROUNDING, "{write:?}: still there {:?} later", asked - latest);
    }
}

#[test]
fn a_key_is_there_until_its_millisecond_and_not_after() {
    let server = server();
    let mut client = server.connect();
    for ttl_ms in [1, 7, 20, 51, 130] {
        let ttl = Duration::from_millis(ttl_ms);
        let expire = format!("PEXPIRE k {ttl_ms}");
        let cases: &[(&[&str], &str)] = &[
            (&[&format!("SET k v PX {ttl_ms}")], "GET k"),
            (&[&format!("PSETEX k {ttl_ms} v")], "EXISTS k"),
            (&["SET k v", &format!("GETEX k PX {ttl_ms}")], "STRLEN k"),
            (&["HSET k f v", &expire], "HGET k f"),
            (&["RPUSH k v", &expire], "LLEN k"),
            (&["SADD k v", &expire], "SISMEMBER k v"),
            (&["ZADD k 1 v", &expire], "ZSCORE k v"),
            (&["SETBIT k 1 1", &expire], "TYPE k"),
            (&["SET k v", &expire, "RENAME k moved", "COPY moved k", "DEL moved"], "GET k"),
        ];
        for (write, read) in cases {
            check_deadline(&mut client, write, read, ttl);
        }
    }
}

/// What commands say about a key that has expired but that nothing has removed yet.
#[test]
fn to_every_command_an_expired_key_is_missing() {
    let server = server_without_active_expiry();
    let mut client = server.connect();
    let (zero, none) = (Value::Int(0), Value::NullBulk);
    let empty = Value::Array(vec![]);
    let cases = [
        ("GET", "k", none.clone()),
        ("EXISTS", "k k", zero.clone()),
        ("TOUCH", "k", zero.clone()),
        ("TYPE", "k", Value::Simple(b"none".to_vec())),
        ("TTL", "k", Value::Int(-2)),
        ("PTTL", "k", Value::Int(-2)),
        ("EXPIRETIME", "k", Value::Int(-2)),
        ("PEXPIRETIME", "k", Value::Int(-2)),
        ("OBJECT ENCODING", "k", none.clone()),
        ("STRLEN", "k", zero.clone()),
        ("GETRANGE", "k 0 -1", Value::bulk("")),
        ("MGET", "k", Value::Array(vec![none.clone()])),
        ("BITCOUNT", "k", zero.clone()),
        ("SORT", "k", empty.clone()),
        ("SUNION", "k", empty.clone()),
        ("ZUNION", "1 k", empty.clone()),
        ("PFCOUNT", "k", zero.clone()),
        ("DEL", "k", zero.clone()),
        ("UNLINK", "k", zero.clone()),
        ("PERSIST", "k", zero.clone()),
        ("EXPIRE", "k 100", zero.clone()),
        ("COPY", "k other", zero.clone()),
        ("MOVE", "k 1", zero.clone()),
        ("RENAME", "k other", Value::Error("ERR no such key".to_owned())),
        ("LSET", "k 0 x", Value::Error("ERR no such key".to_owned())),
        ("GETDEL", "k", none.clone()),
        ("GETSET", "k x", none.clone()),
        ("SET", "k x XX", none.clone()),
        ("SET", "k x GET", none.clone()),
        ("SETNX", "k x", Value::Int(1)),
        ("APPEND", "k xy", Value::Int(2)),
        ("INCR", "k", Value::Int(1)),
        ("SETRANGE", "k 2 x", Value::Int(3)),
        ("MSETNX", "k 1 other 2", Value::Int(1)),
        ("LPUSHX", "k x", zero.clone()),
        // A string when it was written; whatever it was does not matter any more.
        ("LPUSH", "k x", Value::Int(1)),
        ("HSET", "k f v", Value::Int(1)),
        ("SADD", "k x", Value::Int(1)),
        ("ZADD", "k 1 x", Value::Int(1)),
        ("GEOADD", "k 1 1 x", Value::Int(1)),
        ("KEYS", "*", empty.clone()),
        ("RANDOMKEY", "", none),
    ];
    for (command, arguments, expected) in cases {
        client.call("FLUSHALL");
        client.call("SET k 12 PX 1");
        thread::sleep(Duration::from_millis(3));
        assert_eq!(client.call(&format!("{command} {arguments}")), expected, "{command} {arguments}");
    }
    for scan in ["SCAN 0", "SCAN 0 TYPE string", "SCAN 0 MATCH k"] {
        client.call("FLUSHALL");
        client.call("SET k 12 PX 1");
        thread::sleep(Duration::from_millis(3));
        let mut reply = client.call(scan);
        while reply.elements()[0] != *"0" {
            assert_eq!(reply.elements()[1], empty, "{scan}");
            reply = client.call(&scan.replace("0", &reply.elements()[0].text()));
        }
        assert_eq!(reply.elements()[1], empty, "{scan}");
    }
}

/// Keys whose names say when they expire, met by everything that lists keys.
fn check_listings(server: &Server) {
    const KEYS: u128 = 3000;
    let mut client = server.connect();
    let start = unix_ms() + 100;
    let writes: Vec<Vec<String>> = (0..KEYS)
        .map(|number| start + number / 4)
        .enumerate()
        .map(|(number, at)| {
            vec!["SET".into(), format!("{number}:{at}"), "v".into(), "PXAT".into(), at.to_string()]
        })
        .collect();
    client.pipeline(&writes);
    let check = |asked_at: u128, key: &Value, by: &str| {
        let name = key.text();
        let (_, at) = name.split_once(':').expect("number:deadline");
        let at: u128 = at.parse().expect("a number");
        assert!(at + ROUNDING.as_millis() >= asked_at, "{by} shows {name} at {asked_at}");
    };
    let mut cursor = "0".to_owned();
    while unix_ms() < start + KEYS / 4 + 50 {
        let asked_at = unix_ms();
        let page = client.call(&format!("SCAN {cursor} COUNT 100"));
        page.elements()[1].elements().iter().for_each(|key| check(asked_at, key, "SCAN"));
        cursor = page.elements()[0].text();
        let asked_at = unix_ms();
        client.call("KEYS *").elements().iter().for_each(|key| check(asked_at, key, "KEYS"));
        let asked_at = unix_ms();
        let key = client.call("RANDOMKEY");
        if !key.is_null() {
            check(asked_at, &key, "RANDOMKEY");
        }
    }
    assert!(client.call("RANDOMKEY").is_null());
    assert_eq!(client.call("KEYS *"), Value::Array(vec![]));
}

#[test]
fn nothing_lists_an_expired_key() {
    check_listings(&server());
}

#[test]
fn nothing_lists_an_expired_key_that_is_not_removed_yet() {
    check_listings(&server_without_active_expiry());
}

#[test]
fn expired_keys_go_and_their_memory_comes_back_untouched() {
    const KEYS: i64 = 20_000;
    const VALUE_BYTES: usize = 500;
    let server = server();
    let mut client = server.connect();
    let used = |client: &mut Client| -> i64 {
        let info = client.call("INFO memory").text();
        let field = info.lines().find_map(|line| line.strip_prefix("used_memory:")).expect("used_memory");
        field.parse().expect("a number")
    };
    client.call("SET stays v");
    let before = used(&mut client);
    let value = "x".repeat(VALUE_BYTES);
    for chunk in (0..KEYS).collect::<Vec<_>>().chunks(500) {
        let writes: Vec<Vec<String>> = chunk
            .iter()
            .map(|number| {
                let ttl = (500 + number % 400).to_string();
                vec!["SET".into(), format!("key:{number}"), value.clone(), "PX".into(), ttl]
            })
            .collect();
        client.pipeline(&writes);
    }
    let full = used(&mut client);
    // What was written to a database on disk is in memory until it is in a table, whatever has become of it.
    let comes_back = !is_on_disk();
    assert!(full - before > KEYS * VALUE_BYTES as i64 / 2, "from {before} to {full}");
    // DBSIZE and INFO look at no key.
    eventually("the keys are removed", || client.call("DBSIZE") == 1);
    eventually("their memory comes back", || {
        !comes_back || used(&mut client) - before < (full - before) / 20
    });
    assert_eq!(server.info("expired_keys"), KEYS);
    assert_eq!(client.call("GET stays"), Value::bulk("v"));
}

#[test]
fn a_moment_in_the_past_removes_the_key() {
    let server = server();
    let mut client = server.connect();
    let cases = [
        ("EXPIRE k 0", Value::Int(1)),
        ("EXPIRE k -1", Value::Int(1)),
        ("PEXPIRE k -9223372036854", Value::Int(1)),
        ("EXPIREAT k 1", Value::Int(1)),
        ("PEXPIREAT k 0", Value::Int(1)),
        ("GETEX k PXAT 1", Value::bulk("v")),
        ("SET k w PXAT 1", Value::ok()),
        ("SET k w EXAT 1", Value::ok()),
    ];
    for (line, reply) in cases {
        client.call("SET k v");
        assert_eq!(client.call(line), reply, "{line}");
        assert!(client.call("GET k").is_null(), "{line}");
        assert_eq!(client.call("TTL k"), Value::Int(-2), "{line}");
    }
}

#[test]
fn an_expiry_can_be_replaced_and_removed_until_the_last_moment() {
    let server = server();
    let mut client = server.connect();
    let removals = ["PERSIST k", "SET k v", "GETEX k PERSIST", "PEXPIRE k 100000", "GETSET k v"];
    for line in removals {
        client.call("SET k v PX 30");
        client.call(line);
        thread::sleep(Duration::from_millis(40));
        assert!(!client.call("GET k").is_null(), "{line}");
    }
    // What changes a value in place keeps its expiry.
    for line in
        ["APPEND k 1", "INCR k", "SETRANGE k 0 1", "SET k 2 KEEPTTL", "BITFIELD k SET u8 0 1", "SETBIT k 1 1"]
    {
        client.call("SET k 1 PX 100000");
        assert!(!client.call(line).is_error(), "{line}");
        assert!(client.call("PTTL k").int() > 0, "{line}");
    }
}

/// Whoever walks past a key that has expired removes it, as whoever reads it does.
#[test]
fn a_scan_removes_what_has_expired() {
    let server = server_without_active_expiry();
    let mut client = server.connect();
    for scan in ["SCAN 0 COUNT 1000", "KEYS *", "SCAN 0 COUNT 1000 MATCH nosuch* TYPE hash"] {
        client.call("SET stays 1");
        client.call("SET goes 1 PX 1");
        client.call("HSET fields f 1");
        client.call("HPEXPIRE fields 1 FIELDS 1 f");
        thread::sleep(Duration::from_millis(3));
        assert_eq!(client.call("DBSIZE"), Value::Int(3));
        client.call(scan);
        assert_eq!(client.call("DBSIZE"), Value::Int(1), "{scan}");
    }
    assert_eq!(server.info("expired_keys"), 3, "fields are counted apart");
}

/// A key that has expired is not there before databases are exchanged, and not afterwards.
#[test]
fn exchanged_databases_change_no_key_that_has_expired() {
    let server = server_without_active_expiry();
    let mut client = server.connect();
    for (here, there, is_touched) in [
        (None, Some("SET x 1 PX 1"), false),
        (Some("SET x 1 PX 1"), Some("SET x 2 PX 1"), false),
        (Some("SET x 1 PX 1"), None, false),
        (Some("SET x 1 PX 1"), Some("SET x 2"), true),
        (None, Some("SET x 2"), true),
        (Some("SET x 1"), None, true),
    ] {
        client.call("FLUSHALL");
        for (database, line) in [(0, there), (1, here)] {
            client.call(&format!("SELECT {database}"));
            line.map(|line| client.call(line));
        }
        thread::sleep(Duration::from_millis(3));
        client.call("WATCH x");
        client.call("SWAPDB 0 1");
        client.call("MULTI");
        client.call("PING");
        assert_eq!(client.call("EXEC") == Value::NullArray, is_touched, "{here:?} {there:?}");
    }
}

#[test]
fn a_deadline_that_was_taken_away_costs_nothing_once_it_is_past() {
    let server = server();
    let mut client = server.connect();
    for line in ["SET a 1 PX 20", "PERSIST a", "SET b 1 PX 20", "SET b 2", "SET c 1 PX 20", "FLUSHALL"] {
        client.call(line);
    }
    thread::sleep(Duration::from_millis(200));
    let spent_ms = || server.info("expire_cycle_cpu_milliseconds");
    let before_ms = spent_ms();
    thread::sleep(Duration::from_millis(1000));
    let spent_ms = spent_ms() - before_ms;
    assert!(spent_ms < 20, "{spent_ms} ms of a second");
}
