//! What is left of snapshots and of copies when a server is killed: what there was at one moment, and no half of anything.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{
    Client, Rng, Server, Spec, TemporaryDirectory, eventually, is_on_disk, pass_over, temporary_directory,
};
use crate::keeping::{Keeping, spec, start};
use crate::sequence::Sequence;
use crate::{chance, rounds};

/// Keys that are there so that a snapshot takes a while.
const BALLAST: &str = "300";

fn is_passed_over() -> bool {
    let is_passed_over = !Spec::under_test().is_esker() || is_on_disk();
    if is_passed_over {
        pass_over("only Esker's memory is saved so");
    }
    is_passed_over
}

/// A server whose only memory is its snapshot.
fn saving(directory: &TemporaryDirectory) -> Spec {
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let directives =
        ["--engine", "memory", "--dir", dir, "--rdb-key-save-delay", "200", "--enable-debug-command", "yes"];
    // By rule as well, for those who live long enough.
    Spec::under_test().with(&directives).with(&["--save", "1 1"])
}

/// Has the server save again and again; `saved` gets, of each save that has ended, what was acknowledged when it began.
fn save_until_it_ends(
    (mut client, mut asking): (Client, Client),
    acknowledged: &AtomicU64,
    saved: &AtomicU64,
) {
    let mut count = move || {
        let info = client.try_call(&["INFO", "persistence"]).ok()?.text();
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some((field("rdb_saves:")?, field("rdb_bgsave_in_progress:")? == "1"))
    };
    loop {
        let floor = acknowledged.load(Ordering::Acquire);
        let Some((before, runs)) = count() else { return };
        // Only of a save that began after the look at what was acknowledged it is known that it has that.
        let Ok(reply) = asking.try_call(&["BGSAVE"]) else { return };
        if runs || reply.is_error() {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        loop {
            let Some((after, runs)) = count() else { return };
            if after != before && !runs {
                saved.store(floor, Ordering::Release);
                break;
            }
            if !runs {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn temporary_files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).expect("it is there").flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("temp-"))
        .collect()
}

#[test]
fn a_killed_server_has_what_its_last_whole_snapshot_has() {
    if is_passed_over() {
        return;
    }
    let mut rng = chance();
    let directory = temporary_directory();
    let mut sequence = Sequence::new("saved", rng.next());
    let mut server = start(saving(&directory));
    assert_eq!(server.connect().call(&format!("DEBUG POPULATE {BALLAST}")), *"OK");
    assert_eq!(server.connect().call("SAVE"), *"OK");
    let (mut left_behind, mut advanced) = (0, 0);
    for round in 0..rounds(4) {
        let most = if rng.chance(20) { 2500 } else { 400 };
        let lifetime = Duration::from_millis(5 + rng.below(most) as u64);
        let begin = sequence.acknowledged;
        let (acknowledged, saved) = (AtomicU64::new(begin), AtomicU64::new(begin));
        let mut client = server.connect();
        let saving_clients = (server.connect(), server.connect());
        std::thread::scope(|scope| {
            scope.spawn(|| save_until_it_ends(saving_clients, &acknowledged, &saved));
            let told = |number| acknowledged.store(number, Ordering::Release);
            let sequence = &mut sequence;
            scope.spawn(move || sequence.write_until_it_ends(&mut client, told));
            std::thread::sleep(lifetime);
            server.signal(Signal::KILL);
        });
        server.wait();
        left_behind += temporary_files(directory.path()).len();
        let saved = saved.into_inner();
        server = start(saving(&directory));
        assert_eq!(temporary_files(directory.path()), [""; 0], "round {round}");
        let mut client = server.connect();
        let found = sequence.found(&mut client);
        println!("round {round}: killed after {lifetime:?}; {saved} to {}: {found}", sequence.sent);
        assert!(
            (saved..=sequence.sent).contains(&found),
            "{found} is not within {saved} and {}",
            sequence.sent
        );
        assert_eq!(client.call("EXISTS key:0"), 1, "what was there before is there");
        advanced += u64::from(found > begin);
        sequence.go_on_from(found);
    }
    println!(
        "{left_behind} snapshots were under way; {advanced} rounds had saved more than there was before"
    );
    assert!(rounds(4) < 20 || left_behind > 0 && advanced > 0, "nothing was tested");
}

fn attach(replica: &Server, primary: &Server) {
    let reply = replica.connect().call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    assert!(!reply.is_error(), "{reply:?}");
}

fn is_up(client: &mut Client) -> bool {
    client.call("INFO replication").text().contains("master_link_status:up")
}

#[test]
fn a_replica_is_what_its_primary_was_when_either_is_killed() {
    if is_passed_over() {
        return;
    }
    let mut rng = chance();
    let (primary_directory, replica_directory) = (temporary_directory(), temporary_directory());
    let spec_in = |directory, appendfsync| {
        spec(directory, Keeping::AppendOnlyFile, appendfsync).with(&[
            "--enable-debug-command",
            "yes",
            "--repl-diskless-sync-delay",
            "0",
        ])
    };
    let primary_spec = spec_in(&primary_directory, "everysec");
    let replica_spec = spec_in(&replica_directory, "everysec").with(&["--replica-read-only", "yes"]);
    let mut sequence = Sequence::new("copied", rng.next());
    let mut primary = start(primary_spec.clone());
    let mut replica = start(replica_spec.clone());
    for round in 0..rounds(3) {
        attach(&replica, &primary);
        round_of_copies(
            &mut rng,
            &mut sequence,
            (&mut primary, &primary_spec),
            (&mut replica, &replica_spec),
        );
        println!("round {round}: {} numbers", sequence.sent);
    }
    assert!(sequence.acknowledged > 0, "nothing was ever acknowledged");
}

/// Clients write to the primary; the one or the other is killed; both go on.
fn round_of_copies(
    rng: &mut Rng,
    sequence: &mut Sequence,
    (primary, primary_spec): (&mut Server, &Spec),
    (replica, replica_spec): (&mut Server, &Spec),
) {
    // Now and then before it has come so far.
    let follows = rng.chance(80);
    if follows {
        let mut client = replica.connect();
        eventually("the replica follows", || is_up(&mut client));
    }
    let lifetime = Duration::from_millis(5 + rng.below(300) as u64);
    let kills_primary = rng.chance(70);
    let is_over = AtomicBool::new(false);
    let mut client = primary.connect();
    std::thread::scope(|scope| {
        let (sequence, is_over) = (&mut *sequence, &is_over);
        scope.spawn(move || sequence.write_while(&mut client, || !is_over.load(Ordering::Acquire)));
        std::thread::sleep(lifetime);
        if kills_primary {
            primary.signal(Signal::KILL)
        } else {
            replica.signal(Signal::KILL)
        }
        std::thread::sleep(Duration::from_millis(rng.below(50) as u64));
        is_over.store(true, Ordering::Release);
    });
    if kills_primary {
        primary.wait();
        if follows {
            // What it has got is what there was at some moment, in order, without half of a unit.
            let mut client = replica.connect();
            eventually("the link is down", || !is_up(&mut client));
            assert!(sequence.found(&mut client) <= sequence.sent);
        }
        *primary = start(primary_spec.clone());
    } else {
        replica.wait();
        *replica = start(replica_spec.clone());
        let found = sequence.found(&mut replica.connect());
        assert!(found <= sequence.sent);
    }
    let mut client = primary.connect();
    let found = sequence.found(&mut client);
    assert!((sequence.acknowledged..=sequence.sent).contains(&found), "{found}");
    sequence.go_on_from(found);
    attach(replica, primary);
    let mut copy = replica.connect();
    eventually("the replica follows again", || is_up(&mut copy));
    assert_eq!(client.call("SET settled yes"), *"OK");
    assert_eq!(client.call("WAIT 1 10000"), 1);
    assert_eq!(copy.call("DEBUG DIGEST").text(), client.call("DEBUG DIGEST").text());
    assert_eq!(sequence.found(&mut copy), found);
}
