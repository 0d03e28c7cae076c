//! INFO stats, cpu, keyspace, persistence and replication.

use std::sync::atomic::Ordering;

use super::Fields;
use crate::process::{Whose, cpu_time};
use crate::server::Server;

pub(super) fn stats(server: &Server, fields: &mut Fields) {
    let totals = server.statistics.totals();
    let statistics = &server.statistics;
    let rate = |rate: &std::sync::atomic::AtomicU64| rate.load(Ordering::Relaxed);
    let kilobytes = |rate: u64| format!("{:.2}", rate as f64 / 1024.0);
    let errors: u64 = statistics.errors().iter().map(|(_, count)| count).sum();
    fields.add("total_connections_received", statistics.connections.sum());
    fields.add("total_commands_processed", totals.commands);
    fields.add("instantaneous_ops_per_sec", rate(&server.rates.commands));
    fields.add("total_net_input_bytes", totals.input_bytes);
    fields.add("total_net_output_bytes", totals.output_bytes);
    fields.add("total_net_repl_input_bytes", 0);
    fields.add("total_net_repl_output_bytes", 0);
    fields.add("instantaneous_input_kbps", kilobytes(rate(&server.rates.input_bytes)));
    fields.add("instantaneous_output_kbps", kilobytes(rate(&server.rates.output_bytes)));
    fields.add("rejected_connections", statistics.rejected_connections.sum());
    fields.add("sync_full", 0);
    fields.add("sync_partial_ok", 0);
    fields.add("sync_partial_err", 0);
    fields.add("expired_keys", totals.expired);
    fields.add("evicted_keys", 0);
    fields.add("evicted_clients", 0);
    fields.add("keyspace_hits", totals.hits);
    fields.add("keyspace_misses", totals.misses);
    super::clients::pubsub(server, fields);
    fields.add("latest_fork_usec", 0);
    fields.add("total_forks", 0);
    fields.add("total_error_replies", errors);
    fields.add("client_query_buffer_limit_disconnections", statistics.query_limit_disconnections.sum());
    fields.add("client_output_buffer_limit_disconnections", statistics.output_limit_disconnections.sum());
}

pub(super) fn persistence(server: &Server, fields: &mut Fields) {
    fields.add("loading", 0);
    fields.add("async_loading", 0);
    fields.add("rdb_changes_since_last_save", server.statistics.totals().changes);
    fields.add("rdb_bgsave_in_progress", 0);
    fields.add("rdb_last_save_time", server.started_ms / 1000);
    fields.add("rdb_last_bgsave_status", "ok");
    fields.add("aof_enabled", 0);
    fields.add("aof_rewrite_in_progress", 0);
    fields.add("aof_last_bgrewrite_status", "ok");
    fields.add("aof_last_write_status", "ok");
}

pub(super) fn replication(server: &Server, fields: &mut Fields) {
    fields.add("role", "master");
    fields.add("connected_slaves", 0);
    fields.add("master_failover_state", "no-failover");
    fields.add("master_replid", &server.run_id);
    fields.add("master_replid2", "0".repeat(40));
    fields.add("master_repl_offset", 0);
    fields.add("second_repl_offset", -1);
    fields.add("repl_backlog_active", 0);
}

pub(super) fn cpu(_: &Server, fields: &mut Fields) {
    let whose = [("", Whose::Process), ("_children", Whose::Children), ("_main_thread", Whose::Thread)];
    for (suffix, whose) in whose {
        let time = cpu_time(whose);
        fields.add(format_args!("used_cpu_sys{suffix}"), format_args!("{:.6}", time.system.as_secs_f64()));
        fields.add(format_args!("used_cpu_user{suffix}"), format_args!("{:.6}", time.user.as_secs_f64()));
    }
}

pub(super) fn keyspace(server: &Server, fields: &mut Fields) {
    for database in 0..server.keyspace.databases() {
        let keys = server.keyspace.len(database);
        if keys > 0 {
            let expires = server.keyspace.deadlines(database);
            fields.add(format_args!("db{database}"), format_args!("keys={keys},expires={expires},avg_ttl=0"));
        }
    }
}
