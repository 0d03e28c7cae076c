//! The server is killed at random moments while clients write, and started again.
//!
//! `ESKER_TEST_ROUNDS` says how often for each policy (default 5), `ESKER_TEST_SEED` where chance begins.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Rng, Server, Spec, TemporaryDirectory, eventually, pass_over, temporary_directory};
use crate::ledger::{Ledger, check_counts, number_from_environment};

const DATABASES: u16 = 4;
const LOADING: Duration = Duration::from_secs(20);

/// What the databases are kept in.
#[derive(Clone, Copy)]
enum Keeping {
    /// The engine on disk.
    Store,
    /// Memory, and an append-only file.
    AppendOnlyFile,
}

#[test]
fn nothing_acknowledged_is_lost_when_every_reply_waits_for_the_disk() {
    kill_again_and_again(Keeping::Store, "always");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_disk_is_synced_every_second() {
    kill_again_and_again(Keeping::Store, "everysec");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_system_decides() {
    kill_again_and_again(Keeping::Store, "no");
}

#[test]
fn nothing_acknowledged_is_lost_from_an_append_only_file_that_every_reply_waits_for() {
    kill_again_and_again(Keeping::AppendOnlyFile, "always");
}

#[test]
fn nothing_acknowledged_is_lost_from_an_append_only_file_that_is_synced_every_second() {
    kill_again_and_again(Keeping::AppendOnlyFile, "everysec");
}

fn start(directory: &TemporaryDirectory, keeping: Keeping, appendfsync: &str) -> Server {
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let kept = match keeping {
        Keeping::Store => ["--engine", "disk"].as_slice(),
        // It is rewritten again and again.
        Keeping::AppendOnlyFile => &[
            "--engine",
            "memory",
            "--appendonly",
            "yes",
            "--auto-aof-rewrite-min-size",
            "64kb",
            "--auto-aof-rewrite-percentage",
            "20",
        ],
    };
    let directives = [
        "--dir",
        dir,
        "--databases",
        &DATABASES.to_string(),
        "--disk-cache-size",
        "8mb",
        "--disk-free-space-min",
        "0",
        "--appendfsync",
        appendfsync,
    ];
    let server = Spec::under_test().with(kept).with(&directives).start();
    let mut client = server.connect();
    eventually(LOADING, "it has loaded", || client.call("PING") == *"PONG");
    server
}

fn kill_again_and_again(keeping: Keeping, appendfsync: &str) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let rounds = number_from_environment("ESKER_TEST_ROUNDS").unwrap_or(5);
    let seed = number_from_environment("ESKER_TEST_SEED").unwrap_or_else(Rng::fresh_seed);
    println!("ESKER_TEST_SEED={seed}");
    let mut rng = Rng::new(seed);
    let directory = temporary_directory();
    let mut ledgers = [
        Ledger::new(rng.next(), "a", &[0], false),
        Ledger::new(rng.next(), "b", &[0], false),
        Ledger::new(rng.next(), "c", &[1], true),
        Ledger::new(rng.next(), "d", &[2, 3], true),
    ];
    let mut server = start(&directory, keeping, appendfsync);
    for round in 0..rounds {
        let lifetime = Duration::from_millis(5 + rng.below(400) as u64);
        // Now and then it is asked to end, which is to leave as much behind, and perhaps not given the time to.
        let signal = if rng.chance(10) { Signal::TERM } else { Signal::KILL };
        let warned_for = rng.chance(10).then(|| Duration::from_millis(rng.below(60) as u64));
        let mut clients: Vec<_> = ledgers.iter().map(|_| server.connect()).collect();
        std::thread::scope(|scope| {
            for (ledger, client) in ledgers.iter_mut().zip(&mut clients) {
                scope.spawn(move || ledger.write_until_it_ends(client));
            }
            std::thread::sleep(lifetime);
            if let Some(warned_for) = warned_for {
                server.signal(Signal::TERM);
                std::thread::sleep(warned_for);
            }
            server.stop_by(signal);
        });
        server = start(&directory, keeping, appendfsync);
        println!("round {round}: {signal:?} after {lifetime:?}, warned for {warned_for:?}");
        let mut client = server.connect();
        for ledger in &mut ledgers {
            ledger.settle(&mut client);
        }
        check_counts(&mut client, DATABASES);
    }
    let acknowledged: usize = ledgers.iter().map(|ledger| ledger.acknowledged).sum();
    assert!(acknowledged > 0, "nothing was ever acknowledged");
    println!("{acknowledged} changes were acknowledged");
}
