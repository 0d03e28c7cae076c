//! INFO clients.

use std::sync::atomic::Ordering;

use super::Fields;
use crate::client::ClientFlag;
use crate::pubsub::Kind;
use crate::server::Server;

pub(super) fn clients(server: &Server, fields: &mut Fields) {
    let clients = server.clients.all();
    let largest = |pick: fn(&crate::client::Client) -> usize| clients.iter().map(|client| pick(client)).max();
    let count = |flag| clients.iter().filter(|client| client.has(flag)).count();
    let watching = clients.iter().filter(|client| client.watched.load(Ordering::Relaxed) > 0).count();
    let watched: usize = clients.iter().map(|client| client.watched.load(Ordering::Relaxed)).sum();
    let input = largest(|client| client.input_bytes.load(Ordering::Relaxed));
    let output = largest(|client| client.output_bytes.load(Ordering::Relaxed));
    fields.add("connected_clients", clients.len() - count(ClientFlag::Replica));
    fields.add("cluster_connections", 0);
    fields.add("maxclients", server.settings().clients.clients_max);
    fields.add("client_recent_max_input_buffer", input.unwrap_or(0));
    fields.add("client_recent_max_output_buffer", output.unwrap_or(0));
    fields.add("blocked_clients", server.statistics.blocked_clients.sum());
    fields.add("tracking_clients", server.trackers.figures().clients);
    fields.add("pubsub_clients", count(ClientFlag::Subscribed));
    fields.add("watching_clients", watching);
    fields.add("clients_in_timeout_table", 0);
    fields.add("total_watched_keys", watched);
    fields.add("total_blocking_keys", server.blocked.keys());
    fields.add("total_blocking_keys_on_nokey", server.blocked.needed_keys());
}

/// The fields of INFO stats on pub/sub.
pub(super) fn pubsub(server: &Server, fields: &mut Fields) {
    fields.add("pubsub_channels", server.pubsub.len(Kind::Channel));
    fields.add("pubsub_patterns", server.pubsub.len(Kind::Pattern));
    fields.add("pubsubshard_channels", server.pubsub.len(Kind::Shard));
}
