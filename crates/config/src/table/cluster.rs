//! The cluster.

use super::group;
use crate::Support::{self, Ignored};
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, LLONG_MAX, integer, memory};
use crate::kind::text::{host_name, node_name, text, text_where};

const NO_CLUSTER: Support = Ignored("the cluster comes later");

choices! {
    /// What nodes tell clients to reach a node by (`cluster-preferred-endpoint-type`).
    EndpointType {
        /// Its address.
        Ip = "ip",
        /// Its host name.
        Hostname = "hostname",
        /// Whatever the client used to reach the node that answers.
        UnknownEndpoint = "unknown-endpoint",
    }
}

group! {
    /// The cluster.
    Cluster in cluster, defaults on host;

    /// Be a node of a cluster.
    "cluster-enabled" [immutable] => enabled: bool = false, YesNo, NO_CLUSTER;

    /// File in which a node keeps what it knows of the cluster.
    "cluster-config-file" [immutable] => config_file: String = "nodes.conf".to_owned(), text(), NO_CLUSTER;

    /// Port that nodes talk to each other on; 0 for 10,000 above `port`.
    "cluster-port" [immutable] => port: u16 = 0, integer(0, 65535), NO_CLUSTER;

    /// Milliseconds of silence after which a node is taken for failing.
    "cluster-node-timeout" => node_timeout_ms: u64 = 15_000, integer(0, LLONG_MAX), NO_CLUSTER;

    /// Milliseconds between pings to other nodes; 0 for Redis' own choice.
    "cluster-ping-interval" [hidden] => ping_interval_ms: u64 = 0, integer(0, LLONG_MAX), NO_CLUSTER;

    /// How far behind, in multiples of the node timeout, a replica may be to take over; 0 for no limit.
    "cluster-replica-validity-factor" | "cluster-slave-validity-factor" => replica_validity_factor: u32 = 10,
        integer(0, INT_MAX), NO_CLUSTER;

    /// Replicas that must stay with a primary when one moves to another.
    "cluster-migration-barrier" => migration_barrier: u32 = 1, integer(0, INT_MAX), NO_CLUSTER;

    /// Let replicas move to primaries that have none.
    "cluster-allow-replica-migration" => allow_replica_migration: bool = true, YesNo, NO_CLUSTER;

    /// Refuse commands while any slot has no node.
    "cluster-require-full-coverage" => require_full_coverage: bool = true, YesNo, NO_CLUSTER;

    /// Never let this replica take over by itself.
    "cluster-replica-no-failover" | "cluster-slave-no-failover" => replica_no_failover: bool = false, YesNo,
        NO_CLUSTER;

    /// Answer reads while the cluster is down.
    "cluster-allow-reads-when-down" => allow_reads_when_down: bool = false, YesNo, NO_CLUSTER;

    /// Serve sharded channels while the cluster is down.
    "cluster-allow-pubsubshard-when-down" => allow_pubsubshard_when_down: bool = true, YesNo, NO_CLUSTER;

    /// Bytes that may wait to be sent to another node; 0 for no limit.
    "cluster-link-sendbuf-limit" => link_sendbuf_bytes_max: u64 = 0, memory(0, u64::MAX), NO_CLUSTER;

    /// Address that this node gives for itself.
    "cluster-announce-ip" => announce_ip: Option<String> = None, text(), NO_CLUSTER;

    /// Host name that this node gives for itself.
    "cluster-announce-hostname" => announce_hostname: Option<String> = None, text_where(host_name), NO_CLUSTER;

    /// Name for people that this node gives for itself.
    "cluster-announce-human-nodename" => announce_human_nodename: Option<String> = None, text_where(node_name),
        NO_CLUSTER;

    /// Port that this node gives for itself; 0 for the one it listens on.
    "cluster-announce-port" => announce_port: u16 = 0, integer(0, 65535), NO_CLUSTER;

    /// Port for encrypted connections that this node gives for itself; 0 for the one it listens on.
    "cluster-announce-tls-port" => announce_tls_port: u16 = 0, integer(0, 65535), NO_CLUSTER;

    /// Port between nodes that this node gives for itself; 0 for the one it listens on.
    "cluster-announce-bus-port" => announce_bus_port: u16 = 0, integer(0, 65535), NO_CLUSTER;

    /// What nodes tell clients to reach a node by.
    "cluster-preferred-endpoint-type" => preferred_endpoint_type: EndpointType = EndpointType::Ip, one_of(),
        NO_CLUSTER;
}
