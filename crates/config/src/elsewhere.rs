//! Directives that other versions of Redis, or Valkey, know and Redis 7.2 does not.
//!
//! A file that holds one was right for somebody: it is a warning, not an error.

use crate::table::NO_MODULES_REASON;

/// Why Esker has no use for the directive called `name` (in lower case); `None` if nobody knows it.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let known = |names: &[&str]| names.contains(&name);
    if known(NO_EFFECT_SINCE_REDIS_7) {
        Some("it has had no effect since Redis 7")
    } else if known(REMOVED_BEFORE_REDIS_7) {
        Some("Redis removed it before version 7")
    } else if known(SINCE_REDIS_7_4) {
        Some("it is known to Redis 7.4 or later only")
    } else if known(VALKEY) {
        Some("it is known to Valkey only")
    } else if name.contains('.') {
        Some(NO_MODULES_REASON)
    } else {
        None
    }
}

/// Redis 7 still accepts these and does nothing.
const NO_EFFECT_SINCE_REDIS_7: &[&str] =
    &["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

const REMOVED_BEFORE_REDIS_7: &[&str] = &[
    "disable-thp-on-start",
    "glueoutputbuf",
    "gopher-enabled",
    "hash-max-zipmap-entries",
    "hash-max-zipmap-value",
    "really-use-vm",
    "shareobjects",
    "shareobjectspoolsize",
    "vm-enabled",
    "vm-max-memory",
    "vm-max-threads",
    "vm-page-size",
    "vm-pages",
    "vm-swap-file",
];

const SINCE_REDIS_7_4: &[&str] = &[
    "cluster-compatibility-sample-ratio",
    "cluster-slot-stats-enabled",
    "hide-user-data-from-log",
    "lookahead",
    "lua-enable-deprecated-api",
    "max-new-connections-per-cycle",
    "max-new-tls-connections-per-cycle",
    "repl-diskless-sync-period",
    "repl-rdb-channel",
    "replica-full-sync-buffer-limit",
    "tls-auth-clients-user",
    "vset-force-single-threaded-execution",
];

const VALKEY: &[&str] = &[
    "active-defrag-cycle-us",
    "aof-rewrite-cpulist",
    "availability-zone",
    "bgsave-cpulist",
    "bio-cpulist",
    "cluster-announce-client-ipv4",
    "cluster-announce-client-ipv6",
    "cluster-announce-client-port",
    "cluster-announce-client-tls-port",
    "cluster-blacklist-ttl",
    "cluster-manual-failover-timeout",
    "cluster-slot-migration-log-max-len",
    "commandlog-execution-slower-than",
    "commandlog-large-reply-max-len",
    "commandlog-large-request-max-len",
    "commandlog-reply-larger-than",
    "commandlog-request-larger-than",
    "commandlog-slow-execution-max-len",
    "debug-context",
    "enable-debug-assert",
    "events-per-io-thread",
    "extended-redis-compatibility",
    "import-mode",
    "io-threads-always-active",
    "log-format",
    "log-timestamp-format",
    "min-string-size-avoid-copy-reply",
    "min-string-size-avoid-copy-reply-threaded",
    "mptcp",
    "prefetch-batch-max-size",
    "rdb-version-check",
    "rdma-bind",
    "rdma-port",
    "rdma-rx-size",
    "rdma-completion-vector",
    "repl-mptcp",
    "server-cpulist",
    "slot-migration-max-failover-repl-bytes",
    "unixsocketgroup",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn nothing_that_the_table_knows() {
        for name in [NO_EFFECT_SINCE_REDIS_7, REMOVED_BEFORE_REDIS_7, SINCE_REDIS_7_4, VALKEY].concat() {
            assert!(table::directive(name.as_bytes()).is_none(), "{name}");
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }

    #[test]
    fn who_knows_it() {
        assert_eq!(reason("unixsocketgroup"), Some("it is known to Valkey only"));
        assert_eq!(reason("vm-enabled"), Some("Redis removed it before version 7"));
        assert!(reason("search.timeout").is_some());
        assert_eq!(reason("prot"), None);
    }
}
