//! Where the stream was when data was saved, so that a restart need not have replicas, or this server, begin anew.
//!
//! A snapshot says it itself, as Redis' does (`repl-id`, `repl-offset`, `repl-stream-db`): it is the position of exactly
//! what is in it, whatever has become of the process since. So do databases on disk, where all are (the feed's `stored.rs`).
//! Where only some are, the position is in a file that is there only between a clean end and the next start:
//! [`Server::keep_stream`] writes it when all is on disk and nobody is left who could change anything, and [`take_kept`]
//! removes it before anything can change. After any other end there is none, and replicas begin anew.
//!
//! The file has the backlog too, also that of a server whose databases are in memory. Where the position comes from a
//! snapshot, that counts only if it ends just there. The file of a store is in the store's directory, so that whoever puts
//! another store in its place does not leave it behind.
//!
//! Its first line is `esker-stream 2 ID OFFSET DATABASE BYTES CHECKSUM CHECKSUM` and is followed by as many bytes of backlog.
//! The checksums are the CRC-64 of these and of what stands before the second, in hexadecimal: if the position were another,
//! nobody would notice that replicas have other data. (Version 1 had no second one. Such a file is not believed.)

use keyspace::Taker;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rdb::file::{Item, Reader};
use replication::{Position, ReplicationId};

use super::random_id;
use crate::server::Server;

/// The file's name.
const FILE: &str = "esker-stream";

/// How its first line begins.
const MAGIC: &str = "esker-stream 2";

/// The longest first line.
const LINE_BYTES_MAX: usize = 160;

/// Where a stream is, and which of the databases what follows is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// Which stream, and how many bytes of it.
    pub position: Position,
    /// What it has selected.
    pub database: u16,
}

impl Saved {
    /// As a snapshot says it.
    pub fn to_aux(self) -> [(&'static str, String); 3] {
        [
            ("repl-stream-db", self.database.to_string()),
            ("repl-id", self.position.id.to_string()),
            ("repl-offset", self.position.offset.to_string()),
        ]
    }
}

/// What the snapshot at `path` says, if it says anything. Errors are for whoever loads it.
pub(crate) fn in_snapshot(path: &Path) -> Option<Saved> {
    let mut reader = Reader::new(BufReader::new(File::open(path).ok()?)).ok()?;
    let (mut id, mut offset, mut database) = (None, None, None);
    while let Ok(Item::Aux(name, value)) = reader.next() {
        let number = || base::number::parse_i64(&value);
        match name.as_slice() {
            b"repl-id" => id = ReplicationId::parse(&value),
            b"repl-offset" => offset = number().and_then(|number| u64::try_from(number).ok()),
            b"repl-stream-db" => database = number().and_then(|number| u16::try_from(number).ok()),
            _ => {}
        }
    }
    Some(Saved { position: Position { id: id?, offset: offset? }, database: database? })
}

/// What a clean end has left.
pub(crate) struct Kept {
    saved: Saved,
    backlog: Vec<u8>,
}

/// Whether the last end has left something, or what is stored says where in a stream it is.
pub(crate) fn is_kept(server: &Server) -> bool {
    path(server).exists() || server.replication.feed.stored_end().is_some()
}

/// Takes what the last end has left, if that was clean: it will not be there a second time.
pub(crate) fn take_kept(server: &Server) -> Option<Kept> {
    let path = path(server);
    let bytes = std::fs::read(&path).ok()?;
    let removed = std::fs::remove_file(&path).and_then(|()| sync_dir(&path));
    if let Err(error) = removed {
        // It would be believed again after an end that was not clean.
        tracing::warn!(%error, path = %path.display(), "Replicas will begin anew: the file cannot be removed");
        return None;
    }
    let kept = parse(&bytes);
    if kept.is_none() {
        tracing::warn!(path = %path.display(), "Replicas will begin anew: the file is damaged");
    }
    kept
}

fn parse(bytes: &[u8]) -> Option<Kept> {
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    let backlog = rest.get(1..)?.to_vec();
    let (head, checksum) = std::str::from_utf8(line).ok()?.rsplit_once(' ')?;
    let mut words = head.strip_prefix(MAGIC)?.split_ascii_whitespace();
    let id = ReplicationId::parse(words.next()?.as_bytes())?;
    let offset = words.next()?.parse().ok()?;
    let database = words.next()?.parse().ok()?;
    let is = |text: &str, bytes: &[u8]| u64::from_str_radix(text, 16) == Ok(rdb::checksum(bytes));
    let is_whole = words.next()?.parse() == Ok(backlog.len())
        && is(words.next()?, &backlog)
        && is(checksum, head.as_bytes())
        && offset >= backlog.len() as u64;
    is_whole.then_some(Kept { saved: Saved { position: Position { id, offset }, database }, backlog })
}

/// The first line of a file with this position, and its end.
fn first_line(position: &str, backlog: &[u8]) -> String {
    let head = format!("{MAGIC} {position} {} {:016x}", backlog.len(), rdb::checksum(backlog));
    format!("{head} {:016x}\n", rdb::checksum(head.as_bytes()))
}

fn path(server: &Server) -> PathBuf {
    let dir = server.settings().process.dir.clone();
    if server.has_stored_databases() { dir.join(crate::store::DIR).join(FILE) } else { dir.join(FILE) }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

impl Server {
    /// Goes on with the stream that what was loaded belongs to. To be called when all is loaded and before anybody is
    /// served; `snapshot` is what a snapshot said of which everything was loaded, and nothing else.
    pub(crate) fn resume_stream(&self, snapshot: Option<Saved>, kept: Option<Kept>) {
        let feed = &self.replication.feed;
        let (saved, backlog, history) = match (snapshot, kept) {
            (Some(saved), Some(kept)) if kept.saved.position == saved.position => (saved, kept.backlog, None),
            (Some(saved), _) => (saved, Vec::new(), None),
            (None, Some(kept)) if self.has_stored_only() => (kept.saved, kept.backlog, None),
            _ => match feed.stored_end() {
                Some((saved, history)) => (saved, Vec::new(), Some(history)),
                None => return,
            },
        };
        if saved.database >= self.keyspace.databases() {
            return;
        }
        match history {
            Some(history) => feed.resume_stored(saved, history),
            None => feed.resume_at(saved, &backlog),
        }
        let Position { id, offset } = saved.position;
        if self.settings().replication.replicaof.is_none() {
            feed.lead(random_id());
            self.give_effects(Taker::Replicas, true);
        }
        let backlog = feed.figures().kept_bytes;
        tracing::info!(%id, offset, backlog, "The stream goes on where it was");
    }

    /// Whether databases on disk have all that there is.
    fn has_stored_only(&self) -> bool {
        let mut databases = 0..self.keyspace.databases();
        let is_stored = |database| self.keyspace.engine(database).is_stored();
        databases.clone().any(is_stored)
            && databases.all(|database| is_stored(database) || self.keyspace.len(database) == 0)
    }

    /// Has what is stored say where the stream is. To be called before the store is closed, when nobody is left who could
    /// change anything.
    pub fn mark_stream(&self) {
        self.replication.feed.mark();
    }

    /// Keeps where the stream is for the next start. To be called when all is on disk and nobody is left who could change
    /// anything.
    pub fn keep_stream(&self) {
        if self.replication.feed.is_stored() {
            // What is stored says it.
            return;
        }
        if self.has_stored_databases() && !self.has_stored_only() {
            // Some of what there is, is not in the store, and nothing says that what is loaded in its place is of the same
            // moment.
            return;
        }
        let Some((saved, backlog)) = self.replication.feed.saved_with_backlog() else { return };
        let path = path(self);
        let temporary = path.with_extension("temp");
        let Saved { position: Position { id, offset }, database } = saved;
        let line = first_line(&format!("{id} {offset} {database}"), &backlog);
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
            file.write_all(line.as_bytes())?;
            file.write_all(&backlog)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            sync_dir(&path)
        })();
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "Replicas may have to begin anew at the next start");
        }
    }
}

/// Loads what is saved as `load` does, which gets to know whether a snapshot's position is to be gone on from, and then
/// goes on with the stream.
pub(crate) fn load_and_resume<E>(
    server: &Arc<Server>,
    is_all_from_snapshot: bool,
    load: impl FnOnce(bool) -> Result<bool, E>,
) -> Result<(), E> {
    let kept = take_kept(server);
    let snapshot =
        if is_all_from_snapshot { in_snapshot(&crate::saving::file::path(&server.settings())) } else { None };
    let is_loaded = load(snapshot.is_some())?;
    server.resume_stream(snapshot.filter(|_| is_loaded), kept);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(position: &str, backlog: &[u8]) -> Vec<u8> {
        [first_line(position, backlog).as_bytes(), backlog].concat()
    }

    #[test]
    fn only_a_whole_file_is_believed() {
        let (id, backlog) = ("a".repeat(40), b"*1\r\n$4\r\nPING\r\n");
        let whole = file(&format!("{id} 100 3"), backlog);
        let kept = parse(&whole).expect("it is whole");
        assert_eq!((kept.saved.position.offset, kept.saved.database), (100, 3));
        assert_eq!(kept.backlog, backlog);
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_none(), "cut off at {end}");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                // A letter of a checksum may be a capital.
                let is_same = |found: Kept| found.saved == kept.saved && found.backlog == kept.backlog;
                assert!(parse(&damaged).is_none_or(is_same), "byte {at}, bit {bit}");
            }
        }
        let short = file(&format!("{id} 13 0"), backlog);
        assert!(parse(&short).is_none(), "a backlog is a part of the stream");
    }
}
