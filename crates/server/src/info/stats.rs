//! INFO stats, cpu and keyspace.

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
    fields.add("instantaneous_input_repl_kbps", kilobytes(0));
    fields.add("instantaneous_output_repl_kbps", kilobytes(0));
    fields.add("rejected_connections", statistics.rejected_connections.sum());
    fields.add("sync_full", statistics.full_syncs.sum());
    fields.add("sync_partial_ok", statistics.partial_syncs.sum());
    fields.add("sync_partial_err", statistics.partial_syncs_refused.sum());
    fields.add("expired_keys", totals.expired);
    fields.add("expired_subkeys", totals.expired_elements);
    // A sweep visits what is due and nothing else.
    fields.add("expired_stale_perc", "0.00");
    fields.add("expired_time_cap_reached_count", statistics.expiry_cut_short.sum());
    fields.add("expire_cycle_cpu_milliseconds", statistics.expiry_us.sum() / 1000);
    fields.add("evicted_keys", totals.evicted);
    fields.add("evicted_scripts", server.scripting.scripts.evicted());
    fields.add("evicted_clients", statistics.evicted_clients.sum());
    fields.add("keyspace_hits", totals.hits);
    fields.add("keyspace_misses", totals.misses);
    super::clients::pubsub(server, fields);
    fields.add("latest_fork_usec", 0);
    fields.add("total_forks", 0);
    fields.add("migrate_cached_sockets", server.migrations.len());
    let (exceeded_ms, exceeded_now_ms) = server.evictions.exceeded_ms();
    fields.add("total_eviction_exceeded_time", exceeded_ms);
    fields.add("current_eviction_exceeded_time", exceeded_now_ms);
    let tracked = server.trackers.figures();
    fields.add("tracking_total_keys", tracked.keys);
    fields.add("tracking_total_items", tracked.items);
    fields.add("tracking_total_prefixes", tracked.prefixes);
    fields.add_all(&NOT_DONE);
    fields.add("total_error_replies", errors);
    fields.add("total_reads_processed", totals.reads);
    fields.add("total_writes_processed", totals.writes);
    let threaded = |count| if server.settings().process.io_threads > 1 { count } else { 0 };
    fields.add("io_threaded_reads_processed", threaded(totals.reads));
    fields.add("io_threaded_writes_processed", threaded(totals.writes));
    fields.add("client_query_buffer_limit_disconnections", statistics.query_limit_disconnections.sum());
    fields.add("client_output_buffer_limit_disconnections", statistics.output_limit_disconnections.sum());
    for (name, kind) in [
        ("auth", acl::Kind::Auth),
        ("cmd", acl::Kind::Command),
        ("key", acl::Kind::Key),
        ("channel", acl::Kind::Channel),
    ] {
        fields.add(format_args!("acl_access_denied_{name}"), statistics.denials[kind as usize].sum());
    }
}

/// What Redis counts and this server does not do, or not yet.
const NOT_DONE: [(&str, i64); 11] = [
    ("slave_expires_tracked_keys", 0),
    ("active_defrag_hits", 0),
    ("active_defrag_misses", 0),
    ("active_defrag_key_hits", 0),
    ("active_defrag_key_misses", 0),
    ("total_active_defrag_time", 0),
    ("current_active_defrag_time", 0),
    ("unexpected_error_replies", 0),
    ("dump_payload_sanitizations", 0),
    ("reply_buffer_shrinks", 0),
    ("reply_buffer_expands", 0),
];

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
            let subexpiry = server.keyspace.timed(database);
            fields.add(
                format_args!("db{database}"),
                format_args!("keys={keys},expires={expires},avg_ttl=0,subexpiry={subexpiry}"),
            );
        }
    }
}
