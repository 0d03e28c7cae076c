//! Links that are cut, replicas that are stuck, primaries that are killed: in the end all hold the same.

use super::*;
use crate::harness::{Rng, is_on_disk};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Changes a server from a thread until it is told to stop.
fn load(server: &Server, seed: u64, stop: &Arc<AtomicBool>) -> thread::JoinHandle<u64> {
    let (mut client, stop) = (server.connect(), Arc::clone(stop));
    thread::spawn(move || {
        let mut rng = Rng::new(seed);
        let mut sent = 0;
        while !stop.load(Ordering::Relaxed) {
            let key = rng.below(200);
            let number = rng.below(1000);
            let lines: &[String] = &match rng.below(9) {
                0 => vec![format!("INCR number:{key}")],
                1 => vec![format!("LPUSH list:{key} {number}"), format!("RPOP list:{key}")],
                2 => vec![format!("SADD set:{key} {number}"), format!("SPOP set:{key}")],
                3 => vec![format!("HSET hash:{key} f{number} {number}")],
                4 => vec![format!("ZADD zset:{key} {number} m{number}"), format!("ZPOPMIN zset:{key}")],
                5 => vec![format!("SET fleeting:{key} {number} PX {}", 1 + rng.below(30))],
                6 => vec![
                    "MULTI".into(),
                    format!("INCR left:{key}"),
                    format!("INCR right:{key}"),
                    "EXEC".into(),
                ],
                7 => vec![format!("XADD stream:{key} * f {number}")],
                _ => vec![format!(
                    "EVAL redis.call('INCR',KEYS[1]);redis.call('INCR',KEYS[2]) 2 left:{key} right:{key}"
                )],
            };
            for line in lines {
                match client.try_call(&crate::harness::words(line)) {
                    Ok(reply) => assert!(!reply.is_error(), "{line}: {reply:?}"),
                    Err(_) => return sent,
                }
                sent += 1;
            }
        }
        sent
    })
}

fn stop_load(stop: &AtomicBool, threads: Vec<thread::JoinHandle<u64>>) {
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        assert!(thread.join().expect("the load runs to its end") > 0);
    }
}

/// What a unit changes together is never seen apart.
fn assert_units_whole(client: &mut Client) {
    for key in 0..200 {
        let both = client.call(&format!("MGET left:{key} right:{key}"));
        assert_eq!(both.elements()[0], both.elements()[1], "of a transaction, on a replica");
    }
}

#[test]
fn links_that_are_cut_under_load_lose_nothing() {
    let primary = Server::start(&["--repl-backlog-size", "20mb"]);
    let replicas: [Server; 2] = std::array::from_fn(|_| Server::start(&[]));
    let mut source = primary.connect();
    let mut copies = [&replicas[0], &replicas[1]].map(Server::connect);
    let stop = Arc::new(AtomicBool::new(false));
    let threads = (0..3).map(|seed| load(&primary, seed, &stop)).collect();
    copies.iter_mut().for_each(|copy| follow(copy, &primary));
    let mut rng = Rng::new(11);
    for _ in 0..8 {
        thread::sleep(Duration::from_millis(50 + rng.below(200) as u64));
        match rng.below(2) {
            0 => drop(source.call("CLIENT KILL TYPE replica")),
            _ => drop(copies[0].call("CLIENT KILL TYPE master")),
        }
        copies.iter_mut().for_each(assert_units_whole);
    }
    stop_load(&stop, threads);
    for copy in &mut copies {
        catch_up(&mut source, copy);
        // What has expired since is gone for both when both are asked late enough.
        thread::sleep(Duration::from_millis(200));
        catch_up(&mut source, copy);
        assert_same(&mut source, copy);
    }
}

#[test]
fn a_replica_that_is_stuck_is_let_go() {
    let primary = Server::start(&["--client-output-buffer-limit", "replica", "4mb", "0", "0"]);
    let replica = Server::start(&["--repl-timeout", "5"]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    if is_on_disk() {
        // There it costs no memory, and so is let go for its silence alone.
        source.call("CONFIG SET repl-timeout 5");
    }
    follow(&mut copy, &primary);
    let before = primary.resident_bytes();
    replica.signal(rustix::process::Signal::STOP);
    let value = vec![b'x'; 100_000];
    for _ in 0..1000 {
        assert_eq!(source.call_with(&[b"SET".as_slice(), b"same", &value]), Value::ok());
    }
    eventually("it is let go", || field(&mut source, "replication", "connected_slaves") == "0");
    // What a store takes for what is to be written is bounded by itself.
    if let (Some(before), Some(after), false) = (before, primary.resident_bytes(), is_on_disk()) {
        assert!(after < before + (40 << 20), "100 MB were streamed: {before} bytes before, {after} after");
    }
    replica.signal(rustix::process::Signal::CONT);
    eventually("it comes back", || field(&mut source, "replication", "connected_slaves") == "1");
    eventually("it has what there is", || copy.call("STRLEN same") == Value::Int(100_000));
}

#[test]
fn a_slow_replica_costs_no_keys() {
    let limits =
        ["--client-output-buffer-limit", "replica", "0", "0", "0", "--maxmemory-policy", "allkeys-lru"];
    let primary = Server::start(&limits);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    source.call_with(&[b"SET".as_slice(), b"key", &[b'x'; 10_000]]);
    follow(&mut copy, &primary);
    let limit_bytes = primary.info("used_memory") + (4 << 20);
    assert_eq!(source.call(&format!("CONFIG SET maxmemory {limit_bytes}")), Value::ok());
    replica.signal(rustix::process::Signal::STOP);
    let value = vec![b'y'; 10_000];
    for _ in 0..3000 {
        assert_eq!(source.call_with(&[b"SETRANGE".as_slice(), b"key", b"0", &value]), Value::Int(10_000));
    }
    if !is_on_disk() {
        assert!(primary.info("mem_not_counted_for_evict") > 10 << 20, "it has yet to be sent most of 30 MB");
    }
    assert_eq!(primary.info("evicted_keys"), 0);
    assert_eq!(source.call("DBSIZE"), Value::Int(1));
    replica.signal(rustix::process::Signal::CONT);
    catch_up(&mut source, &mut copy);
    assert_same(&mut source, &mut copy);
}

#[test]
fn no_replica_is_let_go_for_what_the_backlog_keeps_anyway() {
    let limits = ["--client-output-buffer-limit", "replica", "16kb", "0", "0", "--repl-backlog-size", "32mb"];
    let primary = Server::start(&limits);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    replica.signal(rustix::process::Signal::STOP);
    let value = vec![b'x'; 100_000];
    for _ in 0..200 {
        assert_eq!(source.call_with(&[b"SET".as_slice(), b"same", &value]), Value::ok());
    }
    thread::sleep(Duration::from_millis(1500));
    replica.signal(rustix::process::Signal::CONT);
    catch_up(&mut source, &mut copy);
    assert_eq!(field(&mut source, "stats", "sync_partial_ok"), "0");
    assert_eq!(field(&mut source, "stats", "sync_full"), "1");
}

#[test]
fn a_primary_that_is_killed_while_it_sends_is_followed_when_it_is_back() {
    let mut primary = Server::start(&[]);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    copy.call("SET own 1");
    for number in 0..2000 {
        source.call_with(&[b"SET".as_slice(), format!("key:{number}").as_bytes(), &[b'x'; 2000]]);
    }
    copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    primary.stop_by(rustix::process::Signal::KILL);
    let other = Server::start(&[]);
    let mut another = other.connect();
    another.call("SET b 2");
    follow(&mut copy, &other);
    assert_same(&mut another, &mut copy);
}

/// Reads requests until `name` comes, answers OK to those before, and returns its words.
fn answer_until(stream: &mut std::net::TcpStream, name: &str) -> Vec<String> {
    use std::io::{BufRead, Write};
    let mut lines = std::io::BufReader::new(stream.try_clone().expect("a socket can be duplicated")).lines();
    let mut next = || lines.next().expect("a line").expect("the replica speaks");
    loop {
        let count: usize = next()[1..].parse().expect("a number of words");
        let words: Vec<String> = (0..count).map(|_| (next(), next()).1).collect();
        if words[0] == name {
            return words;
        }
        stream.write_all(b"+OK\r\n").expect("the replica listens");
    }
}

#[test]
fn a_snapshot_that_was_not_loaded_is_nothing_to_go_on_from() {
    use std::io::Write;
    let primary = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = primary.local_addr().expect("its number").port();
    let replica = Server::start(&[]);
    let mut copy = replica.connect();
    copy.call(&format!("REPLICAOF 127.0.0.1 {port}"));
    let id = "a".repeat(40);
    // An empty snapshot, without a checksum; the next one breaks off.
    let whole = [b"REDIS0011\xff".as_slice(), &[0; 8]].concat();
    for (offset, snapshot) in [(100, whole.as_slice()), (500, b"REDIS0011")] {
        let (mut stream, _) = primary.accept().expect("the replica calls");
        answer_until(&mut stream, "PSYNC");
        let head = format!("+FULLRESYNC {id} {offset}\r\n${}\r\n", snapshot.len());
        stream.write_all(&[head.as_bytes(), snapshot].concat()).expect("it listens");
        if offset == 100 {
            eventually("it is loaded", || field(&mut copy, "replication", "master_replid") == id);
        }
    }
    // It has emptied itself for the second, so it cannot go on from the first.
    let (mut stream, _) = primary.accept().expect("the replica calls again");
    assert_ne!(answer_until(&mut stream, "PSYNC")[1], id);
    assert_eq!(copy.call("DBSIZE"), Value::Int(0));
}

#[test]
fn over_a_bad_link_all_arrives_and_nothing_by_half() {
    let primary = Server::start(&["--repl-backlog-size", "4mb", "--enable-debug-command", "yes"]);
    let mut replica = Server::start(&["--enable-debug-command", "yes"]);
    let mut source = primary.connect();
    fill(&mut source);
    let proxy = super::proxy::Proxy::start(primary.address(), 3);
    let mut copy = replica.connect();
    let through = format!("REPLICAOF 127.0.0.1 {}", proxy.port());
    assert_eq!(copy.call(&through), Value::ok());
    let stop = Arc::new(AtomicBool::new(false));
    let threads = (0..2).map(|seed| load(&primary, 100 + seed, &stop)).collect();
    for round in 0..2 {
        for _ in 0..20 {
            // One is looked at all the time, and what comes of loading is looked at too.
            assert_units_whole_unless_loading(&mut copy);
            thread::sleep(Duration::from_millis(50));
        }
        if round == 0 {
            replica.stop_by(rustix::process::Signal::KILL);
            replica = Server::start(&["--enable-debug-command", "yes"]);
            copy = replica.connect();
            assert_eq!(copy.call(&through), Value::ok());
        }
    }
    stop_load(&stop, threads);
    proxy.be_good();
    eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
    thread::sleep(Duration::from_millis(200));
    catch_up(&mut source, &mut copy);
    assert_same_slots(&mut source, &mut copy);
    // The digest of one slot is the one among all.
    let all = source.call("DEBUG DIGEST-SLOTS");
    let slot = all.elements()[0].int();
    let one = source.call(&format!("DEBUG DIGEST-SLOTS {slot}"));
    assert_eq!(one.elements(), &all.elements()[..2]);
    source.call("APPEND text !");
    catch_up(&mut source, &mut copy);
    assert_same_slots(&mut source, &mut copy);
    assert!(source.call("DEBUG DIGEST-SLOTS 16384").is_error());
}

/// As [`assert_units_whole`], of what there is to see.
fn assert_units_whole_unless_loading(client: &mut Client) {
    for key in 0..200 {
        let both = client.call(&format!("MGET left:{key} right:{key}"));
        if !both.is_error() {
            assert_eq!(both.elements()[0], both.elements()[1], "of a transaction, on a replica");
        }
    }
}
