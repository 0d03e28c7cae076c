//! Where a snapshot is written to: as RDB or as commands, bit by bit. One thread makes the records, another one writes them.

use std::fs::File;
use std::io::{self, Write};
use std::time::Instant;

use keyspace::{DatabaseSize, Snapshot};
use rdb::file::Writer;

use super::queue::{Closing, PIECE_BYTES, Piece, Queue};
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

/// Gives the processor away now and then: so a worker that waits for it waits for the records of one hold, and not for as
/// long as the system lets a thread go on that never waits. Whoever got it may have much to do: for as long as that took,
/// nothing is given away, so that half is left for the save, which others may wait for.
struct Courtesy {
    owed_until: Instant,
}

impl Courtesy {
    fn new() -> Courtesy {
        Courtesy { owed_until: Instant::now() }
    }

    fn give_way(&mut self) {
        let now = Instant::now();
        if now >= self.owed_until {
            std::thread::yield_now();
            let given = now.elapsed();
            self.owed_until = now + 2 * given;
        }
    }
}

/// What takes a snapshot in.
pub(crate) enum Sink<W> {
    /// An RDB file whose head is written.
    Rdb(Writer<W>),
    /// Commands, one after the other.
    Commands(W),
}

impl<W: Write + Send> Sink<W> {
    /// Writes the libraries and then the records of `snapshot`, but for databases that are `left_out`. After each part
    /// `goes_on` is told how many keys it had, and may put an end to it.
    pub fn take(
        &mut self,
        snapshot: Snapshot<'_>,
        functions: &Registry,
        left_out: impl Fn(u16) -> bool,
        goes_on: impl FnMut(usize) -> io::Result<()>,
    ) -> io::Result<()> {
        for library in functions.libraries.values() {
            self.function(&library.code)?;
        }
        let sizes = snapshot.sizes().to_vec();
        let queue = Queue::default();
        std::thread::scope(|scope| {
            let closing = Closing(&queue);
            let writer = std::thread::Builder::new().name("saver-writer".to_owned());
            let writer = writer.spawn_scoped(scope, || self.write_all(&queue, sizes))?;
            let made = make_records(snapshot, &queue, left_out, goes_on);
            if made.is_ok() {
                queue.close();
            } else {
                drop(closing);
            }
            let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
            made.and(written)
        })
    }

    /// Writes what comes.
    fn write_all(&mut self, queue: &Queue, mut sizes: Vec<DatabaseSize>) -> io::Result<()> {
        let _closing = Closing(queue);
        let (mut selected, mut before) = (None, None);
        let mut courtesy = Courtesy::new();
        while let Some(piece) = queue.take(before) {
            if selected.replace(piece.database) != Some(piece.database) {
                let size = sizes.iter().position(|size| size.database == piece.database);
                let size = size.map(|at| sizes.swap_remove(at));
                self.database(piece.database, size.map(|size| (size.keys as u64, size.deadlines as u64)))?;
            }
            match self {
                Sink::Rdb(writer) => writer.record(&piece.records)?,
                Sink::Commands(out) => out.write_all(&piece.records)?,
            }
            before = Some(piece);
            courtesy.give_way();
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

/// Has the records of `snapshot` be made and puts them into `queue`; when nobody takes them any more, that is no error here.
fn make_records(
    mut snapshot: Snapshot<'_>,
    queue: &Queue,
    left_out: impl Fn(u16) -> bool,
    mut goes_on: impl FnMut(usize) -> io::Result<()>,
) -> io::Result<()> {
    let fault = |fault: keyspace::fault::Fault| io::Error::other(fault.to_string());
    let (mut piece, mut records) = (Piece::default(), Vec::new());
    let mut courtesy = Courtesy::new();
    while let Some(part) = snapshot.next(&mut records).map_err(fault)? {
        goes_on(part.keys)?;
        courtesy.give_way();
        if part.keys == 0 || left_out(part.database) {
            continue;
        }
        let is_full = piece.records.len() + records.len() > PIECE_BYTES;
        if (is_full || piece.database != part.database) && !piece.records.is_empty() && !queue.put(&mut piece)
        {
            return Ok(());
        }
        piece.database = part.database;
        if records.len() > PIECE_BYTES {
            std::mem::swap(&mut piece.records, &mut records);
        } else {
            piece.records.extend_from_slice(&records);
        }
    }
    if !piece.records.is_empty() {
        queue.put(&mut piece);
    }
    Ok(())
}
