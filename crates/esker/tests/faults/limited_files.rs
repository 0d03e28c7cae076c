//! Writes that fail while the server runs, because the system lets no file of its process grow any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::harness::{Client, Server, Spec, eventually, pass_over, temporary_directory};
use crate::keeping::{DATABASES, Keeping, spec, start};
use crate::ledger::{Ledger, check_counts};
use crate::{chance, rounds};

/// No file of the server may have more bytes; `None` for as many as it wants.
fn limit_files(server: &Server, bytes_max: Option<u64>) {
    let pid = Pid::from_raw(server.pid() as i32).expect("a process");
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes_max, maximum: None })
        .expect("our child can be limited");
}

fn takes_changes(client: &mut Client) -> bool {
    client.try_call(&["SET", "probe", "value"]).is_ok_and(|reply| reply == *"OK")
}

fn check(keeping: Keeping, appendfsync: &str) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let directory = temporary_directory();
    let spec = spec(&directory, keeping, appendfsync);
    let mut server = start(spec.clone());
    let mut ledger = Ledger::new(2, "limited", &[0], false);
    let mut client = server.connect();
    for _ in 0..50 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    assert_eq!(client.call("SELECT 1"), *"OK");
    assert_eq!(client.call("SET kept value"), *"OK");
    // Not even the log can be written.
    limit_files(&server, Some(100));
    let refusal = loop {
        match ledger.write(&mut client) {
            Ok(None) => {}
            Ok(Some(refusal)) => break refusal,
            Err(_) => client = server.connect(),
        }
    };
    assert!(refusal.starts_with(&format!("{}File too large", keeping.refusal())), "{refusal}");
    let mut reader = server.connect();
    reader.call("SELECT 1");
    for _ in 0..20 {
        assert_eq!(reader.call("GET kept"), *"value");
        assert_eq!(reader.call("SET kept other").error(), refusal);
        std::thread::sleep(Duration::from_millis(100));
    }
    limit_files(&server, None);
    eventually("changes are taken again", || reader.call("SET kept other") == *"OK");
    let mut client = server.connect();
    ledger.settle(&mut client);
    for _ in 0..50 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    server.stop_by(Signal::KILL);
    let server = start(spec);
    ledger.settle(&mut server.connect());
}

#[test]
fn writes_that_fail_when_every_reply_waits_for_the_disk() {
    check(Keeping::Store, "always");
}

#[test]
fn writes_that_fail_when_the_disk_is_synced_every_second() {
    check(Keeping::Store, "everysec");
}

#[test]
fn an_append_only_file_that_every_reply_waits_for_cannot_be_written() {
    check(Keeping::AppendOnlyFile, "always");
}

#[test]
fn an_append_only_file_that_is_synced_every_second_cannot_be_written() {
    check(Keeping::AppendOnlyFile, "everysec");
}

#[test]
fn a_script_is_not_half_done_when_the_append_only_file_fails_meanwhile() {
    if !Spec::under_test().is_esker() {
        return pass_over("other servers do nothing beside a script");
    }
    const SCRIPT: &str = "redis.call('SET', KEYS[1], 1) for _ = 1, 5e7 do end redis.call('SET', KEYS[2], 1)";
    let directory = temporary_directory();
    let server = start(spec(&directory, Keeping::AppendOnlyFile, "everysec"));
    let mut client = server.connect();
    let mut script = server.connect();
    script
        .send_raw(&crate::harness::encode(&["EVAL", SCRIPT, "2", "{key}:first", "{key}:second"]))
        .expect("it is sent");
    std::thread::sleep(Duration::from_millis(50));
    limit_files(&server, Some(100));
    eventually("changes are refused", || match client.try_call(&["SET", "other", "value"]) {
        Ok(reply) => reply.is_error(),
        Err(_) => {
            client = server.connect();
            false
        }
    });
    // It ends in one way or another.
    let _ = script.read();
    limit_files(&server, None);
    eventually("changes are taken again", || takes_changes(&mut client));
    assert_ne!(client.call("EXISTS {key}:first {key}:second"), 1);
}

/// Writes until it is `done`. When a connection ends it goes on as soon as `is_lifted`, with what the server then holds.
fn write_on(server: &Server, ledger: &mut Ledger, is_lifted: &AtomicBool, done: &AtomicBool) {
    let mut client = server.connect();
    while !done.load(Ordering::Acquire) {
        match ledger.write(&mut client) {
            Ok(None) => {}
            Ok(Some(refusal)) => {
                assert!(refusal.starts_with("MISCONF "), "{refusal}");
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(_) => {
                eventually("the limit is lifted", || is_lifted.load(Ordering::Acquire));
                eventually("changes are taken again", || {
                    client = server.connect();
                    takes_changes(&mut client)
                });
                ledger.settle(&mut client);
            }
        }
    }
}

#[test]
fn writes_that_fail_at_random_moments() {
    fail_at_random_moments(Keeping::Store);
}

#[test]
fn an_append_only_file_cannot_be_written_at_random_moments() {
    fail_at_random_moments(Keeping::AppendOnlyFile);
}

fn fail_at_random_moments(keeping: Keeping) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let mut rng = chance();
    let directory = temporary_directory();
    let mut ledgers = [
        Ledger::new(rng.next(), "a", &[0], false),
        Ledger::new(rng.next(), "b", &[0], false),
        Ledger::new(rng.next(), "c", &[1, 2], true),
    ];
    let spec = spec(&directory, keeping, "everysec");
    let mut server = start(spec.clone());
    for round in 0..rounds(3) {
        let bytes_max = rng.below(*rng.clone().pick(&[100_000, 20_000_000, 80_000_000])) as u64;
        println!("round {round}: no file beyond {bytes_max} bytes");
        let (is_lifted, done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for ledger in &mut ledgers {
                scope.spawn(|| write_on(&server, ledger, &is_lifted, &done));
            }
            std::thread::sleep(Duration::from_millis(rng.below(300) as u64));
            limit_files(&server, Some(bytes_max));
            std::thread::sleep(Duration::from_millis(rng.below(1500) as u64));
            limit_files(&server, None);
            is_lifted.store(true, Ordering::Release);
            let mut client = server.connect();
            eventually("changes are taken again", || {
                takes_changes(&mut client) || {
                    client = server.connect();
                    false
                }
            });
            std::thread::sleep(Duration::from_millis(rng.below(300) as u64));
            done.store(true, Ordering::Release);
        });
        if rng.chance(50) {
            server.stop_by(Signal::KILL);
            server = start(spec.clone());
        }
        let mut client = server.connect();
        ledgers.iter_mut().for_each(|ledger| ledger.settle(&mut client));
        check_counts(&mut client, DATABASES);
    }
}
