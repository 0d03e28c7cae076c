//! Databases on disk know where in the stream they are, whatever ended the process, and keep what replicas missed.

use super::*;
use crate::harness::{Rng, temporary_directory};
use rustix::process::Signal;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn start(dir: &Path, more: &[&str]) -> Server {
    let dir = dir.to_str().expect("a path in UTF-8");
    let own = ["--engine", "disk", "--dir", dir, "--enable-debug-command", "yes"];
    Server::start(&[&own, more].concat())
}

fn full_syncs(client: &mut Client) -> String {
    field(client, "stats", "sync_full")
}

/// Some changes, in several databases and in transactions that go from one to the other.
fn change(client: &mut Client, random: &mut Rng) -> std::io::Result<()> {
    let key = random.below(200);
    let lines: &[&str] = match random.below(5) {
        0 => &["MULTI", "INCR {k}", "SELECT 2", "INCR {k}", "EXEC"],
        1 => &["SELECT 1", "RPUSH list:{k} a b c"],
        2 => &["SELECT 0", "HSET hash:{k} f {k}"],
        3 => &["DEL list:{k} hash:{k}"],
        _ => &["INCR {k}"],
    };
    for line in lines {
        client.try_call(&crate::harness::words(&line.replace("{k}", &key.to_string())))?;
    }
    Ok(())
}

/// Has clients change things until `meanwhile` is over; the server may end under their hands.
fn under_load(server: &Server, seed: u64, meanwhile: impl FnOnce()) {
    const CLIENTS: u64 = 4;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (mut client, mut random) = (server.connect(), Rng::new(seed + number));
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) && change(&mut client, &mut random).is_ok() {}
            });
        }
        meanwhile();
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_replica_that_was_killed_goes_on() {
    let (of_primary, of_replica) = (temporary_directory(), temporary_directory());
    let primary = start(of_primary.path(), &[]);
    let mut source = primary.connect();
    let mut replica = start(of_replica.path(), &[]);
    follow(&mut replica.connect(), &primary);
    for round in 0..4 {
        under_load(&primary, round * 100, || {
            std::thread::sleep(Duration::from_millis(150));
            replica.stop_by(Signal::KILL);
            let port = primary.port().to_string();
            replica = start(of_replica.path(), &["--replicaof", "127.0.0.1", &port]);
        });
        let mut copy = replica.connect();
        eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
        catch_up(&mut source, &mut copy);
        assert_same_slots(&mut source, &mut copy);
    }
    assert_eq!(full_syncs(&mut source), "1");
}

#[test]
fn replicas_of_a_primary_that_was_killed_go_on() {
    let (of_primary, of_replica) = (temporary_directory(), temporary_directory());
    let mut primary = start(of_primary.path(), &[]);
    let replica = start(of_replica.path(), &[]);
    let mut copy = replica.connect();
    follow(&mut copy, &primary);
    for round in 0..4 {
        under_load(&primary, round * 100, || {
            std::thread::sleep(Duration::from_millis(150));
            let pid = rustix::process::Pid::from_raw(primary.pid() as i32).expect("it is no 0");
            rustix::process::kill_process(pid, Signal::KILL).expect("our child runs");
        });
        primary = start(of_primary.path(), &[]);
        let mut source = primary.connect();
        source.call("SET after 1");
        follow(&mut copy, &primary);
        catch_up(&mut source, &mut copy);
        assert_eq!(full_syncs(&mut source), "0", "round {round}");
        assert_same_slots(&mut source, &mut copy);
    }
}

/// Has the replica be away while the primary changes so many values of a kilobyte.
fn miss(copy: &mut Client, source: &mut Client, values: usize) {
    copy.call("REPLICAOF 127.0.0.1 1");
    let value = "v".repeat(1000);
    let commands: Vec<Vec<String>> = (0..values)
        .map(|number| {
            ["SET", &format!("missed:{}", number % 100), &format!("{number}{value}")]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    commands.chunks(500).for_each(|chunk| drop(source.pipeline(chunk)));
}

#[test]
fn what_a_replica_missed_is_kept_on_disk() {
    let of_primary = temporary_directory();
    let mut primary = start(of_primary.path(), &["--repl-backlog-size", "16kb"]);
    let replica = Server::start(&["--enable-debug-command", "yes"]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    // More than what a replica may lag behind in memory.
    source.call_with(&["CONFIG", "SET", "client-output-buffer-limit", "replica 1mb 512kb 1"]);
    miss(&mut copy, &mut source, 4000);
    let kept = field(&mut source, "replication", "repl_backlog_histlen").parse::<u64>().expect("a number");
    assert!(kept > 4_000_000, "{kept}");
    let in_memory = field(&mut source, "memory", "mem_total_replication_buffers");
    assert!(in_memory.parse::<u64>().expect("a number") < 1_000_000, "{in_memory}");
    follow(&mut copy, &primary);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "1");
    assert_same_slots(&mut source, &mut copy);
    // A restart keeps it.
    miss(&mut copy, &mut source, 4000);
    for signal in [Signal::KILL, Signal::TERM] {
        primary.stop_by(signal);
        primary = start(of_primary.path(), &["--repl-backlog-size", "16kb"]);
    }
    let mut source = primary.connect();
    follow(&mut copy, &primary);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "0");
    assert_same_slots(&mut source, &mut copy);
}

#[test]
fn no_more_is_kept_than_may_be() {
    let of_primary = temporary_directory();
    let limits = ["--repl-backlog-size", "16kb", "--disk-backlog-size", "1mb"];
    let primary = start(of_primary.path(), &limits);
    let replica = Server::start(&["--enable-debug-command", "yes"]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    miss(&mut copy, &mut source, 10_000);
    eventually("what is too much goes", || {
        field(&mut source, "disk", "disk_stream_bytes").parse::<u64>().expect("a number") <= 3 << 19
    });
    let known = |source: &mut Client| {
        field(source, "replication", "repl_backlog_histlen").parse::<u64>().expect("a number")
    };
    eventually("that is known", || known(&mut source) < 4 << 20);
    follow(&mut copy, &primary);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "2");
    // What is kept can be sent.
    miss(&mut copy, &mut source, 300);
    follow(&mut copy, &primary);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "2");
    assert_same_slots(&mut source, &mut copy);
}

/// What is not in the store is lost with the process, so nobody may go on as if it were there.
#[test]
fn where_the_store_has_not_everything_replicas_begin_anew() {
    let of_primary = temporary_directory();
    let own = ["--database", "3", "memory"];
    let mut primary = start(of_primary.path(), &own);
    let replica = Server::start(&["--enable-debug-command", "yes"]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    source.call("SELECT 3");
    source.call("SET lost 1");
    source.call("SELECT 0");
    source.call("SET a 1");
    catch_up(&mut source, &mut copy);
    primary.stop_by(Signal::KILL);
    let primary = start(of_primary.path(), &own);
    let mut source = primary.connect();
    follow(&mut copy, &primary);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "1");
    assert_same(&mut source, &mut copy);
}

/// Libraries of functions are stored with the stream that tells of them, on either side.
#[test]
fn who_was_killed_with_libraries_goes_on_where_the_store_is() {
    let library = |name: &str| {
        format!("#!lua name={name}\nredis.register_function('{name}', function() return '{name}' end)")
    };
    let (of_primary, of_replica) = (temporary_directory(), temporary_directory());
    let mut primary = start(of_primary.path(), &[]);
    let mut replica = start(of_replica.path(), &[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    source.call_with(&["FUNCTION", "LOAD", &library("early")]);
    follow(&mut copy, &primary);
    source.call_with(&["FUNCTION", "LOAD", &library("late")]);
    source.call_with(&["FUNCTION", "LOAD", &library("gone")]);
    source.call("SET a 1");
    source.call("FUNCTION DELETE gone");
    catch_up(&mut source, &mut copy);
    let libraries = source.call("FUNCTION DUMP");
    assert_eq!(copy.call("FUNCTION DUMP"), libraries);
    replica.stop_by(Signal::KILL);
    primary.stop_by(Signal::KILL);
    let primary = start(of_primary.path(), &[]);
    let replica = start(of_replica.path(), &["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    assert_eq!(source.call("FUNCTION DUMP"), libraries);
    assert_eq!(copy.call("FUNCTION DUMP"), libraries);
    source.call_with(&["FUNCTION", "LOAD", &library("last")]);
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "0");
    assert_same_slots(&mut source, &mut copy);
    assert_eq!(copy.call("FUNCTION DUMP"), source.call("FUNCTION DUMP"));
    assert_ne!(copy.call("FUNCTION DUMP"), libraries);
}

/// A store that belonged to a stream, and was changed without one since, belongs to none.
#[test]
fn who_changed_something_by_itself_begins_anew() {
    let (of_primary, of_replica) = (temporary_directory(), temporary_directory());
    let primary = start(of_primary.path(), &[]);
    let mut replica = start(of_replica.path(), &[]);
    let mut source = primary.connect();
    source.call("SET a 1");
    follow(&mut replica.connect(), &primary);
    // With a database in memory beside it nothing is known of the stream.
    replica.stop_by(Signal::KILL);
    let mut replica_alone = start(of_replica.path(), &["--database", "3", "memory"]);
    replica_alone.connect().call("SET a 2");
    replica_alone.stop_by(Signal::KILL);
    let port = primary.port().to_string();
    let replica = start(of_replica.path(), &["--replicaof", "127.0.0.1", &port]);
    let mut copy = replica.connect();
    eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
    catch_up(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "2");
    assert_eq!(copy.call("GET a"), Value::bulk("1"));
}

/// What a replica cannot store it has not got: it goes on there when it can.
#[test]
fn a_replica_whose_disk_is_full_catches_up_when_there_is_room() {
    let of_replica = temporary_directory();
    let primary = Server::start(&["--enable-debug-command", "yes"]);
    let replica = start(of_replica.path(), &[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    source.call("SET a 1");
    catch_up(&mut source, &mut copy);
    copy.call_with(&["CONFIG", "SET", "disk-free-space-min", "1000000000000000"]);
    for lines in [
        ["MULTI", "SET a 2", "SELECT 2", "SET b 1", "EXEC"],
        ["SELECT 0", "SET a 3", "INCR n", "INCR n", "PING"],
    ] {
        lines.iter().for_each(|line| drop(source.call(line)));
    }
    eventually("it says so", || replica.log().contains("what it sent is not stored"));
    assert_eq!(copy.call("GET a"), Value::bulk("1"));
    copy.call("CONFIG SET disk-free-space-min 0");
    catch_up(&mut source, &mut copy);
    assert_same_slots(&mut source, &mut copy);
    assert_eq!(full_syncs(&mut source), "1");
    assert_eq!(copy.call("GET n"), Value::bulk("2"));
}
