//! Snapshots for replicas that begin: made without a file, and sent while they are made.
//!
//! One snapshot serves all replicas that wait when it begins. The thread that makes it is held up by the slowest of them,
//! and those who change what it has not come by may be held up by it ([`keyspace::snapshot`]); so when they would be, whoever
//! does not take what it gets is let go.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use keyspace::{CannotBegin, Snapshot};
use rdb::Version;
use rdb::file::Writer;
use replication::{Position, Reason};
use resp::Reply;

use super::replica::{Handed, Pieces, Replica};
use crate::clock::unix_ms;
use crate::saving::file::{encoder, version, write_head};
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
        if !self.greeting.takes_unmeasured {
            return Err(Error::fixed("ERR A replica has to announce REPLCONF capa eof"));
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
fn send_snapshot(server: &Server, replicas: &[Arc<Replica>]) {
    let settings = server.settings();
    let (snapshot, functions, position, version) = loop {
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
            Ok((snapshot, Some((functions, position)))) => break (snapshot, functions, position, version),
            Ok((_, None)) => {}
            // The server saves; the replica learns that it waits.
            Err(CannotBegin::Runs) => {
                replicas.iter().for_each(|replica| replica.client.send(b"\n"));
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
    let mut fan = Fan::new(server, replicas, position);
    let head = Head { position, version };
    let result = write(server, &mut fan, head, snapshot, &functions).and_then(|()| fan.finish());
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
    position: Position,
    version: Version,
}

/// Writes everything as an RDB file.
fn write(
    server: &Server,
    fan: &mut Fan<'_>,
    Head { position, version }: Head,
    snapshot: Snapshot<'_>,
    functions: &Registry,
) -> io::Result<()> {
    let settings = server.settings();
    let mut writer = Writer::new(fan, version, settings.persistence.rdbchecksum)?;
    let besides = [
        ("repl-stream-db", "0".to_owned()),
        ("repl-id", position.id.to_string()),
        ("repl-offset", position.offset.to_string()),
    ];
    write_head(server, &mut writer, &besides)?;
    let mut sink = Sink::Rdb(writer);
    sink.take(snapshot, functions, |_| false, |_| Ok(()))?;
    sink.finish().map(drop)
}

/// Hands what is written to several replicas.
struct Fan<'s> {
    server: &'s Server,
    to: Vec<Pieces>,
    piece: Vec<u8>,
    mark: [u8; MARK_BYTES],
    written: u64,
}

impl<'s> Fan<'s> {
    /// Begins with what tells a replica which snapshot it gets.
    fn new(server: &'s Server, replicas: &[Arc<Replica>], position: Position) -> Self {
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(super::random_id().as_bytes());
        let Position { id, offset } = position;
        let begin = |replica: &Arc<Replica>| {
            let named =
                if replica.takes_position { format!("+FULLRESYNC {id} {offset}\r\n") } else { String::new() };
            let pieces = replica.expect_pieces();
            let head = [named.as_bytes(), b"$EOF:", &mark, b"\r\n"].concat();
            // It is the first, and there is room for many.
            (pieces.hand_over(head) == Handed::Taken).then_some(pieces)
        };
        let to = replicas.iter().filter_map(begin).collect();
        Fan { server, to, piece: Vec::new(), mark, written: 0 }
    }

    fn finish(&mut self) -> io::Result<()> {
        let mark = self.mark;
        self.piece.extend_from_slice(&mark);
        self.hand_over()?;
        for pieces in self.to.drain(..) {
            pieces.replica().has_all_pieces();
        }
        Ok(())
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.written += piece.len() as u64;
        let server = self.server;
        self.to.retain(|pieces| hand_over_to(server, pieces, piece.clone()));
        if self.to.is_empty() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "no replica is left to send it to"));
        }
        Ok(())
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
        let since = *waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() > PATIENCE && server.keyspace.is_snapshot_full() {
            tracing::warn!(
                replica = %pieces.replica().client.address,
                "Letting a replica go that takes its snapshot so slowly that others would have to wait"
            );
            pieces.replica().disconnect();
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
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
