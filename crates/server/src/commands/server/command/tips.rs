//! What a command says to proxies and clients in front of a cluster: whether its replies are the same each time, which
//! nodes are to be asked, and what their replies make together. As Redis and Valkey have it
//! (<https://valkey.io/topics/command-tips>).

/// The tips of a command.
pub(super) fn of(name: &str) -> &'static [&'static str] {
    const CHANGES: &str = "nondeterministic_output";
    const ANY_ORDER: &str = "nondeterministic_output_order";
    const ALL_NODES: &str = "request_policy:all_nodes";
    const ALL_SHARDS: &str = "request_policy:all_shards";
    const MULTI_SHARD: &str = "request_policy:multi_shard";
    const ALL_SUCCEEDED: &str = "response_policy:all_succeeded";
    const ONE_SUCCEEDED: &str = "response_policy:one_succeeded";
    const SUM: &str = "response_policy:agg_sum";
    const MIN: &str = "response_policy:agg_min";
    const AND: &str = "response_policy:agg_logical_and";
    const SPECIAL: &str = "response_policy:special";
    match name {
        "client|info" | "client|list" | "dump" | "hrandfield" | "hscan" | "lastsave" | "migrate" | "pttl" | "spop"
        | "srandmember" | "sscan" | "time" | "ttl" | "xadd" | "xautoclaim" | "xclaim" | "xinfo|consumers"
        | "xpending" | "xtrim" | "zrandmember" | "zscan" => &[CHANGES],
        "cluster|slaves" | "cluster|replicas" | "cluster|shards" | "cluster|slots" | "cluster|nodes"
        | "cluster|links" | "cluster|info" | "cluster|bumpepoch" | "cluster|count-failure-reports"
        | "cluster|getkeysinslot" | "cluster|myshardid" => &[CHANGES],
        "object|encoding" | "object|freq" | "object|idletime" | "object|refcount" => &[CHANGES],
        "slowlog|get" => &[ALL_NODES, CHANGES],
        "slowlog|len" => &[ALL_NODES, SUM, CHANGES],
        "latency|doctor" | "latency|graph" | "latency|histogram" | "latency|history" | "latency|latest" => {
            &[CHANGES, ALL_NODES, SPECIAL]
        }
        "function|stats" | "info" | "memory|doctor" | "memory|malloc-stats" | "memory|stats" => {
            &[CHANGES, ALL_SHARDS, SPECIAL]
        }
        "randomkey" => &[ALL_SHARDS, SPECIAL, CHANGES],
        "scan" => &[CHANGES, "request_policy:special", SPECIAL],
        "command" | "command|docs" | "command|info" | "command|list" | "function|list" | "hgetall" | "hkeys"
        | "hvals" | "module|list" | "sdiff" | "sinter" | "smembers" | "sunion" => &[ANY_ORDER],
        "keys" => &[ALL_SHARDS, ANY_ORDER],
        "latency|reset" => &[ALL_NODES, SUM],
        "acl|deluser" | "acl|save" | "acl|setuser" | "client|setinfo" | "client|setname" | "config|resetstat"
        | "config|rewrite" | "config|set" | "script|flush" | "script|load" | "slowlog|reset" => {
            &[ALL_NODES, ALL_SUCCEEDED]
        }
        "script|exists" => &[ALL_SHARDS, AND],
        "wait" | "waitaof" => &[ALL_SHARDS, MIN],
        "dbsize" => &[ALL_SHARDS, SUM],
        "flushall" | "flushdb" | "function|delete" | "function|flush" | "function|load" | "function|restore"
        | "memory|purge" | "ping" => &[ALL_SHARDS, ALL_SUCCEEDED],
        "function|kill" | "script|kill" => &[ALL_SHARDS, ONE_SUCCEEDED],
        "mget" => &[MULTI_SHARD],
        "del" | "exists" | "touch" | "unlink" => &[MULTI_SHARD, SUM],
        "mset" => &[MULTI_SHARD, ALL_SUCCEEDED],
        _ => &[],
    }
}
