//! A snapshot in a file while it is on its way: one that comes, until it is whole, or one whose length is to be known before
//! it is sent. The file is gone when this is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::saving::temporary;
use crate::server::Server;

/// The file's name.
pub(super) struct Spool {
    path: PathBuf,
}

impl Spool {
    /// A file that is yet to be made.
    pub fn new(server: &Server) -> Spool {
        Spool { path: temporary::of_replica(&server.settings().process.dir) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, to be written and read.
    pub fn create(&self) -> io::Result<File> {
        temporary::create(&self.path)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_file(&self.path);
    }
}
