//! INFO persistence: saving, loading, and the append-only file.

use std::sync::atomic::Ordering;

use super::Fields;
use crate::clock::unix_ms;
use crate::server::Server;

pub(super) fn persistence(server: &Server, fields: &mut Fields) {
    let loading = server.loading.progress();
    fields.add("loading", u8::from(loading.is_some()));
    fields.add("async_loading", 0);
    // Nothing is copied when it is written to, as by a process that was forked.
    fields.add_all(&[("current_cow_peak", 0), ("current_cow_size", 0), ("current_cow_size_age", 0)]);
    fields.add("current_fork_perc", "0.00");
    let state = server.saves.state();
    let running = state.running_for();
    let keys = |number: &std::sync::atomic::AtomicU64| match running {
        Some(_) => number.load(Ordering::Relaxed),
        None => 0,
    };
    fields.add("current_save_keys_processed", keys(&server.saves.keys_done));
    fields.add("current_save_keys_total", keys(&server.saves.keys_total));
    fields.add("rdb_changes_since_last_save", state.unsaved(server.statistics.totals().changes));
    // As in Redis, what replicas begin with counts too.
    let is_saving = running.is_some() || server.replication.is_sending();
    fields.add("rdb_bgsave_in_progress", u8::from(is_saving));
    fields.add("rdb_last_save_time", state.last_save_s);
    fields.add("rdb_last_bgsave_status", if state.is_last_ok { "ok" } else { "err" });
    let seconds = |took: Option<std::time::Duration>| took.map_or(-1, |took| took.as_secs() as i64);
    fields.add("rdb_last_bgsave_time_sec", seconds(state.last_took));
    fields.add("rdb_current_bgsave_time_sec", seconds(running));
    fields.add("rdb_saves", state.saves);
    fields.add("rdb_last_cow_size", 0);
    let (loaded, expired) = server.loading.keys();
    fields.add("rdb_last_load_keys_expired", expired);
    fields.add("rdb_last_load_keys_loaded", loaded);
    append_only(server, fields);
    let Some(progress) = loading else { return };
    fields.add("loading_start_time", progress.started_s);
    fields.add("loading_total_bytes", progress.total_bytes);
    fields.add("loading_rdb_used_mem", progress.used_memory_bytes);
    fields.add("loading_loaded_bytes", progress.loaded_bytes);
    let share = progress.loaded_bytes as f64 / progress.total_bytes.max(1) as f64;
    fields.add("loading_loaded_perc", format_args!("{:.2}", share * 100.0));
    let elapsed_s = (unix_ms() / 1000).saturating_sub(progress.started_s);
    let left = progress.total_bytes.saturating_sub(progress.loaded_bytes);
    let eta_s = (elapsed_s.max(1) * left).checked_div(progress.loaded_bytes).unwrap_or(1);
    fields.add("loading_eta_seconds", eta_s);
}

fn append_only(server: &Server, fields: &mut Fields) {
    let seconds = |took: Option<std::time::Duration>| took.map_or(-1, |took| took.as_secs() as i64);
    let word = |is_well: bool| if is_well { "ok" } else { "err" };
    let appending = &server.append_only;
    let (files, status) = (&appending.files, appending.status());
    fields.add("aof_enabled", u8::from(files.is_on()));
    fields.add("aof_rewrite_in_progress", u8::from(appending.is_rewriting()));
    fields.add("aof_rewrite_scheduled", u8::from(appending.is_scheduled()));
    fields.add("aof_last_rewrite_time_sec", seconds(status.last_took));
    fields.add("aof_current_rewrite_time_sec", seconds(status.began.map(|began| began.elapsed())));
    fields.add("aof_last_bgrewrite_status", word(status.failed_at.is_none()));
    fields.add("aof_rewrites", status.count);
    fields.add("aof_rewrites_consecutive_failures", status.failures);
    fields.add("aof_last_write_status", word(files.failure().is_none()));
    fields.add("aof_last_cow_size", 0);
    fields.add("module_fork_in_progress", 0);
    fields.add("module_fork_last_cow_size", 0);
    if files.is_on() {
        let figures = files.figures();
        fields.add("aof_current_size", figures.bytes);
        fields.add("aof_base_size", figures.bytes_after_rewrite);
        fields.add("aof_pending_rewrite", 0);
        fields.add("aof_buffer_length", figures.unwritten_bytes);
        fields.add("aof_pending_bio_fsync", figures.pending_syncs);
        // No write waits for a sync.
        fields.add("aof_delayed_fsync", 0);
    }
}
