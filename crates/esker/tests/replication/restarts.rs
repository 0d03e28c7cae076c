//! Servers that are stopped and started again: their replicas, and they themselves, go on where they were.

use super::*;
use crate::harness::temporary_directory;
use rustix::process::Signal;

const ENGINES: [&str; 2] = ["memory", "disk"];

fn start(engine: &str, dir: &std::path::Path, more: &[&str]) -> Server {
    let dir = dir.to_str().expect("a path in UTF-8");
    Server::start(&[&["--engine", engine, "--dir", dir, "--save", "3600 1"], more].concat())
}

fn syncs(client: &mut Client) -> [String; 2] {
    ["sync_full", "sync_partial_ok"].map(|name| field(client, "stats", name))
}

/// The stream of the primary ends in another database than the first one.
fn change(client: &mut Client, value: &str) {
    client.call("SELECT 3");
    assert_eq!(client.call(&format!("SET {value} {value}")), Value::ok());
}

#[test]
fn a_replica_that_is_started_again_goes_on() {
    for engine in ENGINES {
        let primary = Server::start(&[]);
        let mut source = primary.connect();
        fill(&mut source);
        let directory = temporary_directory();
        let mut replica = start(engine, directory.path(), &[]);
        let mut copy = replica.connect();
        follow(&mut copy, &primary);
        change(&mut source, "before");
        catch_up(&mut source, &mut copy);
        replica.stop_by(Signal::TERM);
        // The database is not selected again.
        change(&mut source, "between");
        let port = primary.port().to_string();
        let replica = start(engine, directory.path(), &["--replicaof", "127.0.0.1", &port]);
        let mut copy = replica.connect();
        eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
        catch_up(&mut source, &mut copy);
        assert_eq!(syncs(&mut source), ["1", "1"], "{engine}");
        assert_same(&mut source, &mut copy);
    }
}

#[test]
fn replicas_of_a_primary_that_is_started_again_go_on() {
    for engine in ENGINES {
        let directory = temporary_directory();
        let mut primary = start(engine, directory.path(), &[]);
        let replica = Server::start(&[]);
        let (mut source, mut copy) = (primary.connect(), replica.connect());
        fill(&mut source);
        follow(&mut copy, &primary);
        change(&mut source, "before");
        primary.stop_by(Signal::TERM);
        let primary = start(engine, directory.path(), &[]);
        let mut source = primary.connect();
        change(&mut source, "after");
        follow(&mut copy, &primary);
        catch_up(&mut source, &mut copy);
        assert_eq!(syncs(&mut source), ["0", "1"], "{engine}");
        assert_same(&mut source, &mut copy);
    }
}

#[test]
fn what_is_in_the_backlog_outlives_a_clean_end() {
    for engine in ENGINES {
        let directory = temporary_directory();
        let mut primary = start(engine, directory.path(), &["--shutdown-timeout", "0"]);
        let replica = Server::start(&[]);
        let (mut source, mut copy) = (primary.connect(), replica.connect());
        follow(&mut copy, &primary);
        catch_up(&mut source, &mut copy);
        let offset = field(&mut copy, "replication", "master_repl_offset");
        copy.call("REPLICAOF 127.0.0.1 1");
        change(&mut source, "missed");
        primary.stop_by(Signal::TERM);
        let primary = start(engine, directory.path(), &[]);
        let mut source = primary.connect();
        assert_ne!(field(&mut source, "replication", "master_repl_offset"), offset);
        follow(&mut copy, &primary);
        catch_up(&mut source, &mut copy);
        assert_eq!(syncs(&mut source), ["0", "1"], "{engine}");
        assert_same(&mut source, &mut copy);
    }
}

/// On disk nothing is lost with the process.
#[test]
fn a_primary_that_lost_something_does_not_let_its_replicas_go_on() {
    for (engine, full_syncs) in [("memory", "1"), ("disk", "0")] {
        let directory = temporary_directory();
        let mut primary = start(engine, directory.path(), &[]);
        let replica = Server::start(&[]);
        let (mut source, mut copy) = (primary.connect(), replica.connect());
        follow(&mut copy, &primary);
        source.call("SAVE");
        change(&mut source, "lost");
        catch_up(&mut source, &mut copy);
        primary.stop_by(Signal::KILL);
        let primary = start(engine, directory.path(), &[]);
        let mut source = primary.connect();
        follow(&mut copy, &primary);
        catch_up(&mut source, &mut copy);
        assert_eq!(field(&mut source, "stats", "sync_full"), full_syncs, "{engine}");
        assert_same(&mut source, &mut copy);
    }
}

#[test]
fn a_shutdown_waits_for_replicas() {
    let mut primary = Server::start(&["--shutdown-timeout", "60"]);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    replica.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(100));
    source.call("SET a 1");
    let mut asking = primary.connect();
    asking.send("SHUTDOWN NOSAVE");
    eventually("it waits", || primary.log().contains("Waiting for replicas before shutting down"));
    assert!(primary.info("shutdown_in_milliseconds") > 0);
    // A second one waits for the same.
    let mut second = primary.connect();
    second.send("SHUTDOWN NOSAVE");
    eventually("both wait", || primary.info("blocked_clients") == 2);
    assert_eq!(source.call("SHUTDOWN ABORT"), Value::ok());
    for client in [&mut asking, &mut second] {
        assert!(client.read().expect("an answer").is_error());
    }
    assert_eq!(primary.info("blocked_clients"), 0);
    assert_eq!(source.call("SET a 2"), Value::ok(), "clients may write again");
    asking.send("SHUTDOWN NOSAVE");
    eventually("it waits again", || primary.log().matches("Waiting for replicas before").count() == 2);
    replica.signal(Signal::CONT);
    primary.wait();
    assert_eq!(copy.call("GET a"), Value::bulk("2"));
}

#[test]
fn a_shutdown_waits_no_longer_than_it_may() {
    let replica = Server::start(&[]);
    for (timeout, how) in [("1", "SHUTDOWN NOSAVE"), ("60", "SHUTDOWN NOSAVE NOW")] {
        let mut primary = Server::start(&["--shutdown-timeout", timeout]);
        let (mut source, mut copy) = (primary.connect(), replica.connect());
        follow(&mut copy, &primary);
        replica.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(100));
        source.call("SET a 1");
        let began = std::time::Instant::now();
        source.send(how);
        primary.wait();
        replica.signal(Signal::CONT);
        assert!(began.elapsed() < SOON, "{how}");
        assert_eq!(primary.log().contains("Lagging replica"), timeout == "1", "{how}");
    }
}

#[test]
fn waits_for_the_append_only_file() {
    let file = ["--engine", "memory", "--appendonly", "yes"];
    let [primary, replica] = std::array::from_fn(|_| Server::start(&file));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    let pair = |local, replicas| Value::Array(vec![Value::Int(local), Value::Int(replicas)]);
    source.call("SET a 1");
    assert_eq!(source.call("WAITAOF 1 0 0"), pair(1, 0));
    follow(&mut copy, &primary);
    source.call("SET a 2");
    assert_eq!(source.call("WAITAOF 1 1 0"), pair(1, 1));
    // Nothing is brought onto the disk; what is there already stays there.
    source.call("CONFIG SET appendfsync no");
    source.call("SET a 3");
    assert_eq!(source.call("WAITAOF 1 0 100").elements()[0], Value::Int(0));
    let mut other = primary.connect();
    source.send("WAITAOF 1 0 0");
    eventually("it waits", || field(&mut other, "clients", "blocked_clients") == "1");
    other.call("CONFIG SET appendonly no");
    assert!(source.read().expect("an answer").error().contains("appendonly is disabled"));
    assert!(source.call("WAITAOF 1 0 0").error().contains("appendonly is disabled"));
}

#[test]
fn nothing_is_on_disk_before_the_first_base_is() {
    let mut server = Server::start(&["--engine", "memory", "--appendonly", "no", "--save", ""]);
    let (mut client, mut other) = (server.connect(), server.connect());
    for number in 0..100 {
        client.call(&format!("SET key:{number} {number}"));
    }
    // A base that takes a minute, were it not for what follows.
    client.call("CONFIG SET rdb-key-save-delay 600000");
    client.call("CONFIG SET appendonly yes");
    eventually("it is being written", || server.info("aof_rewrite_in_progress") == 1);
    client.call("SET a 1");
    assert_eq!(client.call("WAITAOF 1 0 1500").elements()[0], Value::Int(0), "it would not be loaded");
    // To end now would lose all.
    server.signal(Signal::TERM);
    eventually("it does not end", || server.log().contains("Writing initial AOF, can't exit"));
    client.send("WAITAOF 1 0 0");
    eventually("it waits", || server.info("blocked_clients") == 1);
    other.call("CONFIG SET rdb-key-save-delay 0");
    assert_eq!(client.read().expect("an answer").elements()[0], Value::Int(1));
    let exit = server.stop_by(Signal::TERM);
    assert_eq!(exit.code, Some(0));
    assert!(exit.log.contains("bye bye"), "{}", exit.log);
}
