//! The system cannot bring onto the disk what was written, and can again later, under a server that goes on all the while.
//!
//! A library that is loaded before the system's has the calls fail. It is made by the C compiler that building Esker needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Client, Server, Spec, TemporaryDirectory, eventually, pass_over, temporary_directory};
use crate::keeping::{Keeping, spec, start};
use crate::ledger::Ledger;

/// A directory with a server's files, beside what has its syncs fail.
struct Disk {
    directory: TemporaryDirectory,
    beside: TemporaryDirectory,
}

impl Disk {
    fn new() -> Option<Disk> {
        if !Spec::under_test().is_esker() {
            pass_over("other servers do otherwise");
            return None;
        }
        let disk = Disk { directory: temporary_directory(), beside: temporary_directory() };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/failing_sync.c");
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
        compiler.args(["-shared", "-fPIC", "-o"]).arg(disk.library()).arg(source);
        let is_made = cfg!(target_os = "linux") && compiler.status().is_ok_and(|status| status.success());
        if !is_made {
            pass_over("it needs Linux and a C compiler");
        }
        is_made.then_some(disk)
    }

    fn library(&self) -> PathBuf {
        self.beside.path().join("failing_sync.so")
    }

    fn flag(&self) -> PathBuf {
        self.beside.path().join("fails")
    }

    fn spec(&self, keeping: Keeping, appendfsync: &str) -> Spec {
        let text = |path: PathBuf| path.to_str().expect("a path in UTF-8").to_owned();
        spec(&self.directory, keeping, appendfsync)
            .with_environment("LD_PRELOAD", &text(self.library()))
            .with_environment("ESKER_TEST_SYNC_FAILS", &text(self.flag()))
    }

    fn fails(&self) {
        fs::write(self.flag(), "").expect("it can be written");
    }

    fn works(&self) {
        fs::remove_file(self.flag()).expect("it is there");
    }
}

/// Writes until that is refused, which must be so within a few seconds. Says whether a connection has ended meanwhile.
fn write_until_refused(server: &Server, ledger: &mut Ledger) -> (String, bool) {
    let mut client = server.connect();
    let mut has_ended = false;
    let mut refusal = None;
    eventually("changes are refused", || {
        match ledger.write(&mut client) {
            Ok(None) => {}
            Ok(Some(error)) => refusal = Some(error),
            Err(_) => {
                has_ended = true;
                client = server.connect();
            }
        }
        refusal.is_some()
    });
    (refusal.expect("it was refused"), has_ended)
}

fn takes_changes(client: &mut Client) -> bool {
    client.try_call(&["SET", "probe", "value"]).is_ok_and(|reply| reply == *"OK")
}

fn check(keeping: Keeping, appendfsync: &str) {
    let Some(disk) = Disk::new() else { return };
    let spec = disk.spec(keeping, appendfsync);
    let mut server = start(spec.clone());
    let mut ledger = Ledger::new(3, "unsynced", &[1], false);
    let mut client = server.connect();
    for _ in 0..30 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    assert_eq!(client.call("SELECT 0"), *"OK");
    assert_eq!(client.call("SET kept value"), *"OK");
    let before = incremental_files(disk.directory.path());
    disk.fails();
    if appendfsync == "always" {
        // Nobody is told of what may be lost.
        let reply = server.connect().try_call(&["SET", "first", "value"]);
        assert!(reply.as_ref().map_or(true, |reply| reply.is_error()), "{reply:?}");
    }
    let (refusal, _) = write_until_refused(&server, &mut ledger);
    assert!(refusal.starts_with(keeping.refusal()) && refusal.contains("Input/output error"), "{refusal}");
    let mut reader = server.connect();
    for _ in 0..25 {
        assert_eq!(reader.call("GET kept"), *"value");
        assert!(!takes_changes(&mut reader), "changes are taken though nothing gets onto the disk");
        std::thread::sleep(Duration::from_millis(100));
    }
    disk.works();
    eventually("changes are taken again", || {
        takes_changes(&mut reader) || {
            reader = server.connect();
            false
        }
    });
    if let Keeping::AppendOnlyFile = keeping {
        // What the system said it had not brought onto the disk is not relied on.
        let after = incremental_files(disk.directory.path());
        assert!(after.iter().all(|name| !before.contains(name)), "{before:?}, {after:?}");
    }
    let mut client = server.connect();
    ledger.settle(&mut client);
    for _ in 0..30 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    server.stop_by(Signal::KILL);
    let server = start(spec);
    ledger.settle(&mut server.connect());
    assert_eq!(server.connect().call("GET kept"), *"value");
}

/// The incremental files that the manifest in `directory` names; none where there is no append-only file.
fn incremental_files(directory: &Path) -> Vec<String> {
    let manifest = directory.join("appendonlydir/appendonly.aof.manifest");
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let lines = text.lines().filter(|line| line.ends_with(" type i"));
    lines.filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect()
}

#[test]
fn an_append_only_file_that_every_reply_waits_for_cannot_be_synced() {
    check(Keeping::AppendOnlyFile, "always");
}

#[test]
fn an_append_only_file_that_is_synced_every_second_cannot_be_synced() {
    check(Keeping::AppendOnlyFile, "everysec");
}

#[test]
fn a_store_that_every_reply_waits_for_cannot_be_synced() {
    check(Keeping::Store, "always");
}

#[test]
fn a_store_that_is_synced_every_second_cannot_be_synced() {
    check(Keeping::Store, "everysec");
}

#[test]
fn a_snapshot_that_cannot_be_synced_is_none() {
    let Some(disk) = Disk::new() else { return };
    let dir = disk.directory.path().to_str().expect("a path in UTF-8");
    // After everything, so that there is no append-only file.
    let directives = ["--dir", dir, "--appendonly", "no", "--save", "3600 1"];
    let server = start(disk.spec(Keeping::AppendOnlyFile, "no").with(&directives));
    let mut client = server.connect();
    assert_eq!(client.call("SET key value"), *"OK");
    assert_eq!(client.call("SAVE"), *"OK");
    let saved = fs::read(disk.directory.path().join("dump.rdb")).expect("it was saved");
    assert_eq!(client.call("SET key other"), *"OK");
    disk.fails();
    let saves_end = |server: &Server| {
        server.connect().call("BGSAVE");
        eventually("the save ends", || server.info("rdb_bgsave_in_progress") == 0);
    };
    saves_end(&server);
    assert_eq!(fs::read(disk.directory.path().join("dump.rdb")).expect("it is there"), saved);
    assert!(
        client.call("SET key third").error().starts_with("MISCONF Redis is configured to save RDB snapshots")
    );
    assert_eq!(client.call("GET key"), *"other");
    disk.works();
    saves_end(&server);
    assert_eq!(client.call("SET key third"), *"OK");
}
