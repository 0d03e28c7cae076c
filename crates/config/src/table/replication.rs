//! Primaries and replicas.

use super::group;
use crate::Primary;
use crate::Support::{self, Ignored, Supported};
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, LLONG_MAX, integer, memory};
use crate::kind::replica_of::ReplicaOf;
use crate::kind::text::{Secret, text};

const ALWAYS_FREED_LATER: Support = Ignored("what goes is always freed in the background");
const ALWAYS_WITHOUT_FILE: Support = Ignored("a primary sends what it has without a file");
const ALWAYS_SAVED_FIRST: Support =
    Ignored("a replica keeps what it has until all that its primary sends has come");
const KEEPS_THE_STREAM: Support =
    Ignored("what changes while a replica begins is kept in the backlog, however it is sent");
const ALWAYS_AT_ONCE: Support = Ignored("replicas are always sent what there is at once");
const NO_ERRORS: Support = Ignored("what cannot be written on a replica is retried");

choices! {
    /// Whether a replica loads what its primary sends without saving it first (`repl-diskless-load`).
    ReplDisklessLoad {
        /// It saves it first.
        Disabled = "disabled",
        /// It loads it at once if it holds no data.
        OnEmptyDb = "on-empty-db",
        /// It loads it at once beside the old data.
        Swapdb = "swapdb",
    }
}

group! {
    /// Primaries and replicas.
    Replication in replication, defaults on host;

    /// The server to be a replica of.
    "replicaof" | "slaveof" [immutable] => replicaof: Option<Primary> = None, ReplicaOf, Supported;

    /// User name to give to the primary.
    "masteruser" | "primaryuser" [sensitive] => masteruser: Option<String> = None, text(), Supported;

    /// Password to give to the primary.
    "masterauth" | "primaryauth" [sensitive] => masterauth: Option<Secret> = None, text(), Supported;

    /// Answer with old data while the primary cannot be reached.
    "replica-serve-stale-data" | "slave-serve-stale-data" => replica_serve_stale_data: bool = true, YesNo,
        Supported;

    /// Refuse writes on a replica.
    "replica-read-only" | "slave-read-only" => replica_read_only: bool = true, YesNo, Supported;

    /// Leave it to the primary to evict keys.
    "replica-ignore-maxmemory" | "slave-ignore-maxmemory" => replica_ignore_maxmemory: bool = true, YesNo,
        Supported;

    /// Free the old data in the background when the primary sends everything anew.
    "replica-lazy-flush" | "slave-lazy-flush" => replica_lazy_flush: bool = false, YesNo, ALWAYS_FREED_LATER;

    /// Rank of this replica when a new primary is chosen, the least first; 0 is never chosen.
    "replica-priority" | "slave-priority" => replica_priority: u32 = 100, integer(0, INT_MAX), Supported;

    /// Let sentinels tell others of this replica.
    "replica-announced" => replica_announced: bool = true, YesNo, Supported;

    /// Address that this replica gives for itself.
    "replica-announce-ip" | "slave-announce-ip" => replica_announce_ip: Option<String> = None, text(),
        Supported;

    /// Port that this replica gives for itself; 0 for the one it listens on.
    "replica-announce-port" | "slave-announce-port" => replica_announce_port: u16 = 0, integer(0, 65535),
        Supported;

    /// Go on executing what the primary sends when it cannot be written to disk.
    "replica-ignore-disk-write-errors" => replica_ignore_disk_write_errors: bool = false, YesNo,
        NO_ERRORS;

    /// Send everything to a new replica without a file in between.
    "repl-diskless-sync" => repl_diskless_sync: bool = true, YesNo, ALWAYS_WITHOUT_FILE;

    /// Seconds to wait for more replicas before everything is sent to all of them at once; Redis' default is 5.
    "repl-diskless-sync-delay" => repl_diskless_sync_delay_s: u32 = 0, integer(0, INT_MAX), Supported;

    /// Replicas waiting that begin the sending before its delay is over; 0 for none.
    "repl-diskless-sync-max-replicas" => repl_diskless_sync_replicas_max: u32 = 0, integer(0, INT_MAX),
        Supported;

    /// Whether a replica loads what its primary sends without saving it first.
    "repl-diskless-load" => repl_diskless_load: ReplDisklessLoad = ReplDisklessLoad::Disabled, one_of(),
        ALWAYS_SAVED_FIRST;

    /// Send a new replica everything on a second connection, as Valkey does.
    "dual-channel-replication-enabled" => dual_channel_replication_enabled: bool = false, YesNo, KEEPS_THE_STREAM;

    /// Send to replicas in fewer, larger packets that come later.
    "repl-disable-tcp-nodelay" => repl_disable_tcp_nodelay: bool = false, YesNo, ALWAYS_AT_ONCE;

    /// Seconds between the pings that a primary sends.
    "repl-ping-replica-period" | "repl-ping-slave-period" => repl_ping_replica_period_s: u32 = 10,
        integer(1, INT_MAX), Supported;

    /// Seconds of silence after which the other side is taken for gone.
    "repl-timeout" => repl_timeout_s: u32 = 60, integer(1, INT_MAX), Supported;

    /// Bytes of past changes kept for replicas that come back.
    "repl-backlog-size" => repl_backlog_bytes: u64 = 1 << 20, memory(1, LLONG_MAX), Supported;

    /// Bytes a second at which replicas that begin are sent everything; 0 for no limit.
    "repl-full-sync-rate" => repl_full_sync_rate: u64 = 0, memory(0, LLONG_MAX), Supported;

    /// Seconds after the last replica left when past changes are dropped; 0 keeps them.
    "repl-backlog-ttl" => repl_backlog_ttl_s: u64 = 3600, integer(0, LLONG_MAX), Supported;

    /// Replicas that must follow for writes to be accepted; 0 for none.
    "min-replicas-to-write" | "min-slaves-to-write" => min_replicas_to_write: u32 = 0, integer(0, INT_MAX),
        Supported;

    /// Seconds of silence after which a replica no longer counts as following.
    "min-replicas-max-lag" | "min-slaves-max-lag" => min_replicas_lag_max_s: u32 = 10, integer(0, INT_MAX),
        Supported;
}
