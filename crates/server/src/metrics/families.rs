//! Which metrics there are.

use std::time::Duration;

use keyspace::engine::Figure;

use super::text::{Kind, Page};
use crate::process::{Whose, cpu_time, resident_bytes};
use crate::pubsub;
use crate::server::Server;
use crate::statistics::{CommandReport, DURATION_BUCKETS};

/// The page.
pub(super) fn render(server: &Server) -> String {
    let mut page = Page::default();
    process(server, &mut page);
    commands(server, &mut page);
    clients(server, &mut page);
    memory(server, &mut page);
    keyspace(server, &mut page);
    locks(&mut page);
    scheduler(&mut page);
    disk(server, &mut page);
    page.end()
}

fn seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

fn process(server: &Server, page: &mut Page) {
    page.family("esker_build", Kind::Gauge, "The program, as labels.");
    page.sample("esker_build", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let uptime_ms = crate::clock::unix_ms().saturating_sub(server.started_ms);
    page.gauge("esker_uptime_seconds", "Time since the start.", uptime_ms as f64 / 1000.0);
    let cpu = cpu_time(Whose::Process);
    page.family("esker_cpu_seconds", Kind::Counter, "Processor time of the process.");
    page.sample("esker_cpu_seconds_total", &[("mode", "user")], cpu.user.as_secs_f64());
    page.sample("esker_cpu_seconds_total", &[("mode", "system")], cpu.system.as_secs_f64());
}

fn commands(server: &Server, page: &mut Page) {
    let entries = server.table.entries().iter();
    let reports = entries.map(|entry| {
        (entry.command.name, server.statistics.command(entry.index), server.statistics.rejected(entry.index))
    });
    let reports: Vec<(&str, CommandReport, u64)> =
        reports.filter(|(_, report, rejected)| report.calls + rejected > 0).collect();
    page.family("esker_commands", Kind::Counter, "Calls that ran.");
    for (name, report, _) in &reports {
        page.sample("esker_commands_total", &[("command", name)], report.calls);
    }
    page.family("esker_commands_failed", Kind::Counter, "Calls that ran and replied with an error.");
    for (name, report, _) in &reports {
        page.sample("esker_commands_failed_total", &[("command", name)], report.failed);
    }
    page.family("esker_commands_rejected", Kind::Counter, "Calls that were refused before they ran.");
    for (name, _, rejected) in &reports {
        page.sample("esker_commands_rejected_total", &[("command", name)], rejected);
    }
    page.family("esker_command_duration_seconds", Kind::Histogram, "How long calls took.");
    for (name, report, _) in &reports {
        durations(name, report, page);
    }
    page.family("esker_errors", Kind::Counter, "Error replies by their first word.");
    for (code, count) in server.statistics.errors() {
        page.sample("esker_errors_total", &[("code", &code)], count);
    }
    page.family("esker_denials", Kind::Counter, "What access control has denied, by what it was about.");
    for kind in acl::Kind::ALL {
        let denied = server.statistics.denials[kind as usize].sum();
        page.sample("esker_denials_total", &[("about", kind.name())], denied);
    }
}

/// The histogram of one command: bounds are powers of two nanoseconds, from a microsecond on.
fn durations(name: &str, report: &CommandReport, page: &mut Page) {
    const FIRST_SHOWN: usize = 9;
    const LAST_SHOWN: usize = 33;
    const { assert!(LAST_SHOWN < DURATION_BUCKETS) }
    let mut calls = 0;
    for (bucket, count) in report.durations.iter().enumerate().take(LAST_SHOWN + 1) {
        calls += count;
        if bucket >= FIRST_SHOWN {
            let bound = seconds(2 << bucket).to_string();
            page.sample("esker_command_duration_seconds_bucket", &[("command", name), ("le", &bound)], calls);
        }
    }
    let all: u64 = report.durations.iter().sum();
    page.sample("esker_command_duration_seconds_bucket", &[("command", name), ("le", "+Inf")], all);
    page.sample("esker_command_duration_seconds_count", &[("command", name)], all);
    page.sample("esker_command_duration_seconds_sum", &[("command", name)], seconds(report.time_ns));
}

fn clients(server: &Server, page: &mut Page) {
    let (statistics, totals) = (&server.statistics, server.statistics.totals());
    page.gauge("esker_clients", "Clients that are connected.", server.clients.len());
    page.gauge("esker_clients_max", "Clients that may be connected.", server.settings().clients.clients_max);
    page.gauge("esker_clients_blocked", "Clients that wait in a command.", statistics.blocked_clients.sum());
    page.counter("esker_connections", "Connections taken in.", statistics.connections.sum());
    page.counter(
        "esker_connections_rejected",
        "Connections refused for the limit of clients.",
        statistics.rejected_connections.sum(),
    );
    page.counter(
        "esker_clients_evicted",
        "Clients closed because all together took too much memory.",
        statistics.evicted_clients.sum(),
    );
    page.counter("esker_network_received_bytes", "Bytes that clients sent.", totals.input_bytes);
    page.counter("esker_network_sent_bytes", "Bytes sent to clients.", totals.output_bytes);
    let listened = [pubsub::Kind::Channel, pubsub::Kind::Pattern, pubsub::Kind::Shard];
    let [channels, patterns, shard_channels] = listened.map(|kind| server.pubsub.len(kind));
    page.gauge("esker_pubsub_channels", "Channels that somebody listens to.", channels);
    page.gauge("esker_pubsub_patterns", "Patterns that somebody listens to.", patterns);
    page.gauge("esker_pubsub_shard_channels", "Shard channels that somebody listens to.", shard_channels);
}

fn memory(server: &Server, page: &mut Page) {
    let figures = (server.allocator.figures)();
    let resident = resident_bytes();
    let used = if figures.used_bytes > 0 { figures.used_bytes } else { resident };
    page.gauge("esker_memory_used_bytes", "Memory in use.", used);
    page.gauge("esker_memory_peak_bytes", "The most memory that was seen in use.", server.memory_peak(used));
    page.gauge("esker_memory_resident_bytes", "Memory that the system has given.", resident);
    page.gauge(
        "esker_memory_max_bytes",
        "`maxmemory`; 0 is no limit.",
        server.settings().memory.maxmemory_bytes,
    );
    page.gauge("esker_memory_clients_bytes", "Memory that clients take.", server.clients_bytes());
}

fn keyspace(server: &Server, page: &mut Page) {
    let keyspace = &server.keyspace;
    let databases = || (0..keyspace.databases()).filter(|database| keyspace.len(*database) > 0);
    page.family("esker_keys", Kind::Gauge, "Keys by database, and the engine that serves it.");
    for database in databases() {
        let (number, engine) = (database.to_string(), keyspace.engine(database));
        let labels = [("database", &*number), ("engine", engine.name())];
        page.sample("esker_keys", &labels, keyspace.len(database));
    }
    page.family("esker_keys_with_deadline", Kind::Gauge, "Keys that expire, by database.");
    for database in databases() {
        let number = database.to_string();
        page.sample("esker_keys_with_deadline", &[("database", &number)], keyspace.deadlines(database));
    }
    let totals = server.statistics.totals();
    page.counter("esker_keyspace_hits", "Look-ups that found a key.", totals.hits);
    page.counter("esker_keyspace_misses", "Look-ups that found none.", totals.misses);
    page.counter("esker_keyspace_changes", "Changes of keys.", totals.changes);
    page.counter("esker_keys_evicted", "Keys removed to make room in memory.", totals.evicted);
    page.counter("esker_keys_expired", "Keys removed because their time had come.", totals.expired);
    page.counter(
        "esker_hash_fields_expired",
        "Fields of hashes removed because their time had come.",
        totals.expired_elements,
    );
    page.gauge(
        "esker_frees_pending",
        "Removed objects whose memory is about to come back.",
        keyspace.pending_frees(),
    );
}

fn locks(page: &mut Page) {
    /// The lines that waited most are shown.
    const SITES_SHOWN: usize = 16;
    let totals = sync::totals();
    page.counter("esker_lock_waits", "Times that a thread waited for a lock.", totals.waits);
    page.counter("esker_lock_wait_seconds", "Time that threads waited for locks.", seconds(totals.waited_ns));
    let sites = sync::contention();
    page.family("esker_lock_site_wait_seconds", Kind::Counter, "The same, by the line that waited.");
    for site in sites.iter().take(SITES_SHOWN) {
        let (line, kind) = (site.line.to_string(), format!("{:?}", site.kind).to_lowercase());
        let labels = [("file", site.file), ("line", &line), ("kind", &kind)];
        page.sample("esker_lock_site_wait_seconds_total", &labels, seconds(site.waited_ns));
    }
}

fn scheduler(page: &mut Page) {
    let figures = crate::scheduler::figures();
    let (handed_off, waited) = crate::handoff::counts();
    page.gauge("esker_scheduler_tasks", "Tasks that exist.", figures.tasks_alive);
    page.gauge(
        "esker_scheduler_global_queue",
        "Tasks in the queue that all workers share.",
        figures.global_queue_depth,
    );
    page.counter("esker_scheduler_handoffs", "Blocking reads whose worker was handed off.", handed_off);
    page.counter("esker_scheduler_blocked", "Blocking reads that kept their worker.", waited);
    let mut each = |name: &str, kind, help: &str, value: &dyn Fn(&crate::scheduler::Worker) -> f64| {
        page.family(name, kind, help);
        let name = if matches!(kind, Kind::Counter) { format!("{name}_total") } else { name.to_owned() };
        for (number, worker) in figures.workers.iter().enumerate() {
            page.sample(&name, &[("worker", &number.to_string())], value(worker));
        }
    };
    each("esker_worker_tasks_run", Kind::Counter, "Times that a task ran.", &|worker| {
        worker.tasks_run as f64
    });
    each("esker_worker_queue", Kind::Gauge, "Tasks in the worker's own queue.", &|worker| {
        worker.queue_depth as f64
    });
    each("esker_worker_steals", Kind::Counter, "Tasks taken from other workers.", &|worker| {
        worker.steals as f64
    });
    each("esker_worker_parks", Kind::Counter, "Times without work.", &|worker| worker.parks as f64);
    each("esker_worker_busy_seconds", Kind::Counter, "Time at work.", &|worker| worker.busy.as_secs_f64());
}

fn disk(server: &Server, page: &mut Page) {
    let keyspace = &server.keyspace;
    let Some(store) = keyspace.store() else { return };
    page.family("esker_database_disk_bytes", Kind::Gauge, "Bytes on disk by database.");
    for database in 0..keyspace.databases() {
        if let Some(bytes) = keyspace.engine(database).disk_bytes() {
            page.sample("esker_database_disk_bytes", &[("database", &database.to_string())], bytes);
        }
    }
    for Figure { name, value, is_count } in store.figures() {
        // Times are told in seconds here.
        let (name, value) = match name.strip_suffix("_milliseconds") {
            Some(name) => (format!("esker_{name}_seconds"), value as f64 / 1000.0),
            None => (format!("esker_{name}"), value as f64),
        };
        if is_count {
            page.counter(&name, "See INFO disk.", value);
        } else {
            page.gauge(&name, "See INFO disk.", value);
        }
    }
}
