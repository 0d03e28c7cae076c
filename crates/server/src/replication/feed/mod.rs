//! The stream of what is done here, for those who follow.
//!
//! A primary appends what its transactions did, as requests ([`Effects`]), while their slots are locked: the order of the
//! stream is that of execution. A replica appends what its primary sends, byte by byte, so that both count the same offsets and
//! whoever follows the one can go on following the other. Before the first replica comes nothing is kept, and nothing is
//! made.
//!
//! Where all databases are on disk the stream is stored with what it tells of ([`stored`], [`storing`]), and what is not in
//! memory any more is read from there.

mod stored;
mod storing;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use keyspace::Effects;
use keyspace::engine::{Batch, Store, Streamed};
use log::encoding::{push_command, with_unit};
use replication::{Answer, Backlog, History, Position, Reason, ReplicationId, answer};
use sync::Mutex;

use super::replica::Replica;
use super::saved::Saved;
use stored::Stored;

/// The stream, and who follows it.
pub(crate) struct Feed {
    /// What is stored of it. Whoever changes the stream takes this first.
    stored: Mutex<Stored>,
    /// Where it is stored, if it is.
    store: OnceLock<Arc<dyn Store>>,
    /// Whether the store says that it is somewhere in a stream; read without the lock.
    is_known: Arc<AtomicBool>,
    inner: Mutex<Inner>,
    /// How many bytes the stream has; read without the lock.
    end: AtomicU64,
    /// Whether there is anybody to make the stream for; read without the lock.
    is_active: AtomicBool,
    /// A replica that has more than this to be sent is let go; 0 for no limit.
    lag_bytes_max: AtomicU64,
    /// Bytes that are kept in memory for replicas that lag; read without the lock.
    lagging_bytes: AtomicU64,
}

struct Inner {
    history: History,
    backlog: Backlog,
    /// The database that the stream is in, where those who follow know it: one that begins with a snapshot of a primary
    /// does not.
    selected: Option<u16>,
    /// Whether the stream is that of a primary.
    follows: bool,
    replicas: Vec<Arc<Replica>>,
    /// Where the backlog ended when it was trimmed last.
    trimmed_at: u64,
    /// Of the stream's bytes, how many come before those that are stored, and how many before those that are not yet.
    stored: Option<(u64, u64)>,
}

/// The stream is trimmed whenever it has grown by this.
const TRIM_EACH_BYTES: u64 = 64 * 1024;

/// Figures for INFO.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Whether bytes are kept.
    pub is_active: bool,
    /// The stream's names.
    pub history: History,
    /// Bytes of the stream so far.
    pub offset: u64,
    /// The number of the first byte that is kept.
    pub first_kept: u64,
    /// Bytes that are kept.
    pub kept_bytes: u64,
    /// Of these, how many in memory.
    pub memory_bytes: u64,
}

impl Feed {
    /// A stream that nobody follows yet, of which at least `bytes_min` are to be kept.
    pub fn new(id: ReplicationId, bytes_min: u64) -> Feed {
        Feed {
            stored: Mutex::default(),
            store: OnceLock::new(),
            is_known: Arc::default(),
            inner: Mutex::new(Inner {
                history: History::new(id),
                backlog: Backlog::new(0, bytes_min),
                selected: None,
                follows: false,
                replicas: Vec::new(),
                trimmed_at: 0,
                stored: None,
            }),
            end: AtomicU64::new(0),
            is_active: AtomicBool::new(false),
            lag_bytes_max: AtomicU64::new(0),
            lagging_bytes: AtomicU64::new(0),
        }
    }

    /// Takes over settings.
    pub fn configure(&self, bytes_min: u64, lag_bytes_max: u64) {
        self.lag_bytes_max.store(lag_bytes_max, Ordering::Relaxed);
        let mut inner = self.inner.lock();
        inner.backlog.keep(bytes_min);
        self.trim(&mut inner);
    }

    /// Bytes that are kept in memory beyond the backlog's own size, for replicas that lag.
    pub fn lagging_bytes(&self) -> u64 {
        self.lagging_bytes.load(Ordering::Relaxed)
    }

    fn trim(&self, inner: &mut Inner) {
        inner.trim(self.lag_bytes_max.load(Ordering::Relaxed));
        let lagging_bytes = inner.backlog.len().saturating_sub(inner.backlog.bytes_min());
        self.lagging_bytes.store(lagging_bytes, Ordering::Relaxed);
    }

    /// Whether the stream is made.
    #[inline]
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// Begins to make the stream. The caller sees to it that effects are recorded.
    pub fn activate(&self) {
        self.is_active.store(true, Ordering::Relaxed);
    }

    /// Nobody follows, or is expected back: what was kept goes. Whoever followed up to here has to begin anew, since the
    /// stream leaves out what is done from now on.
    pub fn deactivate(&self, id: ReplicationId) {
        let mut stored = self.stored.lock();
        let mut inner = self.inner.lock();
        self.is_active.store(false, Ordering::Relaxed);
        let offset = inner.backlog.end();
        inner.history = History::new(id);
        stored.forget();
        self.restart(&mut inner, offset);
    }

    /// How many bytes the stream has.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Which stream it is, and how many bytes it has.
    pub fn position(&self) -> Position {
        let inner = self.inner.lock();
        Position { id: inner.history.id(), offset: inner.backlog.end() }
    }

    /// What is to be known of it.
    pub fn figures(&self) -> Figures {
        let inner = self.inner.lock();
        Figures {
            is_active: self.is_active(),
            history: inner.history,
            offset: inner.backlog.end(),
            first_kept: *inner.kept().start(),
            kept_bytes: inner.backlog.end() + 1 - inner.kept().start(),
            memory_bytes: inner.backlog.len(),
        }
    }

    /// Adds what a transaction of this server did.
    pub fn append(&self, unit: &Effects) {
        if self.is_active() {
            let _stored = self.stored.lock();
            self.append_unit(unit);
        }
    }

    fn append_unit(&self, unit: &Effects) {
        with_unit(unit.iter(), |unit| {
            let mut inner = self.inner.lock();
            if inner.follows {
                return;
            }
            let mut head = Vec::new();
            unit.push_head(&mut head, inner.selected.replace(unit.last));
            inner.backlog.append(&head);
            self.add(&mut inner, unit.bytes);
        });
    }

    /// Adds a request that concerns the replicas and not the data.
    pub fn append_request(&self, words: &[&[u8]]) {
        if self.is_active() {
            let _stored = self.stored.lock();
            let mut inner = self.inner.lock();
            if !inner.follows {
                let mut encoded = Vec::new();
                push_command(&mut encoded, words.iter().copied());
                self.add(&mut inner, &encoded);
            }
        }
    }

    /// Adds what the primary has sent, once it was done here; behind it the stream is in `database`.
    pub fn append_raw(&self, bytes: &[u8], database: u16) {
        let mut stored = self.stored.lock();
        stored.take_expected();
        let mut inner = self.inner.lock();
        inner.selected = Some(database);
        self.add(&mut inner, bytes);
    }

    /// The database that the primary's stream is in.
    pub fn database(&self) -> u16 {
        self.inner.lock().selected.unwrap_or(0)
    }

    /// Where the stream is, if there is one. To be asked while nothing is being done.
    pub fn saved(&self) -> Option<Saved> {
        let inner = self.inner.lock();
        self.is_active().then(|| inner.saved())
    }

    /// As [`Feed::saved`], with the last bytes that are kept.
    pub fn saved_with_backlog(&self) -> Option<(Saved, Vec<u8>)> {
        let inner = self.inner.lock();
        let saved = self.is_active().then(|| inner.saved())?;
        let end = inner.backlog.end();
        let begin = end.saturating_sub(inner.backlog.bytes_min()).max(*inner.backlog.kept().start() - 1);
        Some((saved, inner.after(begin).unwrap_or_default()))
    }

    /// Adds bytes; whoever calls holds what is stored.
    fn add(&self, inner: &mut Inner, bytes: &[u8]) {
        inner.backlog.append(bytes);
        self.end.store(inner.backlog.end(), Ordering::Release);
        if inner.backlog.end() - inner.trimmed_at >= TRIM_EACH_BYTES {
            self.trim(inner);
        }
        inner.replicas.iter().for_each(|replica| replica.more());
    }

    /// Keeps nothing of what was, at this offset.
    fn restart(&self, inner: &mut Inner, offset: u64) {
        inner.stored = None;
        let bytes_min = inner.backlog.bytes_min();
        inner.backlog = Backlog::new(offset, bytes_min);
        inner.trimmed_at = offset;
        inner.selected = None;
        inner.disconnect_replicas();
        self.lagging_bytes.store(0, Ordering::Relaxed);
        self.end.store(offset, Ordering::Release);
    }

    /// A replica asks to go on: if it may, it is among those who follow from now on, and learns the stream's name.
    pub fn resume(&self, replica: &Arc<Replica>, id: &[u8], first: i64) -> Result<ReplicationId, Reason> {
        let mut inner = self.inner.lock();
        let kept = self.is_active().then(|| inner.kept());
        match answer(id, first, &inner.history, kept) {
            Answer::Full(reason) => Err(reason),
            Answer::Continue { offset } => {
                replica.begin_at(offset);
                inner.replicas.push(Arc::clone(replica));
                Ok(inner.history.id())
            }
        }
    }

    /// These replicas follow from here on. Called at the instant that the snapshot shows which they will get; returns
    /// where the stream is.
    pub fn join(&self, replicas: &[Arc<Replica>]) -> Saved {
        let _stored = self.stored.lock();
        let mut inner = self.inner.lock();
        if !inner.follows {
            // They need not know what was selected before.
            inner.selected = None;
        }
        let offset = inner.backlog.end();
        for replica in replicas {
            replica.begin_at(offset);
            inner.replicas.push(Arc::clone(replica));
        }
        inner.saved()
    }

    /// A replica is gone, and with it what was kept for it alone.
    pub fn leave(&self, replica: &Arc<Replica>) {
        let mut inner = self.inner.lock();
        inner.replicas.retain(|other| !Arc::ptr_eq(other, replica));
        self.trim(&mut inner);
    }

    /// Those who follow.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        self.inner.lock().replicas.clone()
    }

    /// Adds to `out` what `replica` has not been sent, up to some tens of kilobytes. `false` when it was let go, or lags
    /// so far that it has to be.
    pub fn read(&self, replica: &Replica, out: &mut Vec<u8>) -> bool {
        let sent = replica.sent();
        {
            let inner = self.inner.lock();
            // Asked under the lock: one that has to learn the stream's new name is sent nothing that came after.
            if replica.client.is_killed() {
                return false;
            }
            if let Some(bytes) = inner.backlog.after(sent) {
                out.extend_from_slice(bytes);
                // Noted under the lock, so that it is either read here or told of.
                replica.has_taken(bytes.len());
                return true;
            }
        }
        match self.store.get().map(|store| store.stream_after(sent)) {
            Some(Ok(Some(bytes))) if !bytes.is_empty() => {
                replica.has_taken(bytes.len());
                out.extend_from_slice(&bytes);
                true
            }
            Some(Err(fault)) => {
                tracing::warn!("A replica cannot be sent what it lacks: {fault}");
                false
            }
            _ => false,
        }
    }

    /// From now on the stream is that of a primary, of which this server has what `position` says. Where that goes by
    /// another name than before, those who follow this server learn it when they come back.
    pub fn follow(&self, position: Position) {
        let mut stored = self.stored.lock();
        let mut inner = self.inner.lock();
        inner.follows = true;
        self.is_active.store(true, Ordering::Relaxed);
        if inner.backlog.end() != position.offset {
            stored.forget();
            self.restart(&mut inner, position.offset);
            inner.history = History::new(position.id);
        }
        let offset = inner.backlog.end();
        if inner.history.follow(position.id, offset) {
            inner.disconnect_replicas();
        }
        drop(inner);
        self.mark_holding(&mut stored);
    }

    /// The server begins anew with a snapshot of the stream at this position: nothing that was kept has to do with it.
    pub fn begin_anew(&self, saved: Saved) {
        self.resume_at(saved, &[]);
    }

    /// As [`Feed::begin_anew`], with the last bytes before that position.
    pub fn resume_at(&self, saved: Saved, backlog: &[u8]) {
        let mut stored = self.stored.lock();
        stored.forget();
        self.go_on(saved, backlog);
        self.mark_holding(&mut stored);
    }

    fn go_on(&self, Saved { position, database }: Saved, backlog: &[u8]) {
        let mut inner = self.inner.lock();
        inner.follows = true;
        self.is_active.store(true, Ordering::Relaxed);
        self.restart(&mut inner, position.offset.saturating_sub(backlog.len() as u64));
        inner.history = History::new(position.id);
        inner.selected = Some(database);
        self.add(&mut inner, backlog);
    }

    /// From now on the stream is this server's own, under the name `id`, which those who follow learn when they come back.
    pub fn lead(&self, id: ReplicationId) {
        let mut stored = self.stored.lock();
        let mut inner = self.inner.lock();
        if inner.follows {
            inner.follows = false;
            inner.selected = None;
            let offset = inner.backlog.end();
            inner.history.fork(id, offset);
            inner.disconnect_replicas();
            drop(inner);
            self.mark_holding(&mut stored);
        }
    }

    /// Gives the stream another name, which has nothing in common with the one before: `DEBUG CHANGE-REPL-ID`.
    pub fn rename(&self, id: ReplicationId) {
        self.inner.lock().history = History::new(id);
        self.mark();
    }
}

impl Inner {
    fn saved(&self) -> Saved {
        let position = Position { id: self.history.id(), offset: self.backlog.end() };
        Saved { position, database: self.selected.unwrap_or(0) }
    }

    /// The numbers of the bytes that are kept, in memory or on disk.
    fn kept(&self) -> RangeInclusive<u64> {
        let in_memory = self.backlog.kept();
        match self.stored {
            Some((begin, end)) if end + 1 >= *in_memory.start() => {
                (begin + 1).min(*in_memory.start())..=*in_memory.end()
            }
            _ => in_memory,
        }
    }

    /// All that comes behind `offset`, if it is in memory.
    fn after(&self, mut offset: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let some = self.backlog.after(offset)?;
            if some.is_empty() {
                return Some(bytes);
            }
            bytes.extend_from_slice(some);
            offset += some.len() as u64;
        }
    }

    /// What was stored with `batch`.
    fn note_stored(&mut self, batch: &Batch) {
        if let Some(Streamed::Stretch(stretch)) = &batch.streamed {
            let begin = self.stored.filter(|_| stretch.is_next).map_or(stretch.begin, |(begin, _)| begin);
            self.stored = Some((begin, stretch.begin + stretch.bytes.len() as u64));
        }
    }

    fn is_stored_behind(&self, offset: u64) -> bool {
        self.stored.is_some_and(|(begin, _)| begin <= offset)
    }

    /// Has all who follow come back, to learn what the stream is called and whether they may go on.
    fn disconnect_replicas(&mut self) {
        self.replicas.drain(..).for_each(|replica| replica.disconnect());
    }

    /// Lets bytes go that nobody needs, and replicas that need too many: neither what is stored counts, nor those who lack
    /// that.
    fn trim(&mut self, lag_bytes_max: u64) {
        let (end, stored) = (self.backlog.end(), self.stored);
        self.replicas.retain(|replica| {
            let stays = lag_bytes_max == 0
                || end - replica.sent().min(end) <= lag_bytes_max
                || stored.is_some_and(|(begin, _)| begin <= replica.sent());
            if !stays {
                replica.let_go(end - replica.sent());
            }
            stays
        });
        let lacking = self.replicas.iter().map(|replica| replica.sent());
        let unstored = self.stored.map(|(_, end)| end);
        let slowest = lacking.filter(|sent| !self.is_stored_behind(*sent)).chain(unstored).min();
        self.backlog.trim(slowest);
        self.trimmed_at = end;
    }
}
