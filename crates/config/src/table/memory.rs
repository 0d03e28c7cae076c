//! How much memory data may use and how it is given back.

use super::group;
use crate::Support::{self, Ignored, Supported};
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, LONG_MAX, integer, memory};

const NO_DEFRAG: Support = Ignored("memory is not defragmented");

choices! {
    /// Which keys make room when memory is full (`maxmemory-policy`).
    MaxmemoryPolicy {
        /// Of those that expire, the least recently used.
        VolatileLru = "volatile-lru",
        /// Of those that expire, the least frequently used.
        VolatileLfu = "volatile-lfu",
        /// Of those that expire, any.
        VolatileRandom = "volatile-random",
        /// Of those that expire, the first to do so.
        VolatileTtl = "volatile-ttl",
        /// The least recently used.
        AllkeysLru = "allkeys-lru",
        /// The least frequently used.
        AllkeysLfu = "allkeys-lfu",
        /// Any.
        AllkeysRandom = "allkeys-random",
        /// None: commands that need memory fail.
        NoEviction = "noeviction",
    }
}

group! {
    /// How much memory data may use and how it is given back.
    Memory in memory, defaults on host;

    /// Bytes of memory to use before keys are evicted; 0 for no limit.
    "maxmemory" => maxmemory_bytes: u64 = 0, memory(0, u64::MAX), Supported;

    /// Which keys make room when memory is full.
    "maxmemory-policy" => maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::NoEviction, one_of(),
        Supported;

    /// Keys to compare for each one evicted.
    "maxmemory-samples" => maxmemory_samples: u32 = 5, integer(1, INT_MAX), Supported;

    /// How hard eviction tries when commands need memory faster than it is freed, 0 to 100.
    "maxmemory-eviction-tenacity" => maxmemory_eviction_tenacity: u32 = 10, integer(0, 100), Supported;

    /// How many hits it takes to saturate the frequency of a key.
    "lfu-log-factor" => lfu_log_factor: u32 = 10, integer(0, INT_MAX), Supported;

    /// Minutes after which the frequency of an unused key sinks by one; 0 for never.
    "lfu-decay-time" => lfu_decay_time_minutes: u32 = 1, integer(0, INT_MAX), Supported;

    /// How much work goes into finding expired keys, 1 to 10.
    "active-expire-effort" => active_expire_effort: u32 = 1, integer(1, 10), Supported;

    /// Free evicted keys in the background.
    "lazyfree-lazy-eviction" => lazyfree_lazy_eviction: bool = false, YesNo, Supported;

    /// Free expired keys in the background.
    "lazyfree-lazy-expire" => lazyfree_lazy_expire: bool = false, YesNo, Supported;

    /// Free values that a command overwrites in the background.
    "lazyfree-lazy-server-del" => lazyfree_lazy_server_del: bool = false, YesNo, Supported;

    /// Let DEL free in the background, as UNLINK does.
    "lazyfree-lazy-user-del" => lazyfree_lazy_user_del: bool = false, YesNo, Supported;

    /// Let FLUSHDB and FLUSHALL free in the background unless they say SYNC.
    "lazyfree-lazy-user-flush" => lazyfree_lazy_user_flush: bool = false, YesNo, Supported;

    /// Spend a millisecond now and then on growing tables.
    "activerehashing" => activerehashing: bool = true, YesNo,
        Ignored("tables are small and grow at once");

    /// Let the allocator give unused memory back to the system in a thread of its own.
    "jemalloc-bg-thread" => jemalloc_bg_thread: bool = true, YesNo, Supported;

    /// Move values together to give fragmented memory back.
    "activedefrag" => activedefrag: bool = false, YesNo, NO_DEFRAG;

    /// Percent of a core that defragmentation takes at its lower threshold.
    "active-defrag-cycle-min" => active_defrag_cycle_min_percent: u32 = 1, integer(1, 99), NO_DEFRAG;

    /// Percent of a core that defragmentation takes at its upper threshold.
    "active-defrag-cycle-max" => active_defrag_cycle_max_percent: u32 = 25, integer(1, 99), NO_DEFRAG;

    /// Percent of fragmentation at which defragmentation begins.
    "active-defrag-threshold-lower" => active_defrag_threshold_lower_percent: u32 = 10, integer(0, 1000),
        NO_DEFRAG;

    /// Percent of fragmentation at which defragmentation does its utmost.
    "active-defrag-threshold-upper" => active_defrag_threshold_upper_percent: u32 = 100, integer(0, 1000),
        NO_DEFRAG;

    /// Fragmented bytes below which defragmentation does not begin.
    "active-defrag-ignore-bytes" => active_defrag_ignore_bytes: usize = 100 << 20, memory(1, LONG_MAX),
        NO_DEFRAG;

    /// Elements above which a value is defragmented in steps.
    "active-defrag-max-scan-fields" => active_defrag_scan_fields_max: usize = 1000, integer(1, LONG_MAX),
        NO_DEFRAG;

    /// Bytes of memory that scripts may use on one worker.
    "script-memory-max" => script_memory_bytes_max: u64 = 256 << 20, memory(8 << 20, LONG_MAX as u64), Supported;
}
