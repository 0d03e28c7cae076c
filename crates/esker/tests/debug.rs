//! DEBUG: what tests of clients and of servers need.

mod harness;

use harness::{Client, SOON, Server, Value, eventually};
use std::time::Duration;

fn start() -> Server {
    Server::start(&["--enable-debug-command", "local", "--hz", "100"])
}

/// A panic ends its connection. Nothing of it reaches another, and nothing stays locked.
#[test]
fn a_panic_ends_nothing_but_its_connection() {
    let server = start();
    if !server.is_esker() {
        return; // It is the end of Redis.
    }
    let mut watcher = server.connect();
    watcher.call("SET k v");
    for _ in 0..10 {
        let mut client = server.connect();
        client.send_raw(b"INCR n\r\nSET k w\r\nDEBUG PANIC\r\nPING\r\n").unwrap();
        assert!(client.is_closed_within(SOON));
        // Whoever shares the worker's buffers gets replies of its own only.
        let mut others: Vec<Client> = (0..4).map(|_| server.connect()).collect();
        for other in &mut others {
            assert_eq!(other.call("GET k"), Value::bulk("w"));
        }
    }
    assert_eq!(watcher.call("GET n"), Value::bulk("10"));
    eventually("all are gone", || server.info("connected_clients") <= 2);
    assert!(server.log().contains("A command panicked"), "{}", server.log());
    assert!(server.log().contains("\"debug\""), "{}", server.log());
}

#[test]
fn object_shows_what_has_expired_as_long_as_it_is_there() {
    let server = start();
    let mut client = server.connect();
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    client.call("SET k v PX 1");
    std::thread::sleep(Duration::from_millis(5));
    assert!(client.call("DEBUG OBJECT k").text().contains("encoding:embstr"));
    assert!(client.call("GET k").is_null());
    // Where a reader may remove nothing, the key goes when somebody has the time.
    eventually("it is gone", || client.call("DEBUG OBJECT k").is_error());
}

#[test]
fn digests_are_of_the_contents() {
    let server = start();
    let mut client = server.connect();
    let nothing = Value::Simple(vec![b'0'; 40]);
    assert_eq!(client.call("DEBUG DIGEST"), nothing);
    let make = [
        "SET s 12",
        "RPUSH l a b",
        "SADD set a b 3",
        "HSET h f v g w",
        "ZADD z 1 a 2.5 b",
        "SELECT 3",
        "SET s x EX 100",
        "SELECT 0",
    ];
    make.iter().for_each(|line| drop(client.call(line)));
    let digest = client.call("DEBUG DIGEST");
    let values = client.call("DEBUG DIGEST-VALUE s l set h z nosuch");
    assert_eq!(values.elements()[5], nothing);

    // The same contents, come to in another way and held in another form.
    client.call("FLUSHALL");
    client.call(
        "CONFIG SET hash-max-listpack-entries 1 zset-max-listpack-entries 1 set-max-listpack-entries 1",
    );
    let again = [
        "APPEND s 12",
        "LPUSH l b a",
        "SADD set 3 b a",
        "HSET h g w f v",
        "ZADD z 2.5 b 1 a",
        "SELECT 3",
        "SET s x PX 70000",
        "SELECT 0",
    ];
    again.iter().for_each(|line| drop(client.call(line)));
    assert_eq!(client.call("DEBUG DIGEST"), digest);
    assert_eq!(client.call("DEBUG DIGEST-VALUE s l set h z nosuch"), values);

    for change in ["PERSIST s", "LSET l 0 c", "ZADD z 3 a", "HSET h f w", "SADD set c"] {
        let before = client.call("DEBUG DIGEST");
        client.call("SELECT 3");
        let changed = client.call("PERSIST s");
        client.call("SELECT 0");
        client.call(change);
        assert!(client.call("DEBUG DIGEST") != before || changed == Value::Int(0), "{change}");
    }
    assert_ne!(client.call("DEBUG DIGEST-VALUE l").elements()[0], values.elements()[1]);
}

#[test]
fn a_database_is_populated() {
    let server = start();
    let mut client = server.connect();
    client.call("SET key:1 kept");
    assert_eq!(client.call("DEBUG POPULATE 3"), Value::ok());
    assert_eq!(client.call("MGET key:0 key:1 key:2"), Value::bulks(["value:0", "kept", "value:2"]));
    assert_eq!(client.call("DEBUG POPULATE 2 x 10"), Value::ok());
    assert_eq!(client.call("GET x:1"), Value::bulk("value:1\0\0\0"));
    assert_eq!(client.call("DEBUG POPULATE 1 y 3"), Value::ok());
    assert_eq!(client.call("GET y:0"), Value::bulk("val"));
    assert_eq!(client.call("DBSIZE"), Value::Int(6));
    assert_eq!(client.call("DEBUG POPULATE x").error(), "ERR value is out of range, must be positive");
    assert_eq!(client.call("DEBUG POPULATE -1").error(), "ERR value is out of range, must be positive");
}

#[test]
fn forms_are_shown_where_they_are() {
    let server = start();
    let mut client = server.connect();
    client.call("RPUSH small a b");
    client.call("HSET hash f v");
    client.call("CONFIG SET hash-max-listpack-entries 0 list-max-listpack-size 1");
    client.call("HSET table f v g w");
    client.call("RPUSH large a b c");
    let printed = |what: &str| Value::Simple(format!("{what} structure printed on stdout").into_bytes());
    assert_eq!(client.call("DEBUG LISTPACK hash"), printed("Listpack"));
    assert_eq!(client.call("DEBUG QUICKLIST large 1"), printed("Quicklist"));
    assert_eq!(client.call("DEBUG LISTPACK table").error(), "ERR Not a listpack encoded object.");
    assert_eq!(client.call("DEBUG QUICKLIST table").error(), "ERR Not a quicklist encoded object.");
    assert_eq!(client.call("DEBUG LISTPACK nosuch").error(), "ERR no such key");
    let elements = |reply: Value| reply.text().contains("number of elements: ");
    assert!(elements(client.call("DEBUG HTSTATS-KEY table")));
    assert!(elements(client.call("DEBUG HTSTATS 0")));
    assert_eq!(client.call("DEBUG HTSTATS 9999").error(), "ERR Out of range database");
    let no_table = "ERR The value stored at the specified key is not represented using an hash table";
    assert_eq!(client.call("DEBUG HTSTATS-KEY small").error(), no_table);
}

#[test]
fn the_periodic_work_can_be_stopped() {
    let server = start();
    let mut client = server.connect();
    for off in ["DEBUG PAUSE-CRON 1", "DEBUG SET-ACTIVE-EXPIRE 0"] {
        assert_eq!(client.call(off), Value::ok());
        client.call("SET k v PX 20");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(client.call("DBSIZE"), Value::Int(1), "{off}");
        client.call("DEBUG PAUSE-CRON 0");
        client.call("DEBUG SET-ACTIVE-EXPIRE 1");
        eventually(off, || client.call("DBSIZE") == Value::Int(0));
    }
}

#[test]
fn what_is_accepted_is_checked() {
    let server = start();
    let mut client = server.connect();
    let replid = |client: &mut Client| client.call("INFO replication").text();
    let before = replid(&mut client);
    for line in [
        "DEBUG CHANGE-REPL-ID",
        "DEBUG REPLYBUFFER RESIZING 0",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME 100",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME RESET",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 100b",
        "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1",
    ] {
        assert_eq!(client.call(line), Value::ok(), "{line}");
    }
    assert_ne!(replid(&mut client), before);
    for (line, name) in [("DEBUG REPLYBUFFER SIZE 1", "REPLYBUFFER"), ("DEBUG nosuch", "nosuch")] {
        let unknown =
            format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP.");
        assert_eq!(client.call(line).error(), unknown);
    }
}
