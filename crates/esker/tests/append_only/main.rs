//! The append-only file from outside: what is written, what is loaded, what is refused.

#[path = "../harness/mod.rs"]
mod harness;

mod damage;
mod effects;
mod files;
mod flips;

use std::fs;
use std::path::{Path, PathBuf};

use harness::{Server, Spec, TemporaryDirectory, eventually, is_on_disk, pass_over};

/// Whether there is nothing to test: only Esker's memory is in its append-only file.
fn is_passed_over() -> bool {
    let is_elsewhere = !Spec::under_test().is_esker() || is_on_disk();
    if is_elsewhere {
        pass_over("only databases in Esker's memory are in its append-only file");
    }
    is_elsewhere
}

/// A server whose append-only file is in `directory`, when it has loaded.
fn start(spec: Spec, directory: &TemporaryDirectory, directives: &[&str]) -> Server {
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let own = ["--dir", dir, "--appendonly", "yes", "--enable-debug-command", "yes"];
    let server = spec.with(&own).with(directives).start();
    let mut client = server.connect();
    eventually("it has loaded", || client.call("PING") == *"PONG");
    server
}

/// The one incremental file in `directory`.
fn incremental(directory: &Path) -> PathBuf {
    let files = fs::read_dir(directory.join("appendonlydir")).expect("there is a directory");
    let paths = files.map(|file| file.expect("a file").path());
    let mut paths: Vec<_> = paths.filter(|path| path.to_string_lossy().ends_with(".incr.aof")).collect();
    paths.sort();
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths.remove(0)
}

/// The requests of a file, a line for each.
fn requests(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).expect("it can be read");
    let mut lines = Vec::new();
    let mut rest = bytes.as_slice();
    let line = |rest: &mut &[u8]| {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a line ends");
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        *rest = &rest[end + 2..];
        line
    };
    while !rest.is_empty() {
        let head = line(&mut rest);
        if head.starts_with('#') {
            continue;
        }
        let words: usize = head[1..].parse().expect("a number of words");
        let mut request = Vec::new();
        for _ in 0..words {
            let bytes: usize = line(&mut rest)[1..].parse().expect("a length");
            request.push(rest[..bytes].escape_ascii().to_string());
            rest = &rest[bytes + 2..];
        }
        lines.push(request.join(" "));
    }
    lines
}
