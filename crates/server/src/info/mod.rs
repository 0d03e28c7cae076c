//! INFO: the server's state as text, in sections, with the field names that Redis' clients look for.
//!
//! Sections and fields that nothing here corresponds to, such as those on the append-only file, are there with the value
//! of a server that does not do it.

mod calls;
mod clients;
mod disk;
mod memory;
mod persistence;
mod replication;
mod scheduler;
mod server;
mod stats;

use crate::server::Server;

/// Lines `name:value`.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn add(&mut self, name: impl std::fmt::Display, value: impl std::fmt::Display) {
        use std::fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    fn add_all(&mut self, fields: &[(&str, i64)]) {
        for (name, value) in fields {
            self.add(name, value);
        }
    }
}

/// A part of INFO.
struct Section {
    /// Its name in requests.
    name: &'static str,
    title: &'static str,
    /// Whether it is shown when no section is asked for.
    is_default: bool,
    write: fn(&Server, &mut Fields),
}

const fn section(name: &'static str, title: &'static str, write: fn(&Server, &mut Fields)) -> Section {
    Section { name, title, is_default: true, write }
}

const fn extra(name: &'static str, title: &'static str, write: fn(&Server, &mut Fields)) -> Section {
    Section { name, title, is_default: false, write }
}

/// In the order in which they are shown.
const SECTIONS: [Section; 16] = [
    section("server", "Server", server::server),
    section("clients", "Clients", clients::clients),
    section("memory", "Memory", memory::memory),
    section("persistence", "Persistence", persistence::persistence),
    section("stats", "Stats", stats::stats),
    section("replication", "Replication", replication::replication),
    section("cpu", "CPU", stats::cpu),
    section("modules", "Modules", |_, _| {}),
    extra("commandstats", "Commandstats", calls::commandstats),
    section("errorstats", "Errorstats", calls::errorstats),
    extra("latencystats", "Latencystats", calls::latencystats),
    section("cluster", "Cluster", |_, fields| fields.add("cluster_enabled", 0)),
    extra("scheduler", "Scheduler", scheduler::scheduler),
    extra("locks", "Locks", scheduler::locks),
    section("keyspace", "Keyspace", stats::keyspace),
    section("disk", "Disk", disk::disk),
];

/// The sections that `names` ask for, those of a plain INFO without any; each once. A name may also be `default`,
/// `all` or `everything`; unknown names ask for nothing.
pub(crate) fn text(server: &Server, names: &[&[u8]]) -> String {
    let is_wanted = |section: &Section| {
        let asks = |name: &&[u8]| {
            let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
            is("all") || is("everything") || is(section.name) || (is("default") && section.is_default)
        };
        if names.is_empty() { section.is_default } else { names.iter().any(asks) }
    };
    let shown = SECTIONS.iter().filter(|section| is_wanted(section)).map(|section| {
        let mut fields = Fields::default();
        (section.write)(server, &mut fields);
        format!("# {}\r\n{}", section.title, fields.0)
    });
    shown.collect::<Vec<_>>().join("\r\n")
}
