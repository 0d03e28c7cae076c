//! Writes that fail while the server runs, because the system lets no file of its process grow any more.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::harness::{Server, Spec, eventually, pass_over, temporary_directory};
use crate::ledger::Ledger;

const LIMIT: Duration = Duration::from_secs(20);

/// No file of the server may have more bytes; `None` for as many as it wants.
fn limit_files(server: &Server, bytes_max: Option<u64>) {
    let pid = Pid::from_raw(server.pid() as i32).expect("a process");
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes_max, maximum: None })
        .expect("our child can be limited");
}

fn check(appendfsync: &str) {
    if !Spec::under_test().is_esker() {
        return pass_over("only Esker has an engine on disk");
    }
    let directory = temporary_directory();
    let dir = directory.path().to_str().expect("a path in UTF-8");
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
        "0",
        "--appendfsync",
        appendfsync,
    ];
    let spec = Spec::under_test().with(&directives);
    let mut server = spec.clone().start();
    let mut ledger = Ledger::new(2, "limited", &[0], false);
    let mut client = server.connect();
    for _ in 0..50 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    assert_eq!(client.call("SELECT 1"), *"OK");
    assert_eq!(client.call("SET kept value"), *"OK");
    limit_files(&server, Some(4096));
    let refusal = loop {
        match ledger.write(&mut client) {
            Ok(None) => {}
            Ok(Some(refusal)) => break refusal,
            Err(_) => client = server.connect(),
        }
    };
    assert!(refusal.starts_with("MISCONF the disk cannot be written: File too large"), "{refusal}");
    let mut reader = server.connect();
    reader.call("SELECT 1");
    for _ in 0..20 {
        assert_eq!(reader.call("GET kept"), *"value");
        assert_eq!(reader.call("SET kept other").error(), refusal);
        std::thread::sleep(Duration::from_millis(100));
    }
    limit_files(&server, None);
    eventually(LIMIT, "changes are taken again", || reader.call("SET kept other") == *"OK");
    let mut client = server.connect();
    ledger.settle(&mut client);
    for _ in 0..50 {
        assert_eq!(ledger.write(&mut client).expect("the server answers"), None);
    }
    server.stop_by(Signal::KILL);
    let server = spec.start();
    ledger.settle(&mut server.connect());
}

#[test]
fn writes_that_fail_when_every_reply_waits_for_the_disk() {
    check("always");
}

#[test]
fn writes_that_fail_when_the_disk_is_synced_every_second() {
    check("everysec");
}
