//! What the databases of a server that meets with faults are kept in.

use crate::harness::{Server, Spec, TemporaryDirectory, eventually};

pub const DATABASES: u16 = 4;

/// What they are kept in.
#[derive(Clone, Copy)]
pub enum Keeping {
    /// The engine on disk.
    Store,
    /// Memory, and an append-only file, which is rewritten again and again.
    AppendOnlyFile,
}

impl Keeping {
    fn directives(self) -> &'static [&'static str] {
        match self {
            Keeping::Store => &["--engine", "disk", "--disk-cache-size", "8mb", "--disk-free-space-min", "0"],
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
        }
    }

    /// What a client reads while what it would change cannot be written; the reason follows.
    pub fn refusal(self) -> &'static str {
        match self {
            Keeping::Store => "MISCONF the disk cannot be written: ",
            Keeping::AppendOnlyFile => "MISCONF Errors writing to the AOF file: ",
        }
    }
}

/// A server that works in a directory which outlives it.
pub fn spec(directory: &TemporaryDirectory, keeping: Keeping, appendfsync: &str) -> Spec {
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let databases = DATABASES.to_string();
    let directives = ["--dir", dir, "--databases", &databases, "--appendfsync", appendfsync];
    Spec::under_test().with(keeping.directives()).with(&directives)
}

/// Starts it, and waits until it has loaded.
#[track_caller]
pub fn start(spec: Spec) -> Server {
    let server = spec.start();
    let mut client = server.connect();
    eventually("it has loaded", || client.call("PING") == *"PONG");
    server
}
