//! Replication: this server's part in it, as a primary of some and as a replica of one.
//!
//! - [`feed`]: the stream of what is done, and the backlog of it.
//! - [`replica`]: one that follows this server; its connection serves it ([`crate::connection`]).
//! - [`sync`]: the snapshots that replicas begin with.
//! - [`spool`]: a snapshot in a file, on its way in or out.
//! - [`saved`]: where the stream was, from one process to the next.
//! - [`follower`]: the task that follows this server's primary, if it has one.
//! - [`own_keys`]: what clients have written on a replica, and when it expires.
//! - [`failover`]: the exchange of parts with a replica.
//! - [`waiting`]: clients that wait for replicas.

mod failover;
mod feed;
mod follower;
mod own_keys;
mod replica;
pub(crate) mod saved;
mod spool;
mod sync;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::sync::{Mutex, MutexGuard};
use commands::{Flag, Handler};
use config::{Primary, Settings};
use keyspace::{Needs, Taker};
use replication::{Position, ReplicationId};
use tokio::sync::Notify;

use crate::attention::Concern;
use crate::client::ClientFlag;
use crate::clock::unix_ms;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;

pub(crate) use failover::{Failover, address_of};
pub(crate) use feed::Feed;
pub(crate) use follower::start;
pub(crate) use own_keys::note as note_own_keys;
pub(crate) use replica::{Replica, Stage};
pub(crate) use waiting::{Goal, Local};

/// Whom this server follows, and how that goes.
pub(crate) struct Replication {
    /// The stream.
    pub feed: Arc<Feed>,
    following: Mutex<Option<Following>>,
    /// Wakes the follower: there is another primary, or none.
    changed: Notify,
    /// Held while there comes another primary.
    switching: Mutex<()>,
    /// Counts changes of the primary.
    generation: AtomicU64,
    /// Held while what the primary has sent is done and added to the stream: the two are one.
    applying: Mutex<()>,
    /// Replicas that wait for a snapshot.
    waiting: Mutex<Vec<Arc<Replica>>>,
    /// Whether somebody makes snapshots for them.
    is_sending: AtomicBool,
    /// The exchange of parts that is under way.
    failover: Mutex<Option<Failover>>,
    /// Clients that wait for replicas.
    pub waiters: waiting::Waiters,
    /// What clients have written here while there is a primary.
    pub own_keys: own_keys::OwnKeys,
    /// Since when nobody follows, in Unix milliseconds; 0 while somebody does.
    lonely_since_ms: AtomicU64,
}

/// How it goes with the primary.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    /// Whom this server follows.
    pub primary: Primary,
    /// Where that is.
    pub link: LinkState,
    /// Since when the link is down, in Unix milliseconds; 0 when it never was up.
    pub down_since_ms: u64,
    /// When it was heard of last, in Unix milliseconds.
    pub heard_ms: u64,
    /// Bytes of the snapshot that have come, and of how many, where that is known.
    pub snapshot_bytes: (u64, Option<u64>),
}

/// How far the link to the primary is, as ROLE calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// It is to be made.
    Connect,
    /// The primary is called.
    Connecting,
    /// It is there, and has yet to say how it goes on.
    Handshake,
    /// A snapshot comes.
    Sync,
    /// The stream comes.
    Connected,
}

impl LinkState {
    /// Redis' name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Connecting => "connecting",
            Self::Handshake => "handshake",
            Self::Sync => "sync",
            Self::Connected => "connected",
        }
    }
}

/// What a client reads where there is only data that may be stale, and that is not to be served.
pub(crate) const MASTERDOWN: &str =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";

/// How the error begins that sends a client to the primary.
pub(crate) const REDIRECT: &str = "REDIRECT ";

/// What a client reads that waited when the server became a replica.
const NO_PRIMARY_ANY_MORE: &str =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";

/// A new name for a stream.
pub(crate) fn random_id() -> ReplicationId {
    let mut random = base::random::Random::from_system();
    ReplicationId::random(|| random.next_u64())
}

impl Replication {
    /// No part in it yet.
    pub fn new(settings: &Settings) -> Replication {
        let feed = Arc::new(Feed::new(random_id(), settings.replication.repl_backlog_bytes));
        let replication = Replication {
            feed,
            following: Mutex::new(None),
            changed: Notify::new(),
            switching: Mutex::new(()),
            generation: AtomicU64::new(0),
            applying: Mutex::new(()),
            waiting: Mutex::new(Vec::new()),
            is_sending: AtomicBool::new(false),
            failover: Mutex::new(None),
            waiters: waiting::Waiters::default(),
            own_keys: own_keys::OwnKeys::default(),
            lonely_since_ms: AtomicU64::new(0),
        };
        replication.configure(settings);
        replication
    }

    /// Takes over settings.
    pub fn configure(&self, settings: &Settings) {
        let backlog_bytes = settings.replication.repl_backlog_bytes;
        // As in Redis: what is kept for whoever comes back is kept for those who are there as well.
        let lag_bytes_max = match settings.clients.output_buffer_limits.replica.hard_bytes {
            0 => 0,
            hard_bytes => hard_bytes.max(backlog_bytes),
        };
        self.feed.configure(backlog_bytes, lag_bytes_max);
    }

    /// How it goes with the primary, if there is one.
    pub fn following(&self) -> Option<Following> {
        self.following.lock().clone()
    }

    /// Those who follow, and those who are about to.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        let mut replicas = self.feed.replicas();
        replicas.extend(self.waiting.lock().iter().cloned());
        replicas
    }

    /// Whether replicas are sent a snapshot.
    pub fn is_sending(&self) -> bool {
        self.is_sending.load(Ordering::Acquire)
    }

    /// The exchange of parts that is under way.
    pub fn failover(&self) -> Option<Failover> {
        self.failover.lock().clone()
    }

    /// Whether this server is a replica.
    pub fn is_replica(&self) -> bool {
        self.following.lock().is_some()
    }

    fn note(&self, change: impl FnOnce(&mut Following)) {
        if let Some(following) = &mut *self.following.lock() {
            change(following);
        }
    }

    /// What is done while nothing of the primary's is being done, and so stands between two positions of the stream.
    pub fn between_units(&self) -> MutexGuard<'_, ()> {
        self.applying.lock()
    }
}

/// Whether this client may run the command, as far as that is the primary's or the replicas' to say.
#[cold]
pub(crate) fn admit(session: &Session, entry: &Entry) -> Result<(), String> {
    if session.is_replaying {
        return Ok(());
    }
    let server = &session.server;
    if let Some(following) = server.replication.following() {
        if is_for_primary(session, entry) {
            return Err(redirection(&following.primary));
        }
        if is_stale(server, &following) && session.runs(entry).any(|entry| !entry.command.has(Flag::Stale)) {
            return Err(MASTERDOWN.to_owned());
        }
    }
    match session.runs(entry).any(is_write).then(|| refusal_of_writes(session)).flatten() {
        Some(refusal) => Err(refusal.to_owned()),
        None => Ok(()),
    }
}

fn is_stale(server: &Server, following: &Following) -> bool {
    following.link != LinkState::Connected && !server.settings().replication.replica_serve_stale_data
}

/// Whether the client may only run what may be run on a replica that has lost its primary.
pub(crate) fn meets_stale_data(session: &Session) -> bool {
    let server = &session.server;
    !session.is_replaying
        && server.attention.now().has(Concern::Replication)
        && server.replication.following().is_some_and(|following| is_stale(server, &following))
}

/// Whether a replica is to send the client to its primary with this command (`CLIENT CAPA REDIRECT`).
pub(crate) fn is_for_primary(session: &Session, entry: &Entry) -> bool {
    let client = &session.client;
    let reads_here = client.has(ClientFlag::ReadOnly);
    let is_for_primary = |entry: &Entry| {
        is_write(entry)
            || !reads_here && (entry.command.is_read() || matches!(entry.command.handler, Handler::Script))
    };
    client.has(ClientFlag::Redirect) && session.runs(entry).any(is_for_primary)
}

/// The error that sends a client to the primary.
fn redirection(primary: &Primary) -> String {
    format!("{REDIRECT}{}:{}", primary.host, primary.port)
}

/// Why this client may change nothing, if that is so.
pub(crate) fn refusal_of_writes(session: &Session) -> Option<&'static str> {
    let server = &session.server;
    if session.is_replaying || !server.attention.now().has(Concern::Replication) {
        return None;
    }
    let settings = server.settings();
    let settings = &settings.replication;
    if server.replication.is_replica() {
        return settings.replica_read_only.then_some("READONLY You can't write against a read only replica.");
    }
    let is_lonely = server.good_replicas() < settings.min_replicas_to_write as usize;
    is_lonely.then_some("NOREPLICAS Not enough good replicas to write.")
}

fn is_write(entry: &Entry) -> bool {
    entry.command.is_write() || entry.command.has(Flag::Write)
}

impl Server {
    /// Follows `primary` from now on, or nobody. Says whether anything changed.
    pub(crate) fn replicate_from(&self, primary: Option<Primary>) -> bool {
        let replication = &self.replication;
        let _switching = replication.switching.lock();
        let before = replication.following().map(|following| following.primary);
        if before == primary {
            return false;
        }
        // The follower does nothing more for the primary that was.
        replication.generation.fetch_add(1, Ordering::AcqRel);
        let is_replica = primary.is_some();
        if is_replica {
            *replication.following.lock() = primary.map(|primary| Following {
                primary,
                link: LinkState::Connect,
                down_since_ms: 0,
                heard_ms: unix_ms(),
                snapshot_bytes: (0, None),
            });
            let _between = replication.between_units();
            replication.feed.follow(replication.feed.position());
        } else {
            let between = replication.between_units();
            self.record_for_replicas();
            replication.feed.lead(random_id());
            drop(between);
            *replication.following.lock() = None;
            // What has expired goes as it does on any primary.
            replication.own_keys.forget();
        }
        self.refresh_concern_of_replication();
        if is_replica && before.is_none() {
            // The change that they wait for is the primary's to make.
            let primary = replication.following().map(|following| redirection(&following.primary));
            self.fail_waiters(|client| match &primary {
                Some(redirection) if client.has(ClientFlag::Redirect) => redirection,
                _ => NO_PRIMARY_ANY_MORE,
            });
        }
        replication.changed.notify_one();
        true
    }

    /// Has requests look at what replication asks of them, or not.
    pub(crate) fn refresh_concern_of_replication(&self) {
        let settings = self.settings();
        let concerns = self.replication.is_replica() || settings.replication.min_replicas_to_write > 0;
        self.attention.set(Concern::Replication, concerns);
    }

    /// Begins to record what is done, if it is not recorded already, so that somebody can follow.
    pub(crate) fn record_for_replicas(&self) {
        if self.replication.feed.is_active() && !self.replication.is_replica() {
            return;
        }
        // With all slots held no transaction is recorded by half.
        let txn = self.keyspace.write(&Needs::All, self.context_of_its_own());
        self.give_effects(Taker::Replicas, true);
        self.replication.feed.activate();
        self.replication.feed.mark();
        drop(txn);
    }

    /// Begins anew with whatever the primary has, or goes on where that is possible: what was stored may be less than it was.
    pub(crate) fn call_primary_again(&self) {
        self.replication.generation.fetch_add(1, Ordering::AcqRel);
        self.replication.changed.notify_one();
    }

    /// How many replicas are online and were heard of within `min-replicas-max-lag`.
    pub(crate) fn good_replicas(&self) -> usize {
        let lag_max_ms = u64::from(self.settings().replication.min_replicas_lag_max_s) * 1000;
        let now_ms = unix_ms();
        let is_good = |replica: &&Arc<Replica>| {
            replica.stage() == Stage::Online && now_ms.saturating_sub(replica.heard_ms()) <= lag_max_ms
        };
        self.replication.feed.replicas().iter().filter(is_good).count()
    }

    /// What a replica's connection has to do when it ends.
    pub(crate) fn lose_replica(&self, replica: &Arc<Replica>) {
        self.replication.feed.leave(replica);
        self.replication.waiting.lock().retain(|other| !Arc::ptr_eq(other, replica));
        tracing::info!(replica = %replica.client.address, "Connection with replica lost");
    }

    /// Sees to what depends on the time: pings, replicas that are silent, a backlog that nobody comes back for.
    pub(crate) fn tend_replicas(&self, ticks: u64) {
        let settings = self.settings();
        let settings = &settings.replication;
        let replication = &self.replication;
        if !replication.feed.is_active() {
            return;
        }
        // A replica passes on the pings of its primary.
        let is_primary = !replication.is_replica();
        // What is saved at the end is the end of the stream.
        let is_ending = self.saves.is_ending();
        {
            let _between = replication.between_units();
            replication.feed.tend_stored();
        }
        let replicas = replication.feed.replicas();
        let now_ms = unix_ms();
        if is_primary
            && !is_ending
            && !replicas.is_empty()
            && ticks.is_multiple_of(u64::from(settings.repl_ping_replica_period_s))
        {
            replication.feed.append_request(&[b"PING"]);
        }
        let timeout_ms = u64::from(settings.repl_timeout_s) * 1000;
        let limits = self.settings().clients.output_buffer_limits.replica;
        for replica in &replicas {
            let waits_in_memory = !replication.feed.is_stored_behind(replica.sent());
            if waits_in_memory && replica.lags_too_long(replication.feed.offset(), limits, now_ms) {
                replica.let_go(replication.feed.offset().saturating_sub(replica.sent()));
            }
            // One that is being sent a snapshot acknowledges nothing, nor has one to that came by `SYNC`.
            let is_silent = replica.takes_position && now_ms.saturating_sub(replica.heard_ms()) > timeout_ms;
            if replica.stage() == Stage::Online && is_silent {
                tracing::warn!(replica = %replica.client.address, "Disconnecting timedout replica");
                replica.disconnect();
            }
        }
        let is_lonely = is_primary && replicas.is_empty() && replication.waiting.lock().is_empty();
        let since_ms = replication.lonely_since_ms.load(Ordering::Relaxed);
        match (is_lonely, since_ms) {
            (false, _) => replication.lonely_since_ms.store(0, Ordering::Relaxed),
            (true, 0) => replication.lonely_since_ms.store(now_ms, Ordering::Relaxed),
            (true, since_ms) => {
                let is_over =
                    now_ms.saturating_sub(since_ms) > settings.repl_backlog_ttl_s.saturating_mul(1000);
                // What is stored is bounded, and is kept for those who come back much later.
                if settings.repl_backlog_ttl_s > 0 && is_over && !replication.feed.is_stored() {
                    tracing::info!(
                        "Replication backlog freed after {} seconds without connected replicas.",
                        settings.repl_backlog_ttl_s
                    );
                    self.stop_recording_for_replicas();
                }
            }
        }
    }

    fn stop_recording_for_replicas(&self) {
        let txn = self.keyspace.write(&Needs::All, self.context_of_its_own());
        self.replication.feed.deactivate(random_id());
        self.give_effects(Taker::Replicas, false);
        drop(txn);
    }

    /// Whether the primary decides what goes to make room.
    pub(crate) fn leaves_eviction_to_primary(&self) -> bool {
        self.settings().replication.replica_ignore_maxmemory && self.replication.is_replica()
    }

    /// Where this server's stream is.
    pub(crate) fn position(&self) -> Position {
        self.replication.feed.position()
    }
}
