//! One client's conversation: what the server must remember of it from one command to the next.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use acl::Account;
use commands::Command;
use keyspace::{Context, DatabaseKey, Taker, Takers, Tally, WatchFlag};
use replication::Greeting;
use resp::{OwnedArguments, Version};

use crate::blocking::Waiter;
use crate::client::{Client, ClientFlag};
use crate::pause::Held;
use crate::pubsub::Subscriptions;
use crate::replication::Replica;
use crate::server::Server;
use crate::table::Entry;
use crate::tracking::Tracking;

/// What a script has the commands that it calls see.
#[derive(Clone, Copy)]
pub(crate) struct InScript {
    /// When it began, in Unix microseconds: time rests while it runs.
    pub began_us: u64,
    /// Who gets to know what they do.
    pub takers: Takers,
}

/// A client's session. It belongs to the task of its connection.
pub struct Session {
    /// The server.
    pub server: Arc<Server>,
    /// What others see of the client.
    pub client: Arc<Client>,
    /// The version of the protocol that replies are written in.
    pub version: Version,
    /// The selected database.
    pub database: u16,
    /// Whether it has logged in, or needed not to when it came. See [`Session::must_log_in`].
    pub is_authenticated: bool,
    /// What it is logged in to.
    pub account: Arc<Account>,
    /// The transaction that is being put together, since `MULTI`.
    pub transaction: Option<Transaction>,
    /// Whether it runs within `EXEC`, which holds the slots: to lock one again would wait for ever.
    pub is_in_exec: bool,
    /// The script that has called the command that runs.
    pub(crate) script: Option<InScript>,
    /// The keys watched, since `WATCH`.
    pub watched: Option<Watched>,
    /// The channels and patterns listened to.
    pub subscriptions: Subscriptions,
    /// What it asked for with `CLIENT TRACKING`.
    pub tracking: Option<Tracking>,
    /// What `CLIENT REPLY` asked for.
    pub reply_mode: ReplyMode,
    /// The wait that it is in, and when that ends, in Unix milliseconds.
    pub waiting: Option<(Arc<Waiter>, Option<u64>)>,
    /// The command that it waits in.
    pub waiting_in: Option<&'static Command>,
    /// The pause that its next request waits for the end of.
    pub held: Option<Held>,
    /// Whether the error that its command ends with was counted already, where it arose.
    pub has_counted_error: std::cell::Cell<bool>,
    /// Whether it has changed something since its replies were last seen to.
    pub has_written: bool,
    /// How far the stream to replicas was when the client last wrote.
    pub written_up_to: u64,
    /// What it told of itself as a replica.
    pub(crate) greeting: Greeting,
    /// What it is, if it is a replica.
    pub(crate) replica: Option<Arc<Replica>>,
    /// Whether what it runs are effects from a log.
    pub is_replaying: bool,
    /// What its last command knew of the world: see [`Session::renew_context`].
    pub(crate) context: Context,
    /// As of which settings.
    context_generation: u64,
    random: base::random::Random,
}

/// Commands that wait for `EXEC`.
#[derive(Default)]
pub struct Transaction {
    /// In their order.
    pub queued: Vec<Queued>,
    /// Whether one of them was refused, so that `EXEC` must refuse all.
    pub is_broken: bool,
}

/// A command that waits for `EXEC`.
pub struct Queued {
    /// Its number in the command table.
    pub entry: usize,
    /// Its words.
    pub arguments: OwnedArguments,
}

/// Keys that must not change before `EXEC`.
#[derive(Default)]
pub struct Watched {
    /// Raised when one of them changes.
    pub flag: WatchFlag,
    /// The keys, and whether each was there when the watch began.
    pub keys: Vec<(DatabaseKey, bool)>,
}

/// Which replies a client wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the one to `CLIENT REPLY SKIP` itself; the one after it is skipped too.
    SkipNext,
    /// Not this one.
    Skip,
}

impl Session {
    /// The session of a client that has just connected.
    pub fn new(server: Arc<Server>, client: Arc<Client>) -> Session {
        let is_authenticated = server.users.are_strangers_welcome();
        let account = client.account();
        let context_generation = server.generation();
        Session {
            context: server.context_of_its_own(),
            context_generation,
            server,
            client,
            version: Version::Resp2,
            database: 0,
            is_authenticated,
            account,
            transaction: None,
            is_in_exec: false,
            script: None,
            watched: None,
            subscriptions: Subscriptions::default(),
            tracking: None,
            reply_mode: ReplyMode::On,
            waiting: None,
            waiting_in: None,
            has_counted_error: std::cell::Cell::new(false),
            has_written: false,
            written_up_to: 0,
            greeting: Greeting::default(),
            replica: None,
            is_replaying: false,
            held: None,
            random: base::random::Random::from_system(),
        }
    }

    /// What a command that begins at `now_ms` knows of the world.
    pub fn context(&mut self, now_ms: u64) -> Context {
        self.renew_context(now_ms);
        self.context
    }

    /// Has `context` be what a command knows that begins at `now_ms`.
    #[inline]
    pub(crate) fn renew_context(&mut self, now_ms: u64) {
        let generation = self.server.generation();
        if generation != self.context_generation {
            self.context.limits = self.server.limits();
            self.context.has_old_payloads = self.server.has_old_payloads();
            self.context_generation = generation;
        }
        let context = &mut self.context;
        context.database = self.database;
        context.now_ms = now_ms;
        context.is_copy = self.is_replaying;
        context.seed = self.random.next_u64();
        context.touch = !self.client.has(ClientFlag::NoTouch);
        context.counting = self.server.counting();
    }

    /// What a request for `entry` runs: EXEC runs what was queued, any other itself.
    pub(crate) fn runs<'s>(&'s self, entry: &'s Entry) -> impl Iterator<Item = &'s Entry> {
        let transaction = self.transaction.as_ref().filter(|_| entry.command.name == "exec");
        let queued = transaction.into_iter().flat_map(|transaction| &transaction.queued);
        std::iter::once(entry).chain(queued.filter_map(|queued| self.server.table.at(queued.entry)))
    }

    /// Notes what came of its command.
    #[inline]
    pub(crate) fn note_changes(&mut self, tally: &Tally) {
        if tally.changes > 0 || tally.is_told {
            self.has_written = true;
            if self.server.replication.feed.is_active() {
                self.written_up_to = self.server.replication.feed.offset();
            }
        }
    }

    /// Has replicas do what these words say, which concerns no key.
    pub(crate) fn tell_replicas(&self, words: &[&[u8]]) {
        if self.script.is_none_or(|script| script.takers.has(Taker::Replicas)) {
            self.server.replication.feed.append_request(words);
        }
    }

    /// Goes over to another database, which must exist.
    pub fn select(&mut self, database: u16) {
        self.database = database;
        self.client.database.store(database, Ordering::Relaxed);
    }

    /// Whether it may do no more than log in.
    #[inline]
    pub(crate) fn must_log_in(&self) -> bool {
        !self.is_authenticated && !self.server.users.are_strangers_welcome()
    }

    /// Logs in to an account; not if it has just been deleted.
    pub(crate) fn log_in(&mut self, account: Arc<Account>) -> bool {
        self.client.set_account(Arc::clone(&account));
        if account.is_deleted() {
            // Whoever deleted it may have looked for its clients before this was one.
            self.client.set_account(Arc::clone(&self.account));
            return false;
        }
        self.server.heed(&account.user());
        self.account = account;
        self.is_authenticated = true;
        true
    }

    /// Goes over to another version of the protocol.
    pub fn speak(&mut self, version: Version) {
        self.version = version;
        self.client.protocol.store(if version == Version::Resp3 { 3 } else { 2 }, Ordering::Relaxed);
    }

    /// Has what it did beside the keyspace, by this request, be done in a copy too.
    /// Forgets the transaction and what it watched.
    pub fn discard_transaction(&mut self) {
        self.transaction = None;
        self.client.set(ClientFlag::Transaction, false);
        self.client.queued.store(-1, Ordering::Relaxed);
        self.client.queued_bytes.store(0, Ordering::Relaxed);
        self.unwatch();
    }

    /// Watches nothing any more.
    pub fn unwatch(&mut self) {
        if let Some(watched) = self.watched.take() {
            for (key, _) in &watched.keys {
                self.server.keyspace.unwatch(key, &watched.flag);
            }
            self.client.watched.store(0, Ordering::Relaxed);
        }
    }

    /// Makes the session as new, as `RESET` does, but for the connection itself.
    pub fn reset(&mut self) {
        self.discard_transaction();
        self.stop_tracking();
        Arc::clone(&self.server).pubsub.leave(self);
        self.server.monitors.leave(&self.client, &self.server.attention);
        self.select(0);
        self.speak(Version::Resp2);
        self.log_in(Arc::clone(self.server.users.default_account()));
        self.is_authenticated = self.server.users.are_strangers_welcome();
        self.reply_mode = ReplyMode::On;
        self.client.set(ClientFlag::NoEvict, false);
        self.client.set(ClientFlag::NoTouch, false);
        self.client.set(ClientFlag::ReadOnly, false);
        self.client.about.lock().name.clear();
    }

    /// Stops waiting: the wait was settled, or the client is gone.
    pub fn stop_waiting(&mut self) {
        if let Some((waiter, _)) = self.waiting.take() {
            self.server.blocked.leave(&self.server.keyspace, &waiter);
            self.waiting_in = None;
            self.set_blocked(false);
        }
    }

    /// Waits for the end of a pause.
    pub(crate) fn hold(&mut self, held: Held) {
        self.held = Some(held);
        self.set_blocked(true);
    }

    /// The pause is over, or the client is gone.
    pub(crate) fn stop_holding(&mut self) {
        if self.held.take().is_some() {
            self.set_blocked(false);
        }
    }

    /// Whether no request is executed until something happens elsewhere.
    pub(crate) fn is_blocked(&self) -> bool {
        self.waiting.is_some() || self.held.is_some()
    }

    pub(crate) fn set_blocked(&self, is_blocked: bool) {
        self.client.set(ClientFlag::Blocked, is_blocked);
        self.server.statistics.blocked_clients.add(if is_blocked { 1 } else { -1 });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let command = self.server.table.at(self.client.last_command.load(Ordering::Relaxed));
            let command = command.map_or("", |entry| entry.command.name);
            tracing::error!(command, client = %self.client.address, "A command panicked: closing its connection");
        }
        if let Some((waiter, _)) = &self.waiting {
            // Whoever is about to serve it finds that it is over.
            waiter.settle(Vec::new());
        }
        self.stop_waiting();
        self.stop_holding();
        self.unwatch();
        self.stop_tracking();
        if let Some(replica) = self.replica.take() {
            self.server.lose_replica(&replica);
        }
        Arc::clone(&self.server).pubsub.leave(self);
        self.server.monitors.leave(&self.client, &self.server.attention);
        self.server.clients.remove(self.client.id);
        self.server.forget_use_by(&self.client);
    }
}
