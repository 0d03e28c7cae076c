//! A file system that is full, and has room again later, under a server that goes on all the while.
//!
//! It needs a file system of its own, which only root may mount; without that the tests pass over themselves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::harness::{Server, Spec, TemporaryDirectory, eventually, pass_over, temporary_directory};
use crate::ledger::Ledger;

/// A small file system in memory.
struct SmallDisk(TemporaryDirectory);

impl SmallDisk {
    fn mount(megabytes: usize) -> Option<SmallDisk> {
        let directory = temporary_directory();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(directory.path());
        let succeeded = command.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !succeeded {
            pass_over("a file system can only be mounted by root");
        }
        succeeded.then_some(SmallDisk(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes this much room, which is there again when the file is removed.
    fn ballast(&self, megabytes: usize) {
        fs::write(self.path().join("ballast"), vec![1; megabytes << 20]).expect("there is room");
    }

    fn drop_ballast(&self) {
        fs::remove_file(self.path().join("ballast")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the server may be about to end.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn start(disk: &SmallDisk, free_bytes_min: &str) -> Server {
    let dir = disk.path().to_str().expect("a path in UTF-8");
    let directives = [
        "--engine",
        "disk",
        "--dir",
        dir,
        "--databases",
        "4",
        "--disk-cache-size",
        "8mb",
        "--disk-free-space-min",
        free_bytes_min,
    ];
    Spec::under_test().with(&directives).start()
}

/// Writes until the server refuses, and returns what it says.
fn fill(server: &Server, ledger: &mut Ledger) -> String {
    let (mut client, mut filler) = (server.connect(), server.connect());
    let value = "x".repeat(100_000);
    for number in 0.. {
        match filler.try_call(&["SET", &format!("filler:{number}"), &value]) {
            Ok(reply) if reply.is_error() => return reply.error().to_owned(),
            Ok(_) => {}
            Err(_) => filler = server.connect(),
        }
        match ledger.write(&mut client) {
            Ok(None) => {}
            Ok(Some(refusal)) => return refusal,
            // Nobody was told, so what was sent may have happened or not. A server that has recovered knows.
            Err(_) => {
                client = server.connect();
                if !client.call("SET other value").is_error() {
                    ledger.settle(&mut client);
                }
            }
        }
    }
    unreachable!("the disk is small")
}

fn check(free_bytes_min: &str, reasons: &[&str]) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let Some(disk) = SmallDisk::mount(240) else { return };
    disk.ballast(100);
    let mut server = start(&disk, free_bytes_min);
    let mut ledger = Ledger::new(1, "full", &[1], false);
    let refusal = fill(&server, &mut ledger);
    assert!(
        refusal.starts_with("MISCONF ") && reasons.iter().any(|reason| refusal.contains(reason)),
        "{refusal}"
    );
    // Reads go on, and so do writes that are refused.
    let mut client = server.connect();
    for _ in 0..100 {
        assert_eq!(client.call("GET filler:0").text().len(), 100_000);
        client.call("SET other value");
    }
    disk.drop_ballast();
    eventually("changes are taken again", || {
        client.try_call(&["SET", "other", "value"]).is_ok_and(|reply| reply == *"OK")
    });
    ledger.settle(&mut client);
    for _ in 0..50 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    let exit = server.stop_by(Signal::KILL);
    assert_eq!(exit.signal, Some(9), "{}", exit.log);
    let server = start(&disk, "0");
    ledger.settle(&mut server.connect());
    assert_eq!(server.connect().call("GET filler:0").text().len(), 100_000);
}

#[test]
fn a_disk_that_gets_full_is_seen_coming() {
    check("64mb", &["the disk is full"]);
}

#[test]
fn a_disk_that_is_full_to_the_last_byte() {
    // It is the journal that fails, or a flush behind it.
    check("0", &["No space left on device", "a flush or a compaction has failed"]);
}

#[test]
fn what_makes_room_is_taken_when_the_disk_is_almost_full() {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let Some(disk) = SmallDisk::mount(240) else { return };
    disk.ballast(60);
    let server = start(&disk, "100mb");
    let mut client = server.connect();
    let value = "x".repeat(100_000);
    let refused =
        (0..10_000).find(|number| client.call_with(&["SET", &format!("key:{number}"), &value]).is_error());
    assert!(refused.is_some_and(|number| number > 100), "{refused:?}");
    assert!(client.call("SET other value").error().contains("the disk is full"));
    assert_eq!(client.call("DEL key:0"), 1);
    assert_eq!(client.call("UNLINK key:1 key:2"), 2);
    assert_eq!(client.call("FLUSHDB"), *"OK");
    assert_eq!(client.call("DBSIZE"), 0);
    eventually("there is room again", || client.call("SET other value") == *"OK");
}
