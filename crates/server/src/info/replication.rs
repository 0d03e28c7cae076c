//! INFO replication.

use std::sync::Arc;

use super::Fields;
use crate::clock::unix_ms;
use crate::replication::{Failover, Following, LinkState, Replica};
use crate::server::Server;

pub(super) fn replication(server: &Server, fields: &mut Fields) {
    let settings = server.settings();
    let settings = &settings.replication;
    let replication = &server.replication;
    let figures = replication.feed.figures();
    match replication.following() {
        None => fields.add("role", "master"),
        Some(following) => {
            fields.add("role", "slave");
            primary(&following, figures.offset, fields);
            fields.add("slave_priority", settings.replica_priority);
            fields.add("slave_read_only", u8::from(settings.replica_read_only));
            fields.add("replica_announced", u8::from(settings.replica_announced));
        }
    }
    let replicas = replication.replicas();
    fields.add("connected_slaves", replicas.len());
    if settings.min_replicas_to_write > 0 {
        fields.add("min_slaves_good_slaves", server.good_replicas());
    }
    for (number, replica) in replicas.iter().enumerate() {
        fields.add(format_args!("slave{number}"), describe(replica));
    }
    // Valkey's, for replicas that wait on a second connection.
    fields.add("replicas_waiting_psync", 0);
    fields.add("master_failover_state", Failover::name(replication.failover().as_ref()));
    fields.add("master_replid", figures.history.id());
    match figures.history.former().next() {
        None => fields.add("master_replid2", "0".repeat(40)),
        Some((id, _)) => fields.add("master_replid2", id),
    }
    fields.add("master_repl_offset", figures.offset);
    match figures.history.former().next() {
        None => fields.add("second_repl_offset", -1),
        Some((_, offset)) => fields.add("second_repl_offset", offset + 1),
    }
    fields.add("repl_backlog_active", u8::from(figures.is_active));
    fields.add("repl_backlog_size", settings.repl_backlog_bytes);
    fields.add("repl_backlog_first_byte_offset", if figures.is_active { figures.first_kept } else { 0 });
    fields.add("repl_backlog_histlen", figures.kept_bytes);
}

/// How it goes with this server's primary, of whose stream it has `offset` bytes.
fn primary(following: &Following, offset: u64, fields: &mut Fields) {
    let now_ms = unix_ms();
    let since = |moment_ms: u64| now_ms.saturating_sub(moment_ms) / 1000;
    let is_up = following.link == LinkState::Connected;
    fields.add("master_host", &following.primary.host);
    fields.add("master_port", following.primary.port);
    fields.add("master_link_status", if is_up { "up" } else { "down" });
    if is_up {
        fields.add("master_last_io_seconds_ago", since(following.heard_ms));
    } else {
        fields.add("master_last_io_seconds_ago", -1);
    }
    let is_syncing = following.link == LinkState::Sync;
    fields.add("master_sync_in_progress", u8::from(is_syncing));
    fields.add("slave_read_repl_offset", offset);
    fields.add("slave_repl_offset", offset);
    if is_syncing {
        let (read, total) = following.snapshot_bytes;
        let total_or_none = total.map_or(-1, |total| total as i64);
        fields.add("master_sync_total_bytes", total_or_none);
        fields.add("master_sync_read_bytes", read);
        fields.add("master_sync_left_bytes", total.map_or(-1, |total| total.saturating_sub(read) as i64));
        let percent =
            total.filter(|total| *total > 0).map_or(0.0, |total| read as f64 * 100.0 / total as f64);
        fields.add("master_sync_perc", format_args!("{percent:.2}"));
        fields.add("master_sync_last_io_seconds_ago", since(following.heard_ms));
    }
    if !is_up {
        match following.down_since_ms {
            0 => fields.add("master_link_down_since_seconds", -1),
            moment_ms => fields.add("master_link_down_since_seconds", since(moment_ms)),
        }
    }
}

/// A replica, in one line.
fn describe(replica: &Arc<Replica>) -> String {
    let lag_s = unix_ms().saturating_sub(replica.heard_ms()) / 1000;
    format!(
        "ip={},port={},state={},offset={},lag={lag_s}",
        replica.address(),
        replica.greeting.listening_port,
        replica.stage().name(),
        replica.acknowledged(),
    )
}
