//! Clients that wait for a key: first come, first served.
//!
//! A blocking command that finds nothing files its client here while its keys are still locked. Whoever changes
//! such a key runs the commands of those who wait for it, in their order, before it gets its own reply: so the
//! element that was pushed is gone when the pusher looks, as with Redis. A client that was served, ran out of
//! time, was unblocked or left has been *settled*, once, and whoever finds it in a queue passes it over.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use acl::Account;
use commands::{Access, Call, Command, Handler, Reader, Wait, WaitingRoom};
use keyspace::{Context, DatabaseKey, Keyspace, Tally};
use resp::{OwnedArguments, Reply, Version};
use smallvec::SmallVec;
use sync::Mutex;

use crate::access;
use crate::attention::Concern;
use crate::client::Client;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;
use crate::tracking::Remembering;

/// A client that waits, with the command that it waits in.
pub struct Waiter {
    client: Arc<Client>,
    arguments: OwnedArguments,
    command: &'static Command,
    /// The command's number in the table.
    index: usize,
    context: Context,
    /// What the client is logged in to.
    account: Arc<Account>,
    version: Version,
    keys: SmallVec<[DatabaseKey; 2]>,
    /// Whether the wait ends with an error when a key is gone or becomes another type.
    needs_keys: bool,
    /// Whether it caches what it will read.
    is_remembered: bool,
    /// The reply for when the time is over.
    timeout_reply: Mutex<Vec<u8>>,
    /// The reply, once there is one; then the wait is over.
    outcome: Mutex<Option<Vec<u8>>>,
}

impl Waiter {
    /// Who waits.
    pub(crate) fn client_id(&self) -> u64 {
        self.client.id
    }

    /// Ends the wait with `reply`, unless it is over already; says whether it did.
    pub fn settle(&self, reply: Vec<u8>) -> bool {
        let mut outcome = self.outcome.lock();
        if outcome.is_some() {
            return false;
        }
        *outcome = Some(reply);
        self.client.wake();
        true
    }

    /// A client that waits for replicas, until its time is over and it reads `timeout_reply`, and for no key.
    pub(crate) fn for_replicas(
        session: &mut Session,
        command: &'static Command,
        timeout_reply: Vec<u8>,
    ) -> Waiter {
        Waiter {
            client: Arc::clone(&session.client),
            arguments: OwnedArguments::from_parts(&[[0u8; 0]; 0]),
            command,
            index: session.client.last_command.load(std::sync::atomic::Ordering::Relaxed),
            context: session.context(crate::clock::unix_ms()),
            account: Arc::clone(&session.account),
            version: session.version,
            keys: SmallVec::new(),
            needs_keys: false,
            is_remembered: false,
            timeout_reply: Mutex::new(timeout_reply),
            outcome: Mutex::new(None),
        }
    }

    /// Notes the reply for when the time is over.
    pub(crate) fn set_timeout_reply(&self, reply: &[u8]) {
        *self.timeout_reply.lock() = reply.to_vec();
    }

    /// Ends the wait as if its time were over; says whether it was not over already.
    pub fn time_out(&self) -> bool {
        let reply = self.timeout_reply.lock().clone();
        self.settle(reply)
    }

    /// The reply, if the wait is over.
    pub fn outcome(&self) -> Option<Vec<u8>> {
        self.outcome.lock().clone()
    }
}

/// Everyone who waits, by key.
#[derive(Default)]
pub struct Blocked {
    queues: Mutex<HashMap<DatabaseKey, VecDeque<Arc<Waiter>>>>,
}

/// What a blocking command that must wait leaves behind.
pub(crate) struct Arrival<'s> {
    pub blocked: &'s Blocked,
    pub client: &'s Arc<Client>,
    pub arguments: resp::Arguments<'s>,
    pub entry: &'s Entry,
    pub context: Context,
    pub account: &'s Arc<Account>,
    pub version: Version,
    /// Whether the client caches what it will read.
    pub is_remembered: bool,
    /// The waiter and for how many milliseconds it waits, if the command has to.
    pub waiting: Option<(Arc<Waiter>, Option<u64>)>,
}

impl WaitingRoom for Arrival<'_> {
    fn enter(&mut self, keys: SmallVec<[DatabaseKey; 2]>, wait: Wait) -> bool {
        let Wait { timeout_ms, words, needs_keys, .. } = wait;
        let arguments = if words.is_empty() {
            OwnedArguments::from(self.arguments)
        } else {
            let mut parts: Vec<&[u8]> = self.arguments.iter().collect();
            words.iter().for_each(|(place, word)| parts[*place] = word);
            OwnedArguments::from_parts(&parts)
        };
        let waiter = Arc::new(Waiter {
            client: Arc::clone(self.client),
            arguments,
            needs_keys,
            is_remembered: self.is_remembered,
            command: self.entry.command,
            index: self.entry.index,
            context: self.context,
            account: Arc::clone(self.account),
            version: self.version,
            keys,
            timeout_reply: Mutex::new(Vec::new()),
            outcome: Mutex::new(None),
        });
        let mut queues = self.blocked.queues.lock();
        for key in &waiter.keys {
            queues.entry(key.clone()).or_default().push_back(Arc::clone(&waiter));
        }
        drop(queues);
        self.waiting = Some((waiter, timeout_ms));
        true
    }
}

impl Blocked {
    /// The number of keys that clients wait for.
    pub fn keys(&self) -> usize {
        self.queues.lock().len()
    }

    /// The number of keys that clients wait for who learn that they are gone.
    pub fn needed_keys(&self) -> usize {
        let queues = self.queues.lock();
        queues.values().filter(|queue| queue.iter().any(|waiter| waiter.needs_keys)).count()
    }

    /// The client with this id, if it waits.
    fn of_client(&self, id: u64) -> Option<Arc<Waiter>> {
        self.queues.lock().values().flatten().find(|waiter| waiter.client.id == id).cloned()
    }

    /// All who wait; those who wait for several keys more than once.
    fn all(&self) -> Vec<Arc<Waiter>> {
        self.queues.lock().values().flatten().cloned().collect()
    }

    /// Takes a settled waiter out of all its queues.
    pub fn leave(&self, keyspace: &Keyspace, waiter: &Arc<Waiter>) {
        let mut queues = self.queues.lock();
        let mut left: SmallVec<[&DatabaseKey; 2]> = SmallVec::new();
        for key in &waiter.keys {
            let Some(queue) = queues.get_mut(key) else { continue };
            let before = queue.len();
            queue.retain(|other| !Arc::ptr_eq(other, waiter));
            left.extend((queue.len()..before).map(|_| key));
            if queue.is_empty() {
                queues.remove(key);
            }
        }
        drop(queues);
        for key in left {
            keyspace.stop_waiting(key);
        }
    }

    /// Those who wait for `key`, in their order.
    fn queue(&self, key: &DatabaseKey) -> Vec<Arc<Waiter>> {
        self.queues.lock().get(key).map(|queue| queue.iter().cloned().collect()).unwrap_or_default()
    }

    /// Runs a waiter's command for it: what came of it, and the error that ended the wait, if one did. `None` when it
    /// goes on waiting or was settled before.
    fn attempt(
        &self,
        server: &Server,
        waiter: &Arc<Waiter>,
        now_ms: u64,
    ) -> Option<(Tally, Option<Cow<'static, str>>)> {
        // Held throughout, so that the command's work and the end of the wait are one.
        let mut outcome = waiter.outcome.lock();
        if outcome.is_some() {
            return None;
        }
        let (Handler::Blocking(run) | Handler::BlockingRead(run)) = waiter.command.handler else {
            unreachable!("only blocking commands wait")
        };
        let keyspace = &server.keyspace;
        let remembering = Remembering { server, client: waiter.client.id };
        let mut reply = Reply::new(waiter.version);
        let mut again = StillWaiting(false);
        let mut call = Call {
            arguments: waiter.arguments.as_arguments(),
            first_key: None,
            reply: &mut reply,
            access: Access::Own(keyspace, &Context { now_ms, ..waiter.context }),
            tally: Tally::default(),
            reader: waiter.is_remembered.then_some(&remembering as &dyn Reader),
            waiting_room: Some(&mut again),
        };
        let result = run(&mut call);
        let tally = std::mem::take(&mut call.tally);
        if again.0 {
            return None;
        }
        let failure = match result {
            // The key that became ready holds another type than the command takes: it goes on waiting, unless
            // the trouble is elsewhere, as with the destination of a move.
            Err(commands::Error::WrongType) if !waiter.needs_keys && !destination_is_wrong(waiter) => {
                return None;
            }
            Err(error) => {
                let text = error.text(waiter.command.name);
                reply.clear();
                reply.error(text.as_bytes());
                Some(text)
            }
            Ok(()) => None,
        };
        *outcome = Some(reply.into_vec());
        drop(outcome);
        waiter.client.wake();
        self.leave(keyspace, waiter);
        Some((tally, failure))
    }
}

impl Server {
    /// Ends the wait of the client with this id, as if its time were over or with an error; says whether it was
    /// waiting.
    pub(crate) fn unblock(&self, client: u64, with_error: bool) -> bool {
        let waiter = self.blocked.of_client(client).or_else(|| self.replication.waiters.of_client(client));
        match waiter {
            Some(waiter) if with_error => {
                self.fail_waiter(&waiter, "UNBLOCKED client unblocked via CLIENT UNBLOCK")
            }
            Some(waiter) => waiter.time_out(),
            None => false,
        }
    }

    /// Ends all waits, each with the error that there is for its client.
    pub(crate) fn fail_waiters<'e>(&self, error: impl Fn(&Client) -> &'e str) {
        for waiter in self.blocked.all().into_iter().chain(self.replication.waiters.take_all()) {
            self.fail_waiter(&waiter, error(&waiter.client));
        }
    }

    /// Ends a wait with an error; says whether it was not over already.
    pub(crate) fn fail_waiter(&self, waiter: &Waiter, error: &str) -> bool {
        let mut reply = Reply::new(waiter.version);
        reply.error(error.as_bytes());
        let fails = waiter.settle(reply.into_vec());
        if fails {
            self.statistics.count_error(error);
            self.statistics.count_late_failure(waiter.index);
        }
        fails
    }

    /// Serves those who wait for the keys that became `ready`, and for what their commands make ready in turn.
    #[inline]
    pub(crate) fn serve_waiting(&self, ready: Vec<DatabaseKey>, now_ms: u64) {
        if !ready.is_empty() {
            self.serve_some(ready, now_ms);
        }
    }

    #[cold]
    fn serve_some(&self, ready: Vec<DatabaseKey>, now_ms: u64) {
        let mut total = Tally::default();
        let mut ready = VecDeque::from(ready);
        while let Some(key) = ready.pop_front() {
            for waiter in self.blocked.queue(&key) {
                if self.attention.now().has(Concern::Users) && self.refuse_waiter(&waiter) {
                    continue;
                }
                let began = Instant::now();
                let Some((tally, failure)) = self.blocked.attempt(self, &waiter, now_ms) else {
                    continue;
                };
                if let Some(entry) = self.table.at(waiter.index) {
                    let took_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    self.note_time(&waiter.client, entry, waiter.arguments.as_arguments(), took_ns);
                }
                total.changes += tally.changes;
                if let Some(news) = tally.news {
                    self.tell_news(Some(&news), Some(waiter.client.id));
                    ready.extend(news.ready);
                }
                if let Some(text) = failure {
                    self.statistics.count_error(&text);
                    self.statistics.count_late_failure(waiter.index);
                }
            }
        }
        self.statistics.count(&total);
    }

    /// Ends the wait of a client whose user may not run the command any more; says whether that is so.
    fn refuse_waiter(&self, waiter: &Arc<Waiter>) -> bool {
        let Some(entry) = self.table.at(waiter.index) else { return false };
        let (user, arguments) = (waiter.account.user(), waiter.arguments.as_arguments());
        let Err(denial) = access::check(&user, entry, arguments) else { return false };
        let text = format!("NOPERM {}", access::reason(&user, entry, denial));
        let mut reply = Reply::new(waiter.version);
        reply.error(text.as_bytes());
        if waiter.settle(reply.into_vec()) {
            self.note_denial(&waiter.client, &user, entry, arguments, denial, acl::Context::Toplevel);
            self.statistics.count_error(&text);
            self.statistics.count_rejected(waiter.index);
            self.blocked.leave(&self.keyspace, waiter);
        }
        true
    }
}

fn destination_is_wrong(waiter: &Waiter) -> bool {
    // A move waits for its first key only, yet names two.
    waiter
        .command
        .arguments
        .iter()
        .filter(|spec| spec.kind == commands::args::Kind::Key && !spec.multiple)
        .count()
        > waiter.keys.len()
}

/// Notes that a command would have to wait again.
struct StillWaiting(bool);

impl WaitingRoom for StillWaiting {
    fn enter(&mut self, _: SmallVec<[DatabaseKey; 2]>, _: Wait) -> bool {
        self.0 = true;
        false
    }
}
