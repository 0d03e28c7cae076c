//! What is no replica of Redis' kind and follows all the same, as tools do; and how fast a snapshot is sent.

use super::*;
use crate::harness::Rng;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Asks for a snapshot as `request` says; returns what comes from the snapshot on, whose length is announced.
fn attach(server: &Server, request: &str) -> (Vec<u8>, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    stream.set_read_timeout(Some(SOON)).expect("there is a timeout");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with('$') {
        line.clear();
        assert!(reader.read_line(&mut line).expect("a line") > 0, "it does not hang up");
    }
    let length = line[1..].trim_end().parse().expect("a length");
    let mut snapshot = vec![0; length];
    reader.read_exact(&mut snapshot).expect("as much as was announced");
    (snapshot, reader)
}

/// The next request of the stream.
fn next(reader: &mut BufReader<TcpStream>) -> Vec<String> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let count: usize = line()[1..].parse().expect("a number of words");
    (0..count).map(|_| (line(), line()).1).collect()
}

#[test]
fn a_snapshot_has_a_length_for_who_has_to_know_it() {
    for request in ["SYNC\r\n", "PSYNC ? -1\r\n"] {
        let primary = Server::start(&[]);
        let mut source = primary.connect();
        fill(&mut source);
        let (snapshot, mut stream) = attach(&primary, request);
        assert!(snapshot.starts_with(b"REDIS0010"), "{request}");
        assert_eq!(snapshot[snapshot.len() - 9], 0xff, "nothing lies behind its end");
        source.call("SET a 1");
        let first = std::iter::repeat_with(|| next(&mut stream)).find(|words| words[0] != "PING");
        assert_eq!(first.expect("it comes"), ["SELECT", "0"]);
        assert_eq!(next(&mut stream), ["SET", "a", "1"]);
        let left = std::fs::read_dir(primary.directory()).expect("it is there");
        let is_spool = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("temp-replica-");
        assert!(!left.flatten().any(|entry| is_spool(&entry.file_name())), "the file is gone");
    }
}

#[test]
fn both_kinds_of_replicas_are_served_at_once() {
    let primary = Server::start(&[]);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    fill(&mut source);
    let (_, _stream) = attach(&primary, "SYNC\r\n");
    copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    let (_, _other) = attach(&primary, "SYNC\r\n");
    eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
    catch_up(&mut source, &mut copy);
    assert_same(&mut source, &mut copy);
}

#[test]
fn a_snapshot_is_sent_as_fast_as_it_may_be() {
    let primary = Server::start(&["--repl-full-sync-rate", "1mb"]);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    let mut rng = Rng::new(5);
    for number in 0..30 {
        // It cannot be made smaller.
        let value: Vec<u8> = (0..100_000).map(|_| rng.next() as u8).collect();
        source.call_with(&[b"SET".as_slice(), format!("key:{number}").as_bytes(), &value]);
    }
    let began = Instant::now();
    copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    let mut slowest = Duration::ZERO;
    while field(&mut copy, "replication", "master_link_status") != "up" {
        let asked = Instant::now();
        assert_eq!(source.call("SET meanwhile 1"), Value::ok());
        slowest = slowest.max(asked.elapsed());
        assert!(began.elapsed() < SOON, "it comes to an end");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(began.elapsed() > Duration::from_secs(2), "3 MB at 1 MB a second: {:?}", began.elapsed());
    assert!(slowest < Duration::from_secs(2), "nobody waits for it: {slowest:?}");
    catch_up(&mut source, &mut copy);
    assert_same(&mut source, &mut copy);
}

#[test]
fn a_tail_knows_the_database_of_the_stream_that_it_joins() {
    let [head, middle, tail] = std::array::from_fn(|_| Server::start(&[]));
    let [mut one, mut two, mut three] = [&head, &middle, &tail].map(Server::connect);
    follow(&mut two, &head);
    one.call("SELECT 2");
    one.call("SET before 1");
    catch_up(&mut one, &mut two);
    follow(&mut three, &middle);
    one.call("SET after 1");
    catch_up(&mut one, &mut three);
    assert_same(&mut one, &mut three);
}

/// Reads until `end` is the last that came.
fn read_until(stream: &mut TcpStream, end: &[u8]) {
    let (mut came, mut some) = (Vec::new(), vec![0; 64 * 1024]);
    while !came.ends_with(end) {
        let read = stream.read(&mut some).expect("it goes on, though nothing more happens");
        assert!(read > 0, "it does not hang up");
        came.extend_from_slice(&some[..read]);
    }
}

#[test]
fn who_reads_late_is_sent_all_without_a_word_of_its_own() {
    let primary = Server::start(&[]);
    let mut source = primary.connect();
    let mut rng = Rng::new(6);
    // More than what the system keeps for a connection, less than that and what the primary does.
    let value: Vec<u8> = (0..100_000).map(|_| rng.next() as u8).collect();
    for number in 0..60 {
        source.call_with(&[b"SET".as_slice(), format!("key:{number}").as_bytes(), &value]);
    }
    let mut stream = TcpStream::connect(primary.address()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("there is a timeout");
    stream.write_all(b"REPLCONF capa eof\r\nPSYNC ? -1\r\n").expect("it reads");
    let mut head = [0; b"+OK\r\n+FULLRESYNC ".len() + 40 + b" 0\r\n$EOF:".len() + 40];
    stream.read_exact(&mut head).expect("what comes before the snapshot");
    std::thread::sleep(Duration::from_millis(500));
    read_until(&mut stream, &head[head.len() - 40..]);

    stream.write_all(b"REPLCONF ACK 0\r\n").expect("it reads");
    for number in 0..60 {
        source.call_with(&[b"SET".as_slice(), format!("key:{number}").as_bytes(), &value]);
    }
    source.call("SET last one");
    std::thread::sleep(Duration::from_millis(500));
    read_until(&mut stream, b"$4\r\nlast\r\n$3\r\none\r\n");
}

#[test]
fn replicas_that_come_one_after_another_share_a_snapshot() {
    let primary = Server::start(&["--repl-diskless-sync-delay", "2"]);
    let replicas: [Server; 2] = std::array::from_fn(|_| Server::start(&["--repl-timeout", "2"]));
    let mut source = primary.connect();
    fill(&mut source);
    let [mut one, mut two] = [&replicas[0], &replicas[1]].map(Server::connect);
    let came = Instant::now();
    one.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    eventually("the first one waits", || field(&mut source, "replication", "slave0").contains("wait_bgsave"));
    std::thread::sleep(Duration::from_millis(500));
    follow(&mut two, &primary);
    assert!(came.elapsed() >= Duration::from_secs(2), "{:?}", came.elapsed());
    eventually("the first one follows", || field(&mut one, "replication", "master_link_status") == "up");
    assert_eq!(primary.log().matches("Replicas were sent all that there is").count(), 1);
    assert!(!replicas[0].log().contains("silent"), "it was told that there is something to come");
    catch_up(&mut source, &mut one);
    assert_same(&mut source, &mut one);
    assert_same(&mut source, &mut two);

    // As many as are expected need not wait for others.
    one.call("REPLICAOF NO ONE");
    two.call("REPLICAOF NO ONE");
    source.call("CONFIG SET repl-diskless-sync-delay 1000 repl-diskless-sync-max-replicas 2");
    one.call("FLUSHALL");
    two.call("FLUSHALL");
    one.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    eventually("it waits", || field(&mut source, "replication", "slave0").contains("wait_bgsave"));
    std::thread::sleep(Duration::from_millis(2500));
    assert!(field(&mut source, "replication", "slave0").contains("wait_bgsave"), "longer than its patience");
    follow(&mut two, &primary);
    eventually("both follow", || field(&mut one, "replication", "master_link_status") == "up");
}
