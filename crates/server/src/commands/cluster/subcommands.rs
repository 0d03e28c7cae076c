//! CLUSTER and its subcommands.

use commands::prelude::*;

command! {
    name: "cluster",
    group: Cluster,
    since: "3.0.0",
    complexity: "Depends on subcommand",
    summary: "A container for Redis Cluster commands.",
    handler: Container,
    subcommands: [
        addslots::COMMAND,
        addslotsrange::COMMAND,
        bumpepoch::COMMAND,
        count_failure_reports::COMMAND,
        countkeysinslot::COMMAND,
        delslots::COMMAND,
        delslotsrange::COMMAND,
        failover::COMMAND,
        flushslots::COMMAND,
        forget::COMMAND,
        getkeysinslot::COMMAND,
        help::COMMAND,
        info::COMMAND,
        keyslot::COMMAND,
        links::COMMAND,
        meet::COMMAND,
        myid::COMMAND,
        myshardid::COMMAND,
        nodes::COMMAND,
        replicas::COMMAND,
        replicate::COMMAND,
        reset::COMMAND,
        saveconfig::COMMAND,
        set_config_epoch::COMMAND,
        setslot::COMMAND,
        shards::COMMAND,
        slaves::COMMAND,
        slots::COMMAND,
    ],
    examples: r#"
        > CLUSTER INFO
        (error) ERR This instance has cluster support disabled
    "#,
}

#[derive(Args)]
struct Args {}

/// CLUSTER HELP: see its summary.
pub(super) mod help {
    crate::commands::help!("cluster|help", Cluster, since "5.0.0");
}

super::declare! {
    addslots: "cluster|addslots", since "3.0.0", "O(N) where N is the total number of hash slot arguments",
        [Admin, Stale, NoAsyncLoading], "Gives slots that nobody has to this node."
        (pub struct Args { #[arg(name = "slot")] slots: Many<i64> })

    addslotsrange: "cluster|addslotsrange", since "7.0.0", "O(N) where N is the total number of slots in the ranges",
        [Admin, Stale, NoAsyncLoading], "Gives ranges of slots that nobody has to this node."
        (pub struct Args { #[arg(name = "range")] ranges: Many<super::Range> })

    bumpepoch: "cluster|bumpepoch", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Advances the cluster's configuration epoch."
        (pub struct Args {})

    count_failure_reports: "cluster|count-failure-reports", since "3.0.0",
        "O(N) where N is the number of failure reports", [Admin, Stale],
        "Returns how many nodes report that a node fails."
        (pub struct Args<'a> { node_id: &'a [u8] })

    countkeysinslot: "cluster|countkeysinslot", since "3.0.0", "O(1)", [Stale],
        "Returns the number of keys in a slot."
        (pub struct Args { slot: i64 })

    delslots: "cluster|delslots", since "3.0.0", "O(N) where N is the total number of hash slot arguments",
        [Admin, Stale, NoAsyncLoading], "Takes slots from this node."
        (pub struct Args { #[arg(name = "slot")] slots: Many<i64> })

    delslotsrange: "cluster|delslotsrange", since "7.0.0", "O(N) where N is the total number of slots in the ranges",
        [Admin, Stale, NoAsyncLoading], "Takes ranges of slots from this node."
        (pub struct Args { #[arg(name = "range")] ranges: Many<super::Range> })

    failover: "cluster|failover", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Has a replica take over from its master."
        (pub struct Args { options: Option<super::Failover> })

    flushslots: "cluster|flushslots", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Takes all slots from this node."
        (pub struct Args {})

    forget: "cluster|forget", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Removes a node from the table of nodes."
        (pub struct Args<'a> { node_id: &'a [u8] })

    getkeysinslot: "cluster|getkeysinslot", since "3.0.0", "O(N) where N is the number of requested keys", [Stale],
        "Returns the names of keys in a slot."
        (pub struct Args { slot: i64, count: i64 })

    info: "cluster|info", since "3.0.0", "O(1)", [Stale],
        "Returns information about the state of a node."
        (pub struct Args {})

    keyslot: "cluster|keyslot", since "3.0.0", "O(N) where N is the number of bytes in the key", [Stale],
        "Returns the slot of a key."
        (pub struct Args<'a> { key: &'a [u8] })

    links: "cluster|links", since "7.0.0", "O(N) where N is the total number of Cluster nodes", [Stale],
        "Returns the connections to and from other nodes."
        (pub struct Args {})

    meet: "cluster|meet", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Has this node get to know another one."
        (pub struct Args<'a> { ip: &'a [u8], port: i64, cluster_bus_port: Option<i64> })

    myid: "cluster|myid", since "3.0.0", "O(1)", [Stale],
        "Returns the ID of this node."
        (pub struct Args {})

    myshardid: "cluster|myshardid", since "7.2.0", "O(1)", [Stale],
        "Returns the ID of this node's shard."
        (pub struct Args {})

    nodes: "cluster|nodes", since "3.0.0", "O(N) where N is the total number of Cluster nodes", [Stale],
        "Returns the nodes and their slots, as a node keeps them."
        (pub struct Args {})

    replicas: "cluster|replicas", since "5.0.0", "O(N) where N is the number of replicas", [Admin, Stale],
        "Lists the replicas of a master."
        (pub struct Args<'a> { node_id: &'a [u8] })

    replicate: "cluster|replicate", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Makes this node a replica of another one."
        (pub struct Args<'a> { node_id: &'a [u8] })

    reset: "cluster|reset", since "3.0.0",
        "O(N) where N is the number of known nodes; it may remove all keys besides", [Admin, NoScript, Stale],
        "Has this node forget the others."
        (pub struct Args { reset_type: Option<super::Reset> })

    saveconfig: "cluster|saveconfig", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Writes what this node knows of the cluster to disk."
        (pub struct Args {})

    set_config_epoch: "cluster|set-config-epoch", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Sets the configuration epoch of a new node."
        (pub struct Args { config_epoch: i64 })

    setslot: "cluster|setslot", since "3.0.0", "O(1)", [Admin, Stale, NoAsyncLoading],
        "Says to which node a slot belongs, or on which way it is."
        (pub struct Args<'a> { slot: i64, subcommand: super::SetSlot<'a> })

    shards: "cluster|shards", since "7.0.0", "O(N) where N is the total number of Cluster nodes", [Stale],
        "Returns which slots belong to which shard."
        (pub struct Args {})

    slaves: "cluster|slaves", since "3.0.0", "O(N) where N is the number of replicas", [Admin, Stale],
        "Lists the replicas of a master."
        (pub struct Args<'a> { node_id: &'a [u8] })

    slots: "cluster|slots", since "3.0.0", "O(N) where N is the total number of Cluster nodes", [Stale],
        "Returns which slots belong to which node."
        (pub struct Args {})
}

/// The first and the last slot.
#[derive(Args)]
pub struct Range {
    start_slot: i64,
    end_slot: i64,
}

/// What a failover does without.
#[derive(Args)]
pub enum Failover {
    /// The master's consent.
    #[arg(token = "FORCE")]
    Force,
    /// The other masters' consent.
    #[arg(token = "TAKEOVER")]
    Takeover,
}

/// How much a node forgets.
#[derive(Args)]
pub enum Reset {
    /// Its own name too.
    #[arg(token = "HARD")]
    Hard,
    /// Only the others.
    #[arg(token = "SOFT")]
    Soft,
}

/// Where a slot is.
#[derive(Args)]
pub enum SetSlot<'a> {
    /// It comes from that node.
    #[arg(token = "IMPORTING", name = "node-id")]
    Importing(&'a [u8]),
    /// It goes to that node.
    #[arg(token = "MIGRATING", name = "node-id")]
    Migrating(&'a [u8]),
    /// It belongs to that node.
    #[arg(token = "NODE", name = "node-id")]
    Node(&'a [u8]),
    /// It stays where it is.
    #[arg(token = "STABLE")]
    Stable,
}
