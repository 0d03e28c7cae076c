//! Commands that Redis or Valkey know and a server may lack.
//!
//! A rule about one was right for somebody, as for the user that a replica logs in as: it is kept, and there is nothing
//! that it allows or forbids. What the server does have is looked for first.

const NAMES: [&str; 29] = [
    "asking",
    "bgrewriteaof",
    "bgsave",
    "cluster",
    "dump",
    "eval",
    "eval_ro",
    "evalsha",
    "evalsha_ro",
    "failover",
    "fcall",
    "fcall_ro",
    "function",
    "migrate",
    "module",
    "pfdebug",
    "pfselftest",
    "psync",
    "replconf",
    "replicaof",
    "restore",
    "restore-asking",
    "save",
    "script",
    "sentinel",
    "slaveof",
    "sync",
    "wait",
    "waitaof",
];

/// Whether it is the name of one of them, in any case.
pub(crate) fn is_command(name: &[u8]) -> bool {
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}
