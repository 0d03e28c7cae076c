//! Saving to disk.

use super::group;
use crate::SaveRule;
use crate::Support::{Ignored, Supported};
use crate::kind::Problem;
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, LLONG_MAX, integer, memory};
use crate::kind::save::SaveRules;
use crate::kind::text::{base_name, text_where};

choices! {
    /// When the append-only file is forced to disk (`appendfsync`).
    AppendFsync {
        /// Once a second.
        Everysec = "everysec",
        /// Before every reply.
        Always = "always",
        /// When the kernel likes.
        No = "no",
    }

    /// Whether serialized values that arrive are checked in full (`sanitize-dump-payload`).
    SanitizeDumpPayload {
        /// Never.
        No = "no",
        /// Always.
        Yes = "yes",
        /// When a client sends them.
        Clients = "clients",
    }

    /// Which version of the format snapshots have (`rdb-version`).
    RdbVersion {
        /// What Redis 7.0 loads.
        V10 = "10",
        /// What Redis 7.2 and Valkey load.
        V11 = "11",
    }

    /// What to do when the server cannot pass a change on (`propagation-error-behavior`).
    PropagationErrorBehavior {
        /// Log it.
        Ignore = "ignore",
        /// Stop.
        Panic = "panic",
        /// Stop if it came from the primary or the append-only file.
        PanicOnReplicas = "panic-on-replicas",
    }
}

fn snapshot_file(name: &[u8]) -> Result<(), Problem> {
    if base_name(name) { Ok(()) } else { Err("dbfilename can't be a path, just a filename".into()) }
}

fn append_file(name: &[u8]) -> Result<(), Problem> {
    match name {
        [] => Err("appendfilename can't be empty".into()),
        name if base_name(name) => Ok(()),
        _ => Err("appendfilename can't be a path, just a filename".into()),
    }
}

fn append_directory(name: &[u8]) -> Result<(), Problem> {
    match name {
        [] => Err("appenddirname can't be empty".into()),
        name if base_name(name) => Ok(()),
        _ => Err("appenddirname can't be a path, just a dirname".into()),
    }
}

/// Saving after an hour with 1 change, after 5 minutes with 100, after 1 minute with 10,000.
fn default_rules() -> Vec<SaveRule> {
    [(3600, 1), (300, 100), (60, 10_000)].map(|(seconds, changes)| SaveRule { seconds, changes }).to_vec()
}

group! {
    /// Saving to disk.
    Persistence in persistence, defaults on host;

    /// When to save a snapshot: after so many seconds with at least so many changes.
    "save" => save: Vec<SaveRule> = default_rules(), SaveRules, Supported;

    /// File name of the snapshot, in `dir`.
    "dbfilename" [protected] => dbfilename: String = "dump.rdb".to_owned(), text_where(snapshot_file), Supported;

    /// Refuse writes after a snapshot could not be saved.
    "stop-writes-on-bgsave-error" => stop_writes_on_bgsave_error: bool = true, YesNo, Supported;

    /// Compress text in snapshots.
    "rdbcompression" => rdbcompression: bool = true, YesNo, Supported;

    /// Version of the format of snapshots and of what DUMP gives: Redis 7.0 loads 10 and no newer one.
    "rdb-version" => rdb_version: RdbVersion = RdbVersion::V11, one_of(), Supported;

    /// End snapshots with a checksum.
    "rdbchecksum" [immutable] => rdbchecksum: bool = true, YesNo, Supported;

    /// Delete the snapshots that replication leaves, where nothing else saves.
    "rdb-del-sync-files" => rdb_del_sync_files: bool = false, YesNo,
        Ignored("a primary makes no file for its replicas");

    /// Force snapshots to disk in steps while they are written.
    "rdb-save-incremental-fsync" => rdb_save_incremental_fsync: bool = true, YesNo, Supported;

    /// Microseconds to wait after each key saved, for tests; negative for a pause every so many keys.
    "rdb-key-save-delay" [hidden] => rdb_key_save_delay_us: i32 = 0, integer(i32::MIN, i32::MAX), Supported;

    /// Microseconds to wait after each key loaded, for tests; negative for a pause every so many keys.
    "key-load-delay" [hidden] => key_load_delay_us: i32 = 0, integer(i32::MIN, i32::MAX), Supported;

    /// Bytes loaded between two looks at the clients.
    "loading-process-events-interval-bytes" [hidden] => loading_process_events_interval_bytes: u32 = 2 << 20,
        integer(1024, INT_MAX), Ignored("clients are looked at all the time");

    /// Whether serialized values that arrive are checked in full.
    "sanitize-dump-payload" => sanitize_dump_payload: SanitizeDumpPayload = SanitizeDumpPayload::No, one_of(),
        Ignored("values that arrive are always checked in full");

    /// Log every change to an append-only file.
    "appendonly" => appendonly: bool = false, YesNo, Supported;

    /// How the names of append-only files begin.
    "appendfilename" [immutable] => appendfilename: String = "appendonly.aof".to_owned(),
        text_where(append_file), Supported;

    /// Directory of append-only files, in `dir`.
    "appenddirname" [immutable] => appenddirname: String = "appendonlydir".to_owned(),
        text_where(append_directory), Supported;

    /// When the append-only file is forced to disk.
    "appendfsync" => appendfsync: AppendFsync = AppendFsync::Everysec, one_of(), Supported;

    /// Do not force the append-only file to disk while something else is saved.
    "no-appendfsync-on-rewrite" => no_appendfsync_on_rewrite: bool = false, YesNo, Supported;

    /// Percent by which the append-only file grows before it is rewritten; 0 never rewrites it.
    "auto-aof-rewrite-percentage" => auto_aof_rewrite_percentage: u32 = 100, integer(0, INT_MAX), Supported;

    /// Bytes below which the append-only file is not rewritten by itself.
    "auto-aof-rewrite-min-size" => auto_aof_rewrite_bytes_min: u64 = 64 << 20, memory(0, LLONG_MAX), Supported;

    /// Force the append-only file to disk in steps while it is rewritten.
    "aof-rewrite-incremental-fsync" => aof_rewrite_incremental_fsync: bool = true, YesNo, Supported;

    /// Load an append-only file whose end is cut off, without its last command.
    "aof-load-truncated" => aof_load_truncated: bool = true, YesNo, Supported;

    /// Begin the append-only file with a snapshot.
    "aof-use-rdb-preamble" => aof_use_rdb_preamble: bool = true, YesNo, Supported;

    /// Write times into the append-only file.
    "aof-timestamp-enabled" => aof_timestamp_enabled: bool = false, YesNo, Supported;

    /// Keep append-only files that are no longer needed.
    "aof-disable-auto-gc" [hidden] => aof_disable_auto_gc: bool = false, YesNo, Supported;

    /// What to do when the server cannot pass a change on.
    "propagation-error-behavior" => propagation_error_behavior: PropagationErrorBehavior =
        PropagationErrorBehavior::Ignore, one_of(), Ignored("nothing that is passed on can fail halfway");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        assert_eq!(snapshot_file(b""), Ok(()));
        assert_eq!(snapshot_file(b"a/b").unwrap_err(), "dbfilename can't be a path, just a filename");
        assert_eq!(append_file(b"a"), Ok(()));
        assert_eq!(append_file(b"").unwrap_err(), "appendfilename can't be empty");
        assert_eq!(append_file(b"a\\b").unwrap_err(), "appendfilename can't be a path, just a filename");
        assert_eq!(append_directory(b"a"), Ok(()));
        assert_eq!(append_directory(b"").unwrap_err(), "appenddirname can't be empty");
        assert_eq!(append_directory(b"/a").unwrap_err(), "appenddirname can't be a path, just a dirname");
    }
}
