//! INFO disk: which database is served how, and what the store of those on disk does.

use super::Fields;
use crate::server::Server;

pub(super) fn disk(server: &Server, fields: &mut Fields) {
    let keyspace = &server.keyspace;
    for database in 0..keyspace.databases() {
        let engine = keyspace.engine(database);
        if let Some(bytes) = engine.disk_bytes() {
            fields.add(
                format_args!("db{database}"),
                format_args!("engine={},disk_bytes={bytes}", engine.name()),
            );
        } else if keyspace.len(database) > 0 {
            fields.add(format_args!("db{database}"), format_args!("engine={}", engine.name()));
        }
    }
    for figure in keyspace.store().iter().flat_map(|store| store.figures()) {
        fields.add(figure.name, figure.value);
    }
}
