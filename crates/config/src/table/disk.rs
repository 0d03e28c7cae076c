//! Which engine serves which database, and how the one on disk works.

use super::{Settings, group};
use crate::Support::Supported;
use crate::kind::choice::{choices, one_of};
use crate::kind::database_engines::EnginesByNumber;
use crate::kind::number::{LLONG_MAX, memory};
use crate::{DatabaseEngines, EngineKind};

choices! {
    /// How blocks on disk are compressed (`disk-compression`).
    DiskCompression {
        /// Not at all.
        None = "none",
        /// By LZ4.
        Lz4 = "lz4",
    }
}

group! {
    /// Which engine serves which database, and how the one on disk works. Its files are in `dir`, in the
    /// directory `disk`.
    Disk in disk, defaults on host;

    /// The engine of every database that no `database` line names.
    "engine" [fixed] => engine: EngineKind = EngineKind::Memory, one_of(), Supported;

    /// The engine of the database with this number; a line for each.
    "database" [fixed] => engine_by_database: DatabaseEngines = DatabaseEngines::default(),
        EnginesByNumber, Supported;

    /// Bytes of memory for the cache in front of the files, at least 8mb.
    "disk-cache-size" => cache_bytes: u64 = 256 << 20, memory(8 << 20, LLONG_MAX), Supported;

    /// Bytes that the journals of the engine on disk may take, at least 128mb.
    "disk-journal-size-max" [fixed] => journal_bytes_max: u64 = 512 << 20, memory(128 << 20, LLONG_MAX),
        Supported;

    /// Bytes free in the file system below which writes are refused; 0 never refuses them.
    "disk-free-space-min" => free_bytes_min: u64 = 256 << 20, memory(0, LLONG_MAX), Supported;

    /// Bytes of past changes that are kept for replicas that come back, where all databases are on disk; at least 1mb.
    "disk-backlog-size" => backlog_bytes: u64 = 1 << 30, memory(1 << 20, LLONG_MAX), Supported;

    /// How blocks on disk are compressed.
    "disk-compression" [fixed] => compression: DiskCompression = DiskCompression::Lz4, one_of(), Supported;
}

impl Settings {
    /// The engine that serves database `number`, whether or not there are as many databases.
    pub fn engine_of(&self, number: u32) -> EngineKind {
        self.disk.engine_by_database.get(number).unwrap_or(self.disk.engine)
    }
}
