//! MIGRATE moves keys to another server, loses none, and keeps nobody waiting but the client that asked.

#![allow(clippy::unwrap_used, reason = "a test")]

mod harness;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Client, Server, Spec, Value, find_program, pass_over};

fn migrate(client: &mut Client, to: u16, rest: &str) -> Value {
    client.call(&format!("MIGRATE 127.0.0.1 {to} {rest}"))
}

#[test]
fn keys_are_moved_with_all_that_they_hold() {
    let (from, to) = (Server::start(&[]), Server::start(&[]));
    let (mut source, mut target) = (from.connect(), to.connect());
    source.call("SET expiring value PX 100000");
    source.call("RPUSH list a b c");
    source.call("HSET hash field value");
    for index in 0..1000 {
        source.call(&format!("SADD set member{index}"));
    }
    assert_eq!(migrate(&mut source, to.port(), "expiring 3 1000"), Value::ok());
    assert_eq!(source.call("EXISTS expiring"), 0);
    target.call("SELECT 3");
    assert_eq!(target.call("GET expiring"), Value::bulk("value"));
    assert!((1..=100_000).contains(&target.call("PTTL expiring").int()));
    target.call("SELECT 0");

    assert_eq!(migrate(&mut source, to.port(), "missing 0 1000"), *"NOKEY");
    source.call_with(&[
        "MIGRATE",
        "127.0.0.1",
        &to.port().to_string(),
        "",
        "0",
        "1000",
        "COPY",
        "KEYS",
        "list",
        "set",
        "missing",
    ]);
    assert_eq!(source.call("EXISTS list set"), 2);
    assert_eq!((target.call("LLEN list"), target.call("SCARD set")), (Value::Int(3), Value::Int(1000)));

    // Those that are in the way stay, the others have gone over.
    let words = ["MIGRATE", "127.0.0.1", &to.port().to_string(), "", "0", "1000", "KEYS", "list", "hash"];
    let reply = source.call_with(&words);
    assert_eq!(
        reply.error(),
        "ERR Target instance replied with error: BUSYKEY Target key name already exists."
    );
    assert_eq!((source.call("EXISTS list"), source.call("EXISTS hash")), (Value::Int(1), Value::Int(0)));
    assert_eq!(target.call("HGET hash field"), Value::bulk("value"));
    assert_eq!(migrate(&mut source, to.port(), "list 0 1000 REPLACE"), Value::ok());
    assert_eq!(source.call("EXISTS list"), 0);

    for (line, error) in [
        (
            "set 0 1000 KEYS a",
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        ),
        ("set 0 1000 NOSUCH", "ERR syntax error"),
        ("set 0 1000 AUTH", "ERR syntax error"),
        ("set x 1000", "ERR value is not an integer or out of range"),
        ("set 0 x", "ERR value is not an integer or out of range"),
        ("set 99 1000", "ERR Target instance replied with error: ERR DB index is out of range"),
    ] {
        assert_eq!(migrate(&mut source, to.port(), line).error(), error, "{line}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reply = migrate(&mut source, nobody, "set 0 1000");
    assert_eq!(reply.error(), "IOERR error or timeout connecting to the client");
    source.call("MULTI");
    let reply = migrate(&mut source, to.port(), "set 0 1000");
    assert_eq!(reply.error(), "ERR Command not allowed inside a transaction");
    source.call("DISCARD");
    assert_eq!(source.call("SCARD set"), 1000);
}

/// It has the format's version 10, and takes nothing newer.
#[test]
fn keys_go_to_a_redis_7_0() {
    let Some(program) = find_program("redis-server") else {
        return pass_over("no redis-server on PATH to move to");
    };
    let (from, to) = (Server::start(&[]), Spec::redis(program).start());
    let (mut source, mut target) = (from.connect(), to.connect());
    if !target.call("INFO server").text().contains("redis_version:7.0") {
        return pass_over("it is another Redis");
    }
    let make = [
        "SET string value",
        "RPUSH list a b c",
        "HSET hash field value",
        "SADD set a b 3",
        "SADD integers 1 2 3",
        "ZADD zset 1 a 2.5 b",
        "XADD stream 1-1 field value",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group consumer STREAMS stream >",
        "HSET timed field value",
        "HEXPIRE timed 1000 FIELDS 1 field",
    ];
    make.iter().for_each(|line| assert!(!source.call(line).is_error(), "{line}"));
    for key in ["string", "list", "hash", "set", "integers", "zset"] {
        assert_eq!(migrate(&mut source, to.port(), &format!("{key} 0 1000")), Value::ok(), "{key}");
    }
    assert_eq!(target.call("SMISMEMBER set a b 3"), Value::Array(vec![Value::Int(1); 3]));
    // A stream would lose something, which has to be asked for.
    assert!(migrate(&mut source, to.port(), "stream 0 1000").is_error());
    assert_eq!(source.call("CONFIG SET rdb-version 10"), Value::ok());
    assert_eq!(migrate(&mut source, to.port(), "stream 0 1000"), Value::ok());
    assert_eq!(target.call("XPENDING stream group").elements()[0], Value::Int(1));
    // Deadlines of fields are not lost in silence.
    assert!(migrate(&mut source, to.port(), "timed 0 1000").is_error());
    assert_eq!(source.call("EXISTS timed"), 1);
    source.call("SADD set a b 3");
    let payload = source.call("DUMP set").bytes().unwrap().to_vec();
    assert_eq!(target.call_with(&[&b"RESTORE"[..], b"dumped", b"0", &payload]), Value::ok());
}

#[test]
fn it_logs_in_where_that_is_asked_for() {
    let (from, to) = (Server::start(&[]), Server::start(&["--requirepass", "secret"]));
    let mut source = from.connect();
    source.call("SET key value");
    assert!(migrate(&mut source, to.port(), "key 0 1000").error().contains("NOAUTH"));
    assert!(migrate(&mut source, to.port(), "key 0 1000 AUTH wrong").error().contains("WRONGPASS"));
    assert_eq!(migrate(&mut source, to.port(), "key 0 1000 COPY AUTH secret"), Value::ok());
    assert_eq!(migrate(&mut source, to.port(), "key 0 1000 REPLACE AUTH2 default secret"), Value::ok());
    assert_eq!(source.call("EXISTS key"), 0);
}

#[test]
fn connections_are_kept_for_a_moment() {
    let (from, to) = (Server::start(&[]), Server::start(&["--requirepass", "secret"]));
    let (mut source, mut target) = (from.connect(), to.connect());
    target.call("AUTH secret");
    let kept = |source: &mut Client| {
        let info = source.call("INFO stats").text();
        let line = info.lines().find_map(|line| line.strip_prefix("migrate_cached_sockets:"));
        line.and_then(|count| count.parse::<u32>().ok())
    };
    let connections = |client: &mut Client| client.call("CLIENT LIST").text().lines().count();
    for index in 0..5 {
        source.call(&format!("SET key{index} value"));
        assert_eq!(
            migrate(&mut source, to.port(), &format!("key{index} {index} 1000 AUTH secret")),
            Value::ok()
        );
    }
    assert_eq!((kept(&mut source), connections(&mut target)), (Some(1), 2));
    // Who does not log in gets none that has.
    source.call("SET key value");
    assert!(migrate(&mut source, to.port(), "key 0 1000").error().contains("NOAUTH"));
    // What the other side has closed is opened again, and what it refuses keys on serves the next.
    target.call("CLIENT KILL TYPE normal SKIPME yes");
    assert_eq!(migrate(&mut source, to.port(), "key 0 1000 COPY AUTH secret"), Value::ok());
    assert!(migrate(&mut source, to.port(), "key 0 1000 AUTH secret").error().contains("BUSYKEY"));
    assert_eq!(migrate(&mut source, to.port(), "key 0 1000 REPLACE AUTH secret"), Value::ok());
    assert_eq!((kept(&mut source), connections(&mut target)), (Some(1), 2));
    // Its time is over a few seconds later.
    harness::eventually("it is closed", || kept(&mut source) == Some(0));
    harness::eventually("nobody is connected any more", || connections(&mut target) == 1);
    target.call("SELECT 4");
    assert_eq!(target.call("GET key4"), Value::bulk("value"));
}

/// Reads a request and gives its words.
fn request(reader: &mut impl BufRead) -> Vec<Vec<u8>> {
    let number = |reader: &mut dyn BufRead| {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line[1..].trim_end().parse::<usize>().unwrap()
    };
    let count = number(reader);
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; number(reader) + 2];
        reader.read_exact(&mut word).unwrap();
        word.truncate(word.len() - 2);
        words.push(word);
    }
    words
}

fn answer(stream: &mut TcpStream) {
    stream.write_all(b"+OK\r\n").unwrap();
}

#[test]
fn what_changes_on_the_way_is_sent_again_and_nobody_waits_for_it() {
    let from = Server::start(&["--io-threads", "1"]);
    let mut other = from.connect();
    other.call("SET key first");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut source = from.connect();
    source.send(&format!("MIGRATE 127.0.0.1 {port} key 0 20000"));
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    assert_eq!(request(&mut reader)[0], b"SELECT");
    answer(&mut stream);
    let words = request(&mut reader);
    assert_eq!((&words[0][..], words.len()), (&b"RESTORE"[..], 4));
    // The only worker serves others, on the very key.
    assert_eq!(other.call("SET key second"), Value::ok());
    answer(&mut stream);
    // By the same connection.
    assert_eq!(request(&mut reader)[0], b"SELECT");
    answer(&mut stream);
    let words = request(&mut reader);
    assert_eq!((&words[0][..], &words[4][..]), (&b"RESTORE"[..], &b"REPLACE"[..]));
    assert!(words[3].windows(6).any(|part| part == b"second"));
    assert_eq!(other.call("EXISTS key"), 1);
    answer(&mut stream);
    assert_eq!(source.read().unwrap(), Value::ok());
    assert_eq!(other.call("EXISTS key"), 0);
}

#[test]
fn a_target_that_does_not_answer_costs_its_timeout_and_no_key() {
    let from = Server::start(&["--io-threads", "1"]);
    let mut source = from.connect();
    source.call("SET key value");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let begin = Instant::now();
    source.send(&format!("MIGRATE 127.0.0.1 {port} key 0 700"));
    thread::sleep(Duration::from_millis(100));
    let asked = Instant::now();
    assert_eq!(from.connect().call("GET key"), Value::bulk("value"));
    assert!(asked.elapsed() < Duration::from_millis(500));
    let reply = source.read().unwrap();
    assert_eq!(reply.error(), "IOERR error or timeout reading from target instance");
    assert!(begin.elapsed() >= Duration::from_millis(700));
    assert_eq!(source.call("GET key"), Value::bulk("value"));
}
