//! Which file is damaged: the LSM database says that one is, but not which.

use std::path::{Path, PathBuf};

use fjall::{AbstractTree as _, Keyspace};
use sync::Mutex;
use xxhash_rust::xxh3::Xxh3;

use crate::files::for_each_chunk;

/// The damaged files that were found so far.
#[derive(Default)]
pub struct Damage {
    known: Mutex<Vec<PathBuf>>,
}

impl Damage {
    /// A damaged table of `tree` that may have records from `first` to `last`.
    pub fn find(&self, tree: &Keyspace, first: &[u8], last: &[u8]) -> Option<PathBuf> {
        let version = tree.tree.current_version();
        let suspects = || {
            version.iter_tables().filter(|table| {
                let range = &table.metadata.key_range;
                range.min().as_ref() <= last && range.max().as_ref() >= first
            })
        };
        // A table is read as a whole to judge it, and may be asked for again and again.
        let mut known = self.known.lock();
        if let Some(table) = suspects().find(|table| known.contains(&table.path)) {
            return Some(table.path.to_path_buf());
        }
        let found = suspects().find(|table| is_damaged(&table.path, table.checksum().into_u128()))?;
        known.push(found.path.to_path_buf());
        known.last().cloned()
    }
}

/// Whether the file is not what it was when it was written, or cannot be read.
fn is_damaged(path: &Path, checksum: u128) -> bool {
    let mut hasher = Xxh3::new();
    let read = for_each_chunk(path, u64::MAX, |chunk| hasher.update(chunk));
    read.is_err() || hasher.digest128() != checksum
}
