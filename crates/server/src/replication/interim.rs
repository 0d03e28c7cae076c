//! Interim: making and loading snapshots.
use std::io::{self, Write};
use std::path::Path;

use keyspace::snapshot::{CannotBegin, Snapshot};
use rdb::file::{Item, Reader, Usage, Writer, encode_key};
use rdb::{Format, Version};
use replication::Position;

use crate::server::Server;

impl Server {
    pub(crate) fn begin_snapshot_for<R>(
        &self,
        at: impl FnOnce() -> R,
    ) -> std::result::Result<(Snapshot<'_>, R), CannotBegin> {
        let format = Format::from(Version::V10);
        self.keyspace.begin_snapshot(Box::new(move |entry, out| encode_key(entry, format, Usage::Untold, out)), at)
    }

    pub(crate) fn write_snapshot(
        &self,
        mut snapshot: Snapshot<'_>,
        out: &mut dyn Write,
        position: Option<Position>,
    ) -> io::Result<()> {
        let mut writer = Writer::new(out, Version::V10, true)?;
        writer.aux("redis-ver", crate::REDIS_VERSION.as_bytes())?;
        if let Some(position) = position {
            writer.aux("repl-stream-db", b"0")?;
            writer.aux("repl-id", position.id.as_bytes())?;
            writer.aux("repl-offset", position.offset.to_string().as_bytes())?;
        }
        let mut database = None;
        let mut part = Vec::new();
        while let Some(what) = snapshot.next(&mut part).map_err(|fault| io::Error::other(format!("{fault:?}")))? {
            if what.keys == 0 {
                continue;
            }
            if database != Some(what.database) {
                database = Some(what.database);
                writer.database(what.database)?;
            }
            writer.record(&part)?;
        }
        writer.finish()?;
        Ok(())
    }

    pub(crate) fn load_snapshot_of_primary(&self, path: &Path) -> std::result::Result<(), String> {
        let mut txn = self.keyspace.write(&keyspace::Needs::All, self.context_of_its_own());
        for database in 0..self.keyspace.databases() {
            txn.flush(database).map_err(|fault| format!("{fault:?}"))?;
        }
        txn.commit().map_err(|fault| format!("{fault:?}"))?;
        drop(txn);
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let mut reader = Reader::new(io::BufReader::new(file)).map_err(|error| error.to_string())?;
        let mut database = 0;
        loop {
            match reader.next().map_err(|error| error.to_string())? {
                Item::Database(number) => database = number as u16,
                Item::Key(key) => {
                    let entry = key.decode(&self.limits()).map_err(|error| error.to_string())?;
                    let name = keyspace::Key::new(&key.name);
                    let mut txn =
                        self.keyspace.write(&keyspace::Needs::One(name.slot), self.context_of_its_own());
                    txn.insert_in(database, &name, entry);
                    txn.commit().map_err(|fault| format!("{fault:?}"))?;
                }
                Item::End { .. } => return Ok(()),
                _ => {}
            }
        }
    }
}
