//! One replica that follows this server: what it was sent, and what it has told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Instant;

use config::OutputBufferLimit;
use replication::Greeting;
use sync::Mutex;

use super::feed::Feed;
use crate::client::Client;

/// Pieces of a snapshot that may wait to be sent.
const PIECES_MAX: usize = 64;

/// Where a replica is, as INFO calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// A snapshot is to be made for it.
    Waiting = 0,
    /// It is sent a snapshot.
    Sending = 1,
    /// It was sent all of a snapshot, and has yet to say that it has taken it in: until then it would take the stream
    /// for a part of the snapshot.
    Loading = 2,
    /// It is sent the stream.
    Online = 3,
}

impl Stage {
    /// Redis' name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "wait_bgsave",
            Self::Sending | Self::Loading => "send_bulk",
            Self::Online => "online",
        }
    }
}

/// A replica. Its connection's task sends, others fill.
pub(crate) struct Replica {
    /// Its connection.
    pub client: Arc<Client>,
    /// What it told of itself.
    pub greeting: Greeting,
    /// Whether it is to be told which stream the snapshot belongs to: not where it asked by `SYNC`.
    pub takes_position: bool,
    /// When it came.
    pub came: Instant,
    stage: AtomicU8,
    /// Whether it is to be told that it waits.
    is_told: AtomicBool,
    /// How much of the stream was handed to its connection.
    sent: AtomicU64,
    /// Whether its connection has nothing to send, and is to be woken when there is.
    is_idle: AtomicBool,
    acknowledged: AtomicU64,
    safe: AtomicU64,
    heard_ms: AtomicU64,
    /// Since when it lags by more than the soft limit, in Unix milliseconds; 0 when it does not.
    lags_since_ms: AtomicU64,
    pieces: Mutex<Option<Receiver<Vec<u8>>>>,
}

/// What came of handing a piece of a snapshot to a replica.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It will be sent.
    Taken,
    /// There is no room for it now.
    Full(Vec<u8>),
    /// The replica is gone.
    Gone,
}

/// The other end of a replica's snapshot.
pub(crate) struct Pieces {
    replica: Arc<Replica>,
    /// Until this end goes.
    sender: Option<SyncSender<Vec<u8>>>,
}

impl Pieces {
    /// The replica.
    pub fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// Hands over a piece.
    pub fn hand_over(&self, piece: Vec<u8>) -> Handed {
        if self.replica.client.is_killed() {
            return Handed::Gone;
        }
        let Some(sender) = &self.sender else { return Handed::Gone };
        match sender.try_send(piece) {
            Ok(()) => {
                self.replica.client.wake();
                Handed::Taken
            }
            Err(TrySendError::Full(piece)) => Handed::Full(piece),
            Err(TrySendError::Disconnected(_)) => Handed::Gone,
        }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // It learns that there is no more; woken before, it would find that there may be.
        drop(self.sender.take());
        self.replica.client.wake();
    }
}

impl Replica {
    /// A replica whose connection is `client`'s, at `now_ms`.
    pub fn new(client: Arc<Client>, greeting: Greeting, takes_position: bool, now_ms: u64) -> Replica {
        Replica {
            client,
            greeting,
            takes_position,
            came: Instant::now(),
            stage: AtomicU8::new(Stage::Waiting as u8),
            is_told: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            is_idle: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            safe: AtomicU64::new(0),
            heard_ms: AtomicU64::new(now_ms),
            lags_since_ms: AtomicU64::new(0),
            pieces: Mutex::new(None),
        }
    }

    /// Where others find it.
    pub fn address(&self) -> &str {
        match &self.greeting.address {
            Some(address) => address,
            None => self.client.address.rsplit_once(':').map_or("", |(host, _)| host),
        }
    }

    /// Where it is.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Waiting,
            1 => Stage::Sending,
            2 => Stage::Loading,
            _ => Stage::Online,
        }
    }

    /// It gets the stream from here on.
    pub fn begin_at(&self, offset: u64) {
        self.sent.store(offset, Ordering::Relaxed);
        self.acknowledged.store(offset, Ordering::Relaxed);
    }

    /// It gets the stream now.
    pub fn go_online(&self) {
        self.stage.store(Stage::Online as u8, Ordering::Relaxed);
    }

    /// Has it learn, by an empty line, that there is a snapshot to come: it would take silence for the end.
    pub fn tell_of_waiting(&self) {
        self.is_told.store(true, Ordering::Relaxed);
        self.client.wake();
    }

    /// It will get a snapshot, in pieces.
    pub fn expect_pieces(self: &Arc<Self>) -> Pieces {
        let (sender, receiver) = sync_channel(PIECES_MAX);
        let mut pieces = self.pieces.lock();
        *pieces = Some(receiver);
        self.stage.store(Stage::Sending as u8, Ordering::Relaxed);
        drop(pieces);
        Pieces { replica: Arc::clone(self), sender: Some(sender) }
    }

    /// How much of the stream was handed to its connection.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// So many bytes of the stream were handed to its connection; none says that it waits for some.
    pub fn has_taken(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.is_idle.store(bytes == 0, Ordering::Relaxed);
    }

    /// There is more of the stream.
    pub fn more(&self) {
        if self.is_idle.load(Ordering::Relaxed) && self.is_idle.swap(false, Ordering::Relaxed) {
            self.client.wake();
        }
    }

    /// It was handed all of its snapshot.
    pub fn has_all_pieces(&self) {
        self.stage.store(Stage::Loading as u8, Ordering::Relaxed);
    }

    /// Adds to `out` what is to be sent next, if anything. `false` when it can get no more.
    pub fn pull(&self, feed: &Feed, out: &mut Vec<u8>) -> bool {
        let mut pieces = self.pieces.lock();
        // Under the lock: within a snapshot it would be a part of that.
        if self.is_told.swap(false, Ordering::Relaxed) && self.stage() == Stage::Waiting {
            out.push(b'\n');
        }
        match pieces.as_ref().map(Receiver::try_recv) {
            Some(Ok(piece)) => out.extend_from_slice(&piece),
            Some(Err(TryRecvError::Empty)) => {}
            Some(Err(TryRecvError::Disconnected)) => {
                // Where it is still being sent, whoever made the snapshot gave up. Only now is that certain.
                if self.stage() == Stage::Sending || self.greeting.wants_snapshot_only {
                    return false;
                }
                *pieces = None;
            }
            None => {}
        }
        pieces.is_some() || self.stage() != Stage::Online || feed.read(self, out)
    }

    /// It says that it has so much of the stream, and so much of that on its disk.
    pub fn acknowledge(&self, offset: u64, safe: Option<u64>, now_ms: u64) {
        self.acknowledged.fetch_max(offset, Ordering::Relaxed);
        if let Some(safe) = safe {
            self.safe.fetch_max(safe, Ordering::Relaxed);
        }
        self.heard_ms.store(now_ms, Ordering::Relaxed);
        if self.stage() == Stage::Loading {
            self.go_online();
            self.client.wake();
        }
    }

    /// How much of the stream it has, as it says.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// How much of the stream it has on its disk, as it says.
    pub fn safe(&self) -> u64 {
        self.safe.load(Ordering::Relaxed)
    }

    /// When it was heard of last, in Unix milliseconds.
    pub fn heard_ms(&self) -> u64 {
        self.heard_ms.load(Ordering::Relaxed)
    }

    /// Whether it has lagged behind the stream, which has `offset` bytes, by more than the soft limit for as long as may
    /// be. To be asked every second.
    pub fn lags_too_long(&self, offset: u64, limits: OutputBufferLimit, now_ms: u64) -> bool {
        let lag_bytes = offset.saturating_sub(self.sent());
        if limits.soft_bytes == 0 || lag_bytes <= limits.soft_bytes {
            self.lags_since_ms.store(0, Ordering::Relaxed);
            return false;
        }
        match self.lags_since_ms.load(Ordering::Relaxed) {
            0 => {
                self.lags_since_ms.store(now_ms, Ordering::Relaxed);
                false
            }
            since_ms => now_ms.saturating_sub(since_ms) / 1000 > limits.soft_seconds,
        }
    }

    /// Lets it go because it lags by so many bytes.
    pub fn let_go(&self, bytes: u64) {
        tracing::warn!(
            replica = %self.client.address,
            bytes,
            "Closing the connection of a replica that lags too far (client-output-buffer-limit replica)"
        );
        self.disconnect();
    }

    /// Closes its connection.
    pub fn disconnect(&self) {
        self.client.kill();
    }
}
