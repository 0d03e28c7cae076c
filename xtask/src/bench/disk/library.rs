//! The LSM library by itself: what it asks for a look-up and for an insertion of the records that the engine on disk
//! makes of a database of strings.
//!
//! It runs within this process, set up as the engine sets it up, and writes each insertion to its journal at once, as
//! it does by default. Nothing else runs here while it is measured, so the process' CPU time is its own, with that of
//! its threads.

use std::io;
use std::path::Path;
use std::time::Duration;

use disk::{Options, format};
use fjall::{Database, Keyspace};
use keyspace::engine::{StoreSettings, SyncPolicy};

use crate::bench::{data, process};

use super::quiet;
use super::site::{CACHE_BYTES, Folder, VALUE_BYTES};

/// Threads that flush and compact, as many as a server with one worker has.
const THREADS: usize = 2;
/// As `disk-journal-size-max` has it by default.
const JOURNAL_BYTES_MAX: u64 = 512 << 20;
/// The name of a key: `key:` and twelve digits, as redis-benchmark has them.
const NAME_BYTES: usize = 16;
/// The key of its record.
type RecordKey = [u8; format::PREFIX_BYTES + format::HASH_BYTES + NAME_BYTES];
/// The value of its record: a byte says what it is.
type RecordValue = [u8; 1 + VALUE_BYTES];

/// An open database with one record for each key.
pub struct Library {
    database: Database,
    tree: Keyspace,
    keys: usize,
    /// Where random choices of keys go on.
    chosen: usize,
}

impl Library {
    /// Makes a database in `folder` with so many keys.
    pub fn load(folder: &Folder, keys: usize) -> io::Result<Library> {
        let database = Database::builder(folder.path())
            // The engine gives the other half to its entries.
            .cache_size(CACHE_BYTES / 2)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .worker_threads(THREADS)
            .open()
            .map_err(io::Error::other)?;
        let tree = database
            .keyspace("strings", || {
                disk::tree_options(&engine_options(folder.path())).manual_journal_persist(false)
            })
            .map_err(io::Error::other)?;
        let library = Library { database, tree, keys, chosen: 0 };
        for index in 0..keys {
            let mut value: RecordValue = [0; _];
            data::fill(index, &mut value[1..]);
            library.tree.insert(record_key(index), value).map_err(io::Error::other)?;
        }
        Ok(library)
    }

    /// Microseconds of CPU time for each of so many look-ups.
    pub fn get(&mut self, count: usize) -> io::Result<f64> {
        self.cpu_of(count, |tree, key| match tree.get(key) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(io::Error::other("a key is missing")),
            Err(error) => Err(io::Error::other(error)),
        })
    }

    /// Microseconds of CPU time for each of so many insertions in place of what is there.
    pub fn set(&mut self, count: usize) -> io::Result<f64> {
        let mut value: RecordValue = [0; _];
        data::fill(self.keys, &mut value[1..]);
        self.cpu_of(count, |tree, key| tree.insert(key, value).map_err(io::Error::other))
    }

    /// Runs `act` for so many random keys.
    fn cpu_of(
        &mut self,
        count: usize,
        mut act: impl FnMut(&Keyspace, RecordKey) -> io::Result<()>,
    ) -> io::Result<f64> {
        // Made before, for making them takes time.
        let chosen = self.chosen..self.chosen + count;
        self.chosen = chosen.end;
        let keys: Vec<_> =
            chosen.map(|index| record_key((data::number(index) % self.keys as u64) as usize)).collect();
        self.wait_until_quiet()?;
        let before = own_cpu_time()?;
        for key in keys {
            act(&self.tree, key)?;
        }
        self.wait_until_quiet()?;
        Ok((own_cpu_time()? - before).as_secs_f64() * 1e6 / count as f64)
    }

    fn wait_until_quiet(&self) -> io::Result<()> {
        quiet::wait_for_self(|| {
            self.database.outstanding_flushes() == 0
                && self.database.active_compactions() == 0
                && self.tree.sealed_memtable_count() == 0
        })
    }
}

/// As the server has them for [`CACHE_BYTES`].
fn engine_options(dir: &Path) -> Options {
    Options {
        dir: dir.to_owned(),
        settings: StoreSettings {
            sync: SyncPolicy::EverySecond,
            cache_bytes: CACHE_BYTES,
            free_bytes_min: 0,
            stream_bytes_max: 0,
        },
        journal_bytes_max: JOURNAL_BYTES_MAX,
        compresses: true,
        threads: THREADS,
        hand_over: None,
    }
}

fn record_key(index: usize) -> RecordKey {
    let name = format!("key:{index:012}");
    let mut key = Vec::with_capacity(size_of::<RecordKey>());
    format::write_key(&mut key, base::slot::slot(name.as_bytes()), name.as_bytes());
    key.try_into().expect("the names have the length that the type is made for")
}

fn own_cpu_time() -> io::Result<Duration> {
    process::cpu_time(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_key_ends_with_the_name() {
        assert_eq!(format::name_of(&record_key(42)), Some(&b"key:000000000042"[..]));
    }
}
