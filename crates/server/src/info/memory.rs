//! INFO memory.

use super::Fields;
use crate::process;
use crate::server::Server;

pub(super) fn memory(server: &Server, fields: &mut Fields) {
    let settings = server.settings();
    let figures = (server.allocator.figures)();
    let resident_bytes = process::resident_bytes();
    // Without an allocator that counts, what the process holds is the best there is.
    let used_bytes = if figures.used_bytes > 0 { figures.used_bytes } else { resident_bytes };
    let peak_bytes = server.memory_peak(used_bytes);
    let system_bytes = process::system_bytes();
    let overhead_bytes = server.overhead_bytes();
    let dataset_bytes = used_bytes.saturating_sub(overhead_bytes);
    let max_bytes = settings.memory.maxmemory_bytes;
    let amounts = [
        ("used_memory", used_bytes),
        ("used_memory_rss", resident_bytes),
        ("used_memory_peak", peak_bytes),
        ("total_system_memory", system_bytes),
        ("maxmemory", max_bytes),
    ];
    for (name, bytes) in amounts {
        fields.add(name, bytes);
        fields.add(format_args!("{name}_human"), human(bytes));
    }
    let policy = config::directive(b"maxmemory-policy").map(|(directive, _)| directive.value(&settings));
    fields.add("maxmemory_policy", String::from_utf8_lossy(&policy.unwrap_or_default()));
    fields.add("used_memory_peak_perc", percent(used_bytes, peak_bytes));
    fields.add("used_memory_overhead", overhead_bytes);
    fields.add("used_memory_startup", server.memory_at_start());
    fields.add("used_memory_dataset", dataset_bytes);
    let beyond_start = used_bytes.saturating_sub(server.memory_at_start());
    fields.add("used_memory_dataset_perc", percent(dataset_bytes.min(beyond_start), beyond_start));
    fields.add("allocator_allocated", figures.allocated_bytes);
    fields.add("allocator_active", figures.active_bytes);
    fields.add("allocator_resident", figures.resident_bytes);
    fields.add("allocator_frag_ratio", ratio(figures.active_bytes, figures.allocated_bytes));
    fields.add("allocator_frag_bytes", figures.active_bytes.saturating_sub(figures.allocated_bytes));
    fields.add("allocator_rss_ratio", ratio(figures.resident_bytes, figures.active_bytes));
    fields.add("allocator_rss_bytes", figures.resident_bytes.saturating_sub(figures.active_bytes));
    fields.add("rss_overhead_ratio", ratio(resident_bytes, figures.resident_bytes));
    fields.add("rss_overhead_bytes", resident_bytes as i128 - i128::from(figures.resident_bytes));
    fields.add("mem_fragmentation_ratio", ratio(resident_bytes, used_bytes));
    fields.add("mem_fragmentation_bytes", i128::from(resident_bytes) - i128::from(used_bytes));
    fields.add("mem_not_counted_for_evict", server.uncounted_bytes());
    fields.add("mem_clients_normal", server.clients_bytes());
    add_replication(server, fields);
    // No node of a cluster is called.
    fields.add("mem_cluster_links", 0);
    fields.add("mem_allocator", server.allocator.name);
    fields.add("active_defrag_running", 0);
    fields.add("lazyfree_pending_objects", server.keyspace.pending_frees());
    fields.add("lazyfreed_objects", server.keyspace.deferred_frees());
    add_scripts(server, fields);
}

/// What scripts take: the interpreters of all workers, and the texts.
fn add_scripts(server: &Server, fields: &mut Fields) {
    let vm_bytes = server.scripting.running.vm_bytes();
    let (scripts, script_bytes) = server.scripting.scripts.count();
    let functions = server.scripting.functions.now();
    fields.add("used_memory_lua", vm_bytes);
    fields.add("used_memory_vm_eval", vm_bytes);
    fields.add("used_memory_vm_functions", 0);
    fields.add("used_memory_vm_total", vm_bytes);
    fields.add("used_memory_scripts", script_bytes + functions.code_bytes());
    fields.add("used_memory_scripts_eval", script_bytes);
    fields.add("used_memory_functions", functions.code_bytes());
    fields.add("number_of_cached_scripts", scripts);
    fields.add("number_of_functions", functions.functions());
    fields.add("number_of_libraries", functions.libraries.len());
    let sums = [
        ("used_memory_lua", vm_bytes),
        ("used_memory_vm_total", vm_bytes),
        ("used_memory_scripts", script_bytes),
    ];
    for (name, bytes) in sums {
        fields.add(format_args!("{name}_human"), human(bytes as u64));
    }
}

/// What is kept of the stream: for replicas that come back, and beyond that for those that lag; and of the append-only
/// file's what is not written yet.
fn add_replication(server: &Server, fields: &mut Fields) {
    let (lagging_bytes, backlog_bytes) = server.stream_bytes();
    fields.add("mem_clients_slaves", lagging_bytes);
    fields.add("mem_replication_backlog", backlog_bytes);
    fields.add("mem_total_replication_buffers", lagging_bytes + backlog_bytes);
    fields.add("mem_aof_buffer", server.append_only.files.figures().unwritten_bytes);
}

impl Server {
    /// Bytes that are kept of the stream for replicas that lag, and for those that come back.
    pub(crate) fn stream_bytes(&self) -> (u64, u64) {
        let kept_bytes = self.replication.feed.figures().memory_bytes;
        let backlog_bytes = kept_bytes.min(self.settings().replication.repl_backlog_bytes);
        (kept_bytes - backlog_bytes, backlog_bytes)
    }
}

/// As people write sizes: `1.50M`.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = (bytes.ilog2() / 10) as usize;
    format!("{:.2}{}", bytes as f64 / 1024_f64.powi(power as i32), UNITS[power - 1])
}

fn ratio(part: u64, whole: u64) -> String {
    format!("{:.2}", if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_their_unit() {
        assert_eq!(human(1023), "1023B");
        assert_eq!(human(1024), "1.00K");
        assert_eq!(human(3 << 19), "1.50M");
        assert_eq!(human(u64::MAX), "16.00E");
    }
}
