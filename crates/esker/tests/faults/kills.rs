//! The server is killed at random moments while clients write, and started again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Client, Spec, pass_over, temporary_directory};
use crate::keeping::{DATABASES, Keeping, spec, start};
use crate::ledger::{Ledger, check_counts};
use crate::{chance, rounds};

#[test]
fn nothing_acknowledged_is_lost_when_every_reply_waits_for_the_disk() {
    kill_again_and_again(Keeping::Store, "always", None);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_disk_is_synced_every_second() {
    kill_again_and_again(Keeping::Store, "everysec", None);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_system_decides() {
    kill_again_and_again(Keeping::Store, "no", None);
}

#[test]
fn nothing_acknowledged_is_lost_from_an_append_only_file_that_every_reply_waits_for() {
    kill_again_and_again(Keeping::AppendOnlyFile, "always", None);
}

#[test]
fn nothing_acknowledged_is_lost_from_an_append_only_file_that_is_synced_every_second() {
    kill_again_and_again(Keeping::AppendOnlyFile, "everysec", None);
}

#[test]
fn nothing_acknowledged_is_lost_while_the_append_only_file_is_rewritten() {
    let rewrites = Beside { command: "BGREWRITEAOF", directives: &[] };
    kill_again_and_again(Keeping::AppendOnlyFile, "everysec", Some(rewrites));
}

#[test]
fn nothing_acknowledged_is_lost_while_a_snapshot_is_saved() {
    let saves = Beside { command: "BGSAVE", directives: &["--rdb-key-save-delay", "1000"] };
    kill_again_and_again(Keeping::AppendOnlyFile, "always", Some(saves));
}

/// What is asked for again and again while clients write.
struct Beside {
    command: &'static str,
    directives: &'static [&'static str],
}

impl Beside {
    fn ask(&self, mut client: Client, is_over: &AtomicBool) {
        // That it is refused since it is under way, or that nobody answers any more, is as well.
        while !is_over.load(Ordering::Acquire) && client.try_call(&[self.command]).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn kill_again_and_again(keeping: Keeping, appendfsync: &str, beside: Option<Beside>) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let mut rng = chance();
    let directory = temporary_directory();
    let mut ledgers = [
        Ledger::new(rng.next(), "a", &[0], false),
        Ledger::new(rng.next(), "b", &[0], false),
        Ledger::new(rng.next(), "c", &[1], true),
        Ledger::new(rng.next(), "d", &[2, 3], true),
    ];
    let directives = beside.as_ref().map_or(&[][..], |beside| beside.directives);
    let spec = spec(&directory, keeping, appendfsync).with(directives);
    let mut server = start(spec.clone());
    for round in 0..rounds(4) {
        let lifetime = Duration::from_millis(5 + rng.below(400) as u64);
        // Now and then it is asked to end, which is to leave as much behind, and perhaps not given the time to.
        let signal = if rng.chance(10) { Signal::TERM } else { Signal::KILL };
        let warned_for = rng.chance(10).then(|| Duration::from_millis(rng.below(60) as u64));
        let mut clients: Vec<_> = ledgers.iter().map(|_| server.connect()).collect();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            if let Some(beside) = &beside {
                let (client, is_over) = (server.connect(), &is_over);
                scope.spawn(move || beside.ask(client, is_over));
            }
            for (ledger, client) in ledgers.iter_mut().zip(&mut clients) {
                scope.spawn(move || ledger.write_until_it_ends(client));
            }
            std::thread::sleep(lifetime);
            if let Some(warned_for) = warned_for {
                server.signal(Signal::TERM);
                std::thread::sleep(warned_for);
            }
            is_over.store(true, Ordering::Release);
            server.signal(signal);
        });
        server.wait();
        server = start(spec.clone());
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
