//! A file system that is full, and has room again later, under a server that goes on all the while.
//!
//! It needs a file system of its own, mounted where nobody else sees it and gone with the test: in a namespace, which root
//! may have and, mostly, everybody else. Where neither is so, the tests pass over themselves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::harness::{Client, Server, Spec, TemporaryDirectory, eventually, pass_over, temporary_directory};
use crate::ledger::Ledger;

/// Says that a test is where it may mount what it likes.
const IN_NAMESPACE: &str = "ESKER_TEST_IN_NAMESPACE";

/// Has `test` run where it may mount what it likes: this program is started again in a namespace, for `caller` alone, which
/// is the test that calls this.
fn in_namespace<T: Fn()>(caller: T, test: impl FnOnce()) {
    if std::env::var_os(IN_NAMESPACE).is_some() {
        return test();
    }
    if !Spec::under_test().is_esker() {
        return pass_over("other servers do otherwise");
    }
    let unshare = |with: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("--mount").args(with);
        command
    };
    let directory = temporary_directory();
    let may_mount = |with: &&&[&str]| {
        let mut command = unshare(with);
        command.args(["mount", "-t", "tmpfs", "tmpfs"]).arg(directory.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let ways: [&[&str]; 2] = [&["--map-root-user"], &[]];
    let Some(way) = ways.iter().find(may_mount) else {
        return pass_over("no file system can be mounted, neither in a user's namespace nor as root");
    };
    let name = std::any::type_name_of_val(&caller).split_once("::").expect("it lies in a crate").1;
    let mut command = unshare(way);
    command.arg(std::env::current_exe().expect("this program has a path"));
    let output = command.args(["--exact", name, "--nocapture"]).env(IN_NAMESPACE, "yes").output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains(" 1 passed"), "{said}");
}

/// A small file system in memory.
struct SmallDisk(TemporaryDirectory);

impl SmallDisk {
    fn mount(megabytes: usize) -> SmallDisk {
        let directory = temporary_directory();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(directory.path());
        assert!(command.status().is_ok_and(|status| status.success()), "it worked a moment ago");
        SmallDisk(directory)
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
        // So that the directory can go; lazily, since the server may be about to end.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn start(disk: &SmallDisk, directives: &[&str]) -> Server {
    let dir = disk.path().to_str().expect("a path in UTF-8");
    let server = Spec::under_test().with(&["--dir", dir, "--databases", "4"]).with(directives).start();
    let mut client = server.connect();
    eventually("it has loaded", || client.call("PING") == *"PONG");
    server
}

/// Databases in a store, for which so much room has to be left.
fn stored(free_bytes_min: &str) -> [&str; 6] {
    ["--engine", "disk", "--disk-cache-size", "8mb", "--disk-free-space-min", free_bytes_min]
}

const APPEND_ONLY: [&str; 4] = ["--engine", "memory", "--appendonly", "yes"];

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

/// Fills a disk of so many megabytes, of which `ballast` are what is taken away later, under a server with `directives`.
/// It refuses changes with one of `reasons`.
fn check(megabytes: usize, ballast: usize, directives: &[&str], reasons: &[&str]) {
    let disk = SmallDisk::mount(megabytes);
    disk.ballast(ballast);
    let mut server = start(&disk, directives);
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
    let server = start(&disk, directives);
    ledger.settle(&mut server.connect());
    assert_eq!(server.connect().call("GET filler:0").text().len(), 100_000);
}

#[test]
fn a_disk_that_gets_full_is_seen_coming() {
    in_namespace(a_disk_that_gets_full_is_seen_coming, || {
        check(240, 100, &stored("64mb"), &["the disk is full"]);
    });
}

#[test]
fn a_disk_that_is_full_to_the_last_byte() {
    // It is the journal that fails, or a flush behind it.
    const REASONS: &[&str] = &["No space left on device", "a flush or a compaction has failed"];
    in_namespace(a_disk_that_is_full_to_the_last_byte, || {
        check(240, 100, &stored("0"), REASONS);
        check(12, 6, &stored("0"), REASONS);
    });
}

#[test]
fn a_disk_that_is_full_under_an_append_only_file() {
    in_namespace(a_disk_that_is_full_under_an_append_only_file, || {
        for appendfsync in ["everysec", "always"] {
            let directives = [&APPEND_ONLY[..], &["--appendfsync", appendfsync]].concat();
            check(12, 6, &directives, &["Errors writing to the AOF file: No space left on device"]);
        }
    });
}

#[test]
fn a_disk_that_is_too_full_for_a_snapshot() {
    in_namespace(a_disk_that_is_too_full_for_a_snapshot, || {
        let disk = SmallDisk::mount(12);
        let directives = ["--engine", "memory", "--save", "3600 1", "--rdbcompression", "no"];
        let mut server = start(&disk, &directives);
        let mut client = server.connect();
        let value = "x".repeat(100_000);
        (0..40).for_each(|number| _ = client.call_with(&["SET", &format!("key:{number}"), &value]));
        assert_eq!(client.call("SAVE"), *"OK");
        assert_eq!(client.call("SET last 1"), *"OK");
        disk.ballast(5);
        assert!(client.call("SAVE").is_error());
        assert!(!client.call("BGSAVE").is_error());
        let status = |client: &mut Client, status: &str| {
            client.call("INFO persistence").text().contains(&format!("rdb_last_bgsave_status:{status}\r\n"))
        };
        eventually("it has failed", || status(&mut client, "err"));
        // What was begun is gone, and what was saved is there.
        let left =
            fs::read_dir(disk.path()).expect("a directory").map(|entry| entry.expect("an entry").file_name());
        let mut left: Vec<_> = left.collect();
        left.sort();
        assert_eq!(left, ["ballast", "dump.rdb"]);
        for number in 0..40 {
            let refusal = client.call("SET other 1");
            assert!(refusal.error().starts_with("MISCONF "), "{refusal:?}");
            assert_eq!(client.call(&format!("GET key:{number}")).text().len(), 100_000);
        }
        disk.drop_ballast();
        assert!(!client.call("BGSAVE").is_error());
        eventually("it is saved", || status(&mut client, "ok"));
        assert_eq!(client.call("SET other 1"), *"OK");
        server.stop_by(Signal::KILL);
        let server = start(&disk, &directives);
        assert_eq!(server.connect().call("DBSIZE"), 41);
    });
}

#[test]
fn what_makes_room_is_taken_when_the_disk_is_almost_full() {
    in_namespace(what_makes_room_is_taken_when_the_disk_is_almost_full, make_room);
}

fn make_room() {
    let disk = SmallDisk::mount(240);
    disk.ballast(60);
    let server = start(&disk, &stored("100mb"));
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
