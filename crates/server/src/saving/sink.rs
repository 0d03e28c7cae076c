//! Where a snapshot is written to: as RDB or as commands, bit by bit.

use std::fs::File;
use std::io::{self, Write};

use keyspace::Snapshot;
use rdb::file::Writer;

use crate::scripting::Registry;

/// Bytes after which what was written is forced to disk: Redis' `REDIS_AUTOSYNC_BYTES`.
const SYNC_BYTES: u64 = 4 << 20;

/// A file that is forced to disk in steps, so that the end has little left to wait for.
pub(crate) struct Stepwise {
    file: File,
    unsynced_bytes: u64,
    syncs: bool,
}

impl Stepwise {
    /// The steps are left out unless it `syncs`.
    pub fn new(file: File, syncs: bool) -> Stepwise {
        Stepwise { file, unsynced_bytes: 0, syncs }
    }

    /// The file.
    pub fn into_file(self) -> File {
        self.file
    }
}

impl Write for Stepwise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced_bytes += written as u64;
        if self.syncs && self.unsynced_bytes >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced_bytes = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What takes a snapshot in.
pub(crate) enum Sink<W> {
    /// An RDB file whose head is written.
    Rdb(Writer<W>),
    /// Commands, one after the other.
    Commands(W),
}

impl<W: Write> Sink<W> {
    /// Writes the libraries and then the records of `snapshot`, but for databases that are `left_out`. After each part
    /// `goes_on` is told how many keys it had, and may put an end to it.
    pub fn take(
        &mut self,
        mut snapshot: Snapshot<'_>,
        functions: &Registry,
        left_out: impl Fn(u16) -> bool,
        mut goes_on: impl FnMut(usize) -> io::Result<()>,
    ) -> io::Result<()> {
        for library in functions.libraries.values() {
            self.function(&library.code)?;
        }
        let mut sizes = snapshot.sizes().to_vec();
        let (mut selected, mut records) = (None, Vec::new());
        let fault = |fault: keyspace::fault::Fault| io::Error::other(fault.to_string());
        while let Some(part) = snapshot.next(&mut records).map_err(fault)? {
            goes_on(part.keys)?;
            if part.keys == 0 || left_out(part.database) {
                continue;
            }
            if selected.replace(part.database) != Some(part.database) {
                let size = sizes.iter().position(|size| size.database == part.database);
                let size = size.map(|at| sizes.swap_remove(at));
                self.database(part.database, size.map(|size| (size.keys as u64, size.deadlines as u64)))?;
            }
            match self {
                Sink::Rdb(writer) => writer.record(&records)?,
                Sink::Commands(out) => out.write_all(&records)?,
            }
        }
        Ok(())
    }

    fn function(&mut self, code: &[u8]) -> io::Result<()> {
        match self {
            Sink::Rdb(writer) => writer.function(code),
            Sink::Commands(out) => {
                let mut command = Vec::new();
                log::commands::push_function(code, &mut command);
                out.write_all(&command)
            }
        }
    }

    fn database(&mut self, database: u16, sizes: Option<(u64, u64)>) -> io::Result<()> {
        match self {
            Sink::Rdb(writer) => {
                writer.database(database)?;
                sizes.map_or(Ok(()), |(keys, deadlines)| writer.sizes(keys, deadlines))
            }
            Sink::Commands(out) => {
                let mut command = Vec::new();
                log::commands::push_select(&mut command, database);
                out.write_all(&command)
            }
        }
    }

    /// Ends it, and gives back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Sink::Rdb(writer) => writer.finish(),
            Sink::Commands(out) => Ok(out),
        }
    }
}
