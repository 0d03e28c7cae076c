//! Snapshots for replicas that begin: sent while they are made, without a file. A replica that has to know the length of
//! what comes (it has not announced `capa eof`) is sent the same from a file, when that is whole.
//!
//! One snapshot serves all replicas that wait when it begins, which is at once or after `repl-diskless-sync-delay`. The thread that makes it is held up by the slowest of them,
//! and those who change what it has not come by may be held up by it ([`keyspace::snapshot`]); so when they would be, whoever
//! does not take what it gets is let go. `repl-full-sync-rate` is kept to as long as they would not be.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keyspace::{CannotBegin, Snapshot};
use rdb::Version;
use rdb::file::Writer;
use replication::{Position, Reason};
use resp::Reply;

use super::replica::{Handed, Pieces, Replica, Stage};
use super::saved::Saved;
use super::spool::Spool;
use crate::clock::unix_ms;
use crate::saving::file::{delay, encoder, version, write_head};
use crate::saving::sink::Sink;
use crate::scripting::Registry;
use crate::server::Server;
use crate::session::Session;
use commands::{Error, Result};

/// Bytes that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;

/// How long a replica may take nothing while others wait for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the mark at the end is.
const MARK_BYTES: usize = 40;

impl Session {
    /// Makes the client a replica: one that goes on where `asked` says, by the stream's name and its next byte, if it
    /// may, and otherwise one that begins with a snapshot.
    pub(crate) fn become_replica(&mut self, asked: Option<(&[u8], i64)>, reply: &mut Reply) -> Result<()> {
        let server = Arc::clone(&self.server);
        let replication = &server.replication;
        if self.replica.is_some() {
            return Ok(());
        }
        if let Some(following) = replication.following()
            && following.link != super::LinkState::Connected
        {
            return Err(Error::fixed("NOMASTERLINK Can't SYNC while not connected with my master"));
        }
        server.record_for_replicas();
        let (client, greeting) = (Arc::clone(&self.client), self.greeting.clone());
        let replica = Arc::new(Replica::new(client, greeting, asked.is_some(), unix_ms()));
        self.client.set(crate::client::ClientFlag::Replica, true);
        let (id, first) = asked.unwrap_or((b"?", -1));
        match replication.feed.resume(&replica, id, first) {
            Ok(name) => {
                replica.go_online();
                if replica.greeting.takes_names {
                    reply.simple(format!("CONTINUE {name}"));
                } else {
                    reply.simple("CONTINUE");
                }
                server.statistics.partial_syncs.add(1);
                tracing::info!(replica = %self.client.address, "The replica goes on where it was");
            }
            Err(reason) => {
                if reason != Reason::Asked {
                    server.statistics.partial_syncs_refused.add(1);
                }
                server.statistics.full_syncs.add(1);
                tracing::info!(replica = %self.client.address, ?reason, "The replica is sent all that there is");
                replication.waiting.lock().push(Arc::clone(&replica));
                server.send_snapshots();
            }
        }
        self.replica = Some(replica);
        Ok(())
    }
}

impl Server {
    /// Has those who wait get snapshots, if that is not under way.
    fn send_snapshots(self: &Arc<Self>) {
        if self.replication.is_sending.swap(true, Ordering::AcqRel) {
            return;
        }
        let server = Arc::clone(self);
        let spawned = std::thread::Builder::new().name("replica-sync".to_owned()).spawn(move || {
            loop {
                server.wait_for_more_replicas();
                let waiting = std::mem::take(&mut *server.replication.waiting.lock());
                if waiting.is_empty() {
                    server.replication.is_sending.store(false, Ordering::Release);
                    // Somebody may have come just now, and gone by.
                    let is_again = !server.replication.waiting.lock().is_empty()
                        && !server.replication.is_sending.swap(true, Ordering::AcqRel);
                    if is_again {
                        continue;
                    }
                    return;
                }
                send_snapshot(&server, &waiting);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "No thread to send replicas what there is");
            self.replication.is_sending.store(false, Ordering::Release);
            std::mem::take(&mut *self.replication.waiting.lock())
                .iter()
                .for_each(|replica| replica.disconnect());
        }
    }

    /// Returns when those who wait for a snapshot have done so for `repl-diskless-sync-delay`, or are
    /// `repl-diskless-sync-max-replicas`, or are gone.
    fn wait_for_more_replicas(&self) {
        const LOOKED_EVERY: Duration = Duration::from_millis(10);
        const TOLD_EVERY: Duration = Duration::from_secs(1);
        let mut told = Instant::now();
        loop {
            let settings = self.settings();
            let delay = Duration::from_secs(u64::from(settings.replication.repl_diskless_sync_delay_s));
            let enough = settings.replication.repl_diskless_sync_replicas_max as usize;
            {
                let mut waiting = self.replication.waiting.lock();
                waiting.retain(|replica| !replica.client.is_killed());
                let is_over = waiting.first().is_none_or(|first| first.came.elapsed() >= delay);
                if is_over || enough > 0 && waiting.len() >= enough {
                    return;
                }
                if told.elapsed() >= TOLD_EVERY {
                    told = Instant::now();
                    waiting.iter().for_each(|replica| replica.tell_of_waiting());
                }
            }
            std::thread::sleep(LOOKED_EVERY);
        }
    }

    /// Lets those go that are being sent a snapshot, or wait for one: something else has to be saved now.
    pub(crate) fn give_up_snapshots_for_replicas(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let began = Instant::now();
        while self.replication.is_sending.load(Ordering::Acquire) && began.elapsed() < PATIENCE {
            let replicas = self.replication.replicas();
            let unfinished =
                |replica: &&Arc<Replica>| matches!(replica.stage(), Stage::Waiting | Stage::Sending);
            replicas.iter().filter(unfinished).for_each(|replica| replica.disconnect());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The version of RDB that all of `replicas` load. Redis before 8 does not say which it is: 7.0 loads version 10, and
/// nothing newer is needed unless fields of hashes have deadlines, which only 7.4 loads.
fn version_for(server: &Server, replicas: &[Arc<Replica>]) -> Version {
    let asked = version(&server.settings());
    let all_load_it = replicas.iter().all(|replica| replica.greeting.is_at_least(7, 2));
    let is_needed = (0..server.keyspace.databases()).any(|database| server.keyspace.timed(database) > 0);
    if all_load_it || is_needed { asked } else { asked.min(Version::V10) }
}

/// Makes one snapshot and sends it to `replicas`.
fn send_snapshot(server: &Arc<Server>, replicas: &[Arc<Replica>]) {
    let settings = server.settings();
    let (snapshot, functions, saved, version) = loop {
        let between = server.replication.between_units();
        let version = version_for(server, replicas);
        // What the version depends on may have changed by then.
        let at_the_instant = || {
            let functions = server.scripting.functions.now();
            (version_for(server, replicas) == version)
                .then(|| (functions, server.replication.feed.join(replicas)))
        };
        let begun = server.keyspace.begin_snapshot(encoder(&settings, version), at_the_instant);
        drop(between);
        match begun {
            Ok((snapshot, Some((functions, saved)))) => break (snapshot, functions, saved, version),
            Ok((_, None)) => {}
            // The server saves; the replica learns that it waits.
            Err(CannotBegin::Runs) => {
                replicas.iter().for_each(|replica| replica.tell_of_waiting());
                std::thread::sleep(Duration::from_millis(100));
                if replicas.iter().all(|replica| replica.client.is_killed()) {
                    return;
                }
            }
            Err(CannotBegin::Fault(fault)) => {
                tracing::warn!("Replicas cannot be sent what there is: {fault}");
                return replicas.iter().for_each(|replica| replica.disconnect());
            }
        }
    };
    let began = Instant::now();
    let mut fan = Fan::new(server, replicas, saved.position);
    let head = Head { saved, version };
    let result = write(server, &mut fan, head, snapshot, &functions, replicas).and_then(|()| fan.finish());
    match result {
        Ok(()) => tracing::info!(
            seconds = began.elapsed().as_secs_f64(),
            bytes = fan.written,
            "Replicas were sent all that there is"
        ),
        Err(error) => {
            tracing::warn!(%error, "Replicas were not sent all that there is");
            replicas.iter().for_each(|replica| replica.disconnect());
        }
    }
}

/// What stands at the beginning of a snapshot.
struct Head {
    saved: Saved,
    version: Version,
}

/// Writes everything as an RDB file.
fn write(
    server: &Server,
    fan: &mut Fan<'_>,
    Head { saved, version }: Head,
    snapshot: Snapshot<'_>,
    functions: &Registry,
    replicas: &[Arc<Replica>],
) -> io::Result<()> {
    let settings = server.settings();
    let mut writer = Writer::new(fan, version, settings.persistence.rdbchecksum)?;
    write_head(server, &mut writer, &saved.to_aux())?;
    let mut sink = Sink::Rdb(writer);
    let nobody_is_left = || replicas.iter().all(|replica| replica.client.is_killed());
    sink.take(
        snapshot,
        functions,
        |_| false,
        |keys| {
            delay(server, keys, nobody_is_left);
            Ok(())
        },
    )?;
    sink.finish().map(drop)
}

/// Hands what is written to several replicas.
struct Fan<'s> {
    server: &'s Arc<Server>,
    to: Vec<Pieces>,
    /// For those that have to know the length.
    file: Option<Filed>,
    position: Position,
    piece: Vec<u8>,
    mark: [u8; MARK_BYTES],
    written: u64,
    pace: Pace,
}

/// What is sent when it is whole.
struct Filed {
    spool: Spool,
    file: File,
    to: Vec<Pieces>,
}

impl<'s> Fan<'s> {
    /// Begins with what tells a replica which snapshot it gets.
    fn new(server: &'s Arc<Server>, replicas: &[Arc<Replica>], position: Position) -> Self {
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(super::random_id().as_bytes());
        let (unmeasured, measured): (Vec<_>, Vec<_>) =
            replicas.iter().partition(|replica| replica.greeting.takes_unmeasured);
        let head = [b"$EOF:", mark.as_slice(), b"\r\n"].concat();
        let to = unmeasured.into_iter().filter_map(|replica| begin(replica, position, &head)).collect();
        let file = if measured.is_empty() { None } else { Filed::new(server, &measured) };
        Fan { server, to, file, position, piece: Vec::new(), mark, written: 0, pace: Pace::new() }
    }

    fn finish(&mut self) -> io::Result<()> {
        // What is in the file has no mark, and ends where the snapshot does.
        self.hand_over()?;
        if let Some(filed) = self.file.take() {
            filed.send(Arc::clone(self.server), self.position, self.written);
        }
        if !self.to.is_empty() {
            self.piece.extend_from_slice(&self.mark);
            self.hand_over()?;
        }
        for pieces in self.to.drain(..) {
            pieces.replica().has_all_pieces();
        }
        Ok(())
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.written += piece.len() as u64;
        let server = self.server;
        // What goes into the file alone is sent later.
        if !self.to.is_empty() {
            self.pace.keep(server, &self.to, piece.len());
        }
        self.file = self.file.take().filter(|filed| filed.is_wanted()).and_then(|mut filed| {
            match filed.file.write_all(&piece) {
                Ok(()) => Some(filed),
                Err(error) => {
                    tracing::warn!(%error, "The file of a snapshot for replicas cannot be written");
                    filed.to.iter().for_each(|pieces| pieces.replica().disconnect());
                    None
                }
            }
        });
        self.to.retain(|pieces| hand_over_to(server, pieces, piece.clone()));
        if self.to.is_empty() && self.file.is_none() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "no replica is left to send it to"));
        }
        Ok(())
    }
}

/// Has a replica expect a snapshot of the stream at `position` that begins with `head`.
fn begin(replica: &Arc<Replica>, position: Position, head: &[u8]) -> Option<Pieces> {
    let pieces = replica.expect_pieces();
    tell(&pieces, position, head).then_some(pieces)
}

/// Tells a replica what comes; says whether it is still there.
fn tell(pieces: &Pieces, Position { id, offset }: Position, head: &[u8]) -> bool {
    let named = if pieces.replica().takes_position {
        format!("+FULLRESYNC {id} {offset}\r\n")
    } else {
        String::new()
    };
    // It is the first, and there is room for many.
    pieces.hand_over([named.as_bytes(), head].concat()) == Handed::Taken
}

impl Filed {
    fn new(server: &Server, replicas: &[&Arc<Replica>]) -> Option<Filed> {
        let spool = Spool::new(server);
        match spool.create() {
            Ok(file) => {
                let to = replicas.iter().map(|replica| replica.expect_pieces()).collect();
                Some(Filed { spool, file, to })
            }
            Err(error) => {
                tracing::warn!(%error, "No file can be made for the snapshot of replicas without capa eof");
                replicas.iter().for_each(|replica| replica.disconnect());
                None
            }
        }
    }

    fn is_wanted(&self) -> bool {
        self.to.iter().any(|pieces| !pieces.replica().client.is_killed())
    }

    /// Sends the whole of `bytes`, on a thread of its own: nothing but the file waits for it.
    fn send(self, server: Arc<Server>, position: Position, bytes: u64) {
        let replicas: Vec<_> = self.to.iter().map(|pieces| Arc::clone(pieces.replica())).collect();
        let work = move || {
            let replicas: Vec<_> = self.to.iter().map(|pieces| Arc::clone(pieces.replica())).collect();
            if let Err(error) = self.send_all(&server, position, bytes) {
                tracing::warn!(%error, "The file of a snapshot was not sent");
                replicas.iter().for_each(|replica| replica.disconnect());
            }
        };
        if let Err(error) = std::thread::Builder::new().name("replica-file".to_owned()).spawn(work) {
            tracing::warn!(%error, "No thread to send replicas a file");
            replicas.iter().for_each(|replica| replica.disconnect());
        }
    }

    fn send_all(mut self, server: &Server, position: Position, bytes: u64) -> io::Result<()> {
        let head = format!("${bytes}\r\n");
        self.to.retain(|pieces| tell(pieces, position, head.as_bytes()));
        self.file.seek(io::SeekFrom::Start(0))?;
        let (mut pace, mut left) = (Pace::new(), bytes);
        while left > 0 && !self.to.is_empty() {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let read = (&self.file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left = left.saturating_sub(read as u64);
            pace.keep(server, &self.to, read);
            self.to.retain(|pieces| hand_over_to(server, pieces, piece.clone()));
        }
        // They know where it ends, so what follows may follow at once.
        self.to.iter().for_each(|pieces| pieces.replica().go_online());
        if !self.to.is_empty() {
            tracing::info!(bytes, path = %self.spool.path().display(), "Replicas were sent a snapshot from a file");
        }
        Ok(())
    }
}

/// Keeps to `repl-full-sync-rate`.
struct Pace {
    /// When the next piece may go.
    next: Instant,
}

impl Pace {
    fn new() -> Pace {
        Pace { next: Instant::now() }
    }

    /// Waits until so many bytes more may be sent `to` each of these: not when nobody is left, nor when those who change
    /// something would have to wait for the snapshot too.
    fn keep(&mut self, server: &Server, to: &[Pieces], bytes: usize) {
        const STEP: Duration = Duration::from_millis(5);
        let rate = server.settings().replication.repl_full_sync_rate;
        if rate == 0 {
            return;
        }
        let is_wanted = || to.iter().any(|pieces| !pieces.replica().client.is_killed());
        while let Some(left) = self.next.checked_duration_since(Instant::now())
            && is_wanted()
            && !server.keyspace.is_snapshot_full()
        {
            std::thread::sleep(left.min(STEP));
        }
        // What it did not use of its time is not made up for.
        self.next = self.next.max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / rate as f64);
    }
}

/// Hands a piece to one replica, and says whether that is still there.
fn hand_over_to(server: &Server, pieces: &Pieces, mut piece: Vec<u8>) -> bool {
    let mut waiting_since = None;
    loop {
        piece = match pieces.hand_over(piece) {
            Handed::Taken => return true,
            Handed::Gone => return false,
            Handed::Full(piece) => piece,
        };
        let waited = waiting_since.get_or_insert_with(Instant::now).elapsed();
        let timeout = Duration::from_secs(u64::from(server.settings().replication.repl_timeout_s));
        let reason = if waited > PATIENCE && server.keyspace.is_snapshot_full() {
            "others would have to wait for it"
        } else if waited > timeout {
            "it has taken nothing for repl-timeout"
        } else {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        tracing::warn!(
            replica = %pieces.replica().client.address,
            "Letting a replica go that does not take its snapshot: {reason}"
        );
        pieces.replica().disconnect();
        return false;
    }
}

impl Write for Fan<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
