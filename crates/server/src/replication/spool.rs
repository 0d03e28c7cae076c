//! A snapshot in a file while it is on its way: one that comes, until it is whole, or one whose length is to be known before
//! it is sent. The file is gone when this is.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::unix_ms;
use crate::server::Server;

/// The file's name.
pub(super) struct Spool {
    path: PathBuf,
}

impl Spool {
    /// A file in `dir`, which is yet to be made.
    pub fn new(server: &Server) -> Spool {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("temp-replica-{}-{}-{number}.rdb", std::process::id(), unix_ms());
        Spool { path: server.settings().process.dir.join(name) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, to be written and read.
    pub fn create(&self) -> io::Result<File> {
        OpenOptions::new().create_new(true).write(true).read(true).open(&self.path)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_file(&self.path);
    }
}
