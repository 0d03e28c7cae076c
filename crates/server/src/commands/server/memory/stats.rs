//! MEMORY STATS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "memory|stats",
    group: Server,
    since: "4.0.0",
    complexity: "O(1)",
    summary: "Returns details about memory usage.",
    handler: Session,
    flags: [],
    examples: r#"
        > MEMORY STATS
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    let figures = (server.allocator.figures)();
    let used = figures.used_bytes;
    let peak = server.memory_peak(used);
    let resident = crate::process::resident_bytes();
    let databases: Vec<u16> =
        (0..server.keyspace.databases()).filter(|database| server.keyspace.len(*database) > 0).collect();
    let keys: usize = databases.iter().map(|database| server.keyspace.len(*database)).sum();
    let overhead = server.overhead_bytes();
    let dataset = used.saturating_sub(overhead);
    let beyond_start = used.saturating_sub(server.memory_at_start());
    let mark = reply.begin();
    let mut fields = Fields { reply, len: 0 };
    fields.integer("peak.allocated", peak);
    fields.integer("total.allocated", used);
    fields.integer("startup.allocated", server.memory_at_start());
    let (lagging_bytes, backlog_bytes) = server.stream_bytes();
    fields.integer("replication.backlog", backlog_bytes);
    fields.integer("clients.slaves", lagging_bytes);
    fields.integer("clients.normal", server.clients_bytes() as u64);
    // No node of a cluster is called.
    fields.integer("cluster.links", 0);
    fields.integer("aof.buffer", server.append_only.files.figures().unwritten_bytes);
    fields.integer("lua.caches", server.scripting.scripts.count().1 as u64);
    fields.integer("functions.caches", server.scripting.functions.now().code_bytes() as u64);
    for database in databases {
        fields.name(&format!("db.{database}"));
        let disk_bytes = server.keyspace.engine(database).disk_bytes();
        fields.reply.map(2 + usize::from(disk_bytes.is_some()));
        fields.reply.bulk(b"overhead.hashtable.main");
        fields.reply.integer(server.keyspace.overhead_bytes(database) as i64);
        // Deadlines are kept in the entries themselves.
        fields.reply.bulk(b"overhead.hashtable.expires");
        fields.reply.integer(0);
        if let Some(bytes) = disk_bytes {
            fields.reply.bulk(b"disk.bytes");
            fields.reply.integer(bytes as i64);
        }
    }
    fields.integer("overhead.total", overhead);
    fields.integer("keys.count", keys as u64);
    fields.integer("keys.bytes-per-key", if keys == 0 { 0 } else { beyond_start / keys as u64 });
    fields.integer("dataset.bytes", dataset);
    fields.double("dataset.percentage", 100.0 * ratio(dataset.min(beyond_start), beyond_start));
    fields.double("peak.percentage", 100.0 * ratio(used, peak));
    fields.integer("allocator.allocated", figures.allocated_bytes);
    fields.integer("allocator.active", figures.active_bytes);
    fields.integer("allocator.resident", figures.resident_bytes);
    fields.double("allocator-fragmentation.ratio", ratio(figures.active_bytes, used));
    fields.integer("allocator-fragmentation.bytes", figures.active_bytes.saturating_sub(used));
    fields.double("allocator-rss.ratio", ratio(figures.resident_bytes, figures.active_bytes));
    fields.integer("allocator-rss.bytes", figures.resident_bytes.saturating_sub(figures.active_bytes));
    fields.double("rss-overhead.ratio", ratio(resident, figures.resident_bytes));
    fields.integer("rss-overhead.bytes", resident.saturating_sub(figures.resident_bytes));
    fields.double("fragmentation", ratio(resident, used));
    fields.integer("fragmentation.bytes", resident.saturating_sub(used));
    let len = fields.len;
    reply.end_map(mark, len);
    Ok(())
}

/// Writes the fields of the reply.
struct Fields<'r> {
    reply: &'r mut Reply,
    len: usize,
}

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        self.reply.bulk(name.as_bytes());
        self.len += 1;
    }

    fn integer(&mut self, name: &str, value: u64) {
        self.name(name);
        self.reply.integer(value as i64);
    }

    fn double(&mut self, name: &str, value: f64) {
        self.name(name);
        self.reply.double(value);
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
