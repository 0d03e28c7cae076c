//! Client-side caching: clients that keep what they have read are told when it changes (`CLIENT TRACKING`).
//!
//! Whoever has read a key by a command that only reads learns of the first change after that. A key is remembered while
//! the reader still holds its slot ([`commands::Reader`]), and forgotten when its readers are told; the change is told after it was made, so that at worst
//! somebody drops what was new already. Whoever asks for prefixes (`BCAST`) costs no memory: it
//! is told of all that is called so, read or not. As in Redis, keys of the same name in all databases are one.
//!
//! Nothing is remembered, and no change is noted, while nobody tracks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use commands::Reader;
use keyspace::{DatabaseKey, EventClasses, Key};
use resp::{Reply, Version};
use smallvec::SmallVec;
use sync::Mutex;

use crate::attention::Concern;
use crate::client::{Client, ClientFlag};
use crate::server::Server;
use crate::session::Session;

/// Where those are told who cannot take pushes.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// Which reads of a client are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// All.
    #[default]
    All,
    /// Those behind `CLIENT CACHING YES`.
    OptIn,
    /// All but those behind `CLIENT CACHING NO`.
    OptOut,
}

/// What one client asked for.
#[derive(Clone, Debug, Default)]
pub struct Tracking {
    /// The client that is told in its place.
    pub redirect: Option<u64>,
    /// Told of everything below these prefixes, if that is what it wants.
    pub prefixes: Option<Vec<Box<[u8]>>>,
    /// Which reads are remembered.
    pub choice: Choice,
    /// Whether it is not told of its own changes.
    pub no_loop: bool,
    /// Whether `CLIENT CACHING` was called for the command that follows.
    pub has_chosen: bool,
}

impl Tracking {
    /// Whether the keys of the next command are remembered.
    fn remembers(&self) -> bool {
        self.prefixes.is_none()
            && match self.choice {
                Choice::All => true,
                Choice::OptIn => self.has_chosen,
                Choice::OptOut => !self.has_chosen,
            }
    }
}

/// Who is to be told of what.
#[derive(Default)]
pub struct Trackers {
    state: Mutex<State>,
    clients: AtomicUsize,
}

#[derive(Default)]
struct State {
    clients: HashMap<u64, Tracker>,
    /// By key, who has read it.
    readers: HashMap<Arc<[u8]>, Readers>,
    /// The keys in the order in which they were first read, and some that are remembered no longer.
    order: VecDeque<(u64, Arc<[u8]>)>,
    /// Of the keys that were ever remembered, the number of the last.
    last: u64,
    items: usize,
    prefixes: BTreeMap<Box<[u8]>, Vec<u64>>,
}

struct Readers {
    clients: SmallVec<[u64; 2]>,
    /// The key's number in the order.
    number: u64,
}

struct Tracker {
    client: Arc<Client>,
    redirect: Option<u64>,
    no_loop: bool,
    is_broadcast: bool,
}

/// How much is remembered.
pub struct Figures {
    /// Clients that track.
    pub clients: usize,
    /// Keys with readers.
    pub keys: usize,
    /// Readers of all keys together.
    pub items: usize,
    /// Prefixes that are listened to.
    pub prefixes: usize,
}

impl Trackers {
    /// How much is remembered.
    pub fn figures(&self) -> Figures {
        let state = self.state.lock();
        Figures {
            clients: state.clients.len(),
            keys: state.readers.len(),
            items: state.items,
            prefixes: state.prefixes.len(),
        }
    }

    /// Remembers that the client has read the key; says whether more than `keys_max` keys are remembered now.
    fn remember(&self, key: &[u8], client: u64, keys_max: usize) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        match state.readers.get_mut(key) {
            Some(readers) if readers.clients.contains(&client) => {}
            Some(readers) => {
                readers.clients.push(client);
                state.items += 1;
            }
            None => {
                let key: Arc<[u8]> = key.into();
                state.last += 1;
                let readers = Readers { clients: SmallVec::from_slice(&[client]), number: state.last };
                state.readers.insert(Arc::clone(&key), readers);
                state.order.push_back((state.last, key));
                state.items += 1;
            }
        }
        // What was invalidated leaves its place in the order behind.
        if state.order.len() > 2 * state.readers.len() + 1024 {
            let readers = &state.readers;
            state.order.retain(|(number, key)| is_remembered(readers, *number, key));
        }
        keys_max > 0 && state.readers.len() > keys_max
    }
}

fn is_remembered(readers: &HashMap<Arc<[u8]>, Readers>, number: u64, key: &[u8]) -> bool {
    readers.get(key).is_some_and(|readers| readers.number == number)
}

impl State {
    /// Forgets what was read by whom.
    fn forget_all(&mut self) {
        self.readers.clear();
        self.order.clear();
        self.items = 0;
    }

    /// Those who have read `key`, who are forgotten.
    fn take_readers(&mut self, key: &[u8]) -> SmallVec<[u64; 2]> {
        let readers = self.readers.remove(key).map(|readers| readers.clients).unwrap_or_default();
        self.items -= readers.len();
        readers
    }

    /// Tells the tracker of these keys, or of all where there are none to be named.
    fn tell(&self, server: &Server, id: u64, keys: Option<&[&[u8]]>) {
        let Some(tracker) = self.clients.get(&id) else { return };
        let (target, is_redirected) = match tracker.redirect {
            None => (Some(Arc::clone(&tracker.client)), false),
            Some(redirect) => (server.clients.find(redirect), true),
        };
        let Some(target) = target else {
            tracker.client.set(ClientFlag::BrokenRedirect, true);
            if tracker.client.version() == Version::Resp3 {
                let mut reply = Reply::new(Version::Resp3);
                reply.push(2);
                reply.bulk(b"tracking-redir-broken");
                reply.integer(tracker.redirect.unwrap_or_default() as i64);
                tracker.client.send(reply.as_bytes());
            }
            return;
        };
        let version = target.version();
        let mut reply = Reply::new(version);
        match version {
            Version::Resp3 => {
                reply.push(2);
                reply.bulk(b"invalidate");
            }
            Version::Resp2 if is_redirected && target.has(ClientFlag::Subscribed) => {
                reply.array(3);
                reply.bulk(b"message");
                reply.bulk(CHANNEL);
            }
            // There is no way to tell it.
            Version::Resp2 => return,
        }
        match keys {
            Some(keys) => {
                reply.array(keys.len());
                keys.iter().for_each(|key| reply.bulk(key));
            }
            None => reply.null(),
        }
        target.send(reply.as_bytes());
    }
}

/// Remembers for one client what it reads.
pub(crate) struct Remembering<'s> {
    pub server: &'s Server,
    pub client: u64,
}

impl Reader for Remembering<'_> {
    fn has_read(&self, key: &Key<'_>) {
        /// One key comes and one goes, or some more where the limit was lowered.
        const FORGOTTEN_PER_READ_MAX: usize = 16;
        let keys_max = self.server.settings().clients.tracking_keys_max;
        if self.server.trackers.remember(key.bytes, self.client, keys_max) {
            self.server.forget_reads(keys_max, FORGOTTEN_PER_READ_MAX);
        }
    }
}

impl Server {
    /// Tells those who have read these keys that they are not what they were; `by` is whose command it was.
    #[inline]
    pub(crate) fn invalidate(&self, changed: &[DatabaseKey], emptied: bool, by: Option<u64>) {
        if (emptied || !changed.is_empty()) && self.trackers.clients.load(Ordering::Relaxed) > 0 {
            self.invalidate_some(changed, emptied, by);
        }
    }

    #[cold]
    fn invalidate_some(&self, changed: &[DatabaseKey], emptied: bool, by: Option<u64>) {
        let mut state = self.trackers.state.lock();
        if emptied {
            state.forget_all();
            state.clients.keys().for_each(|id| state.tell(self, *id, None));
        }
        let mut keys: Vec<&[u8]> = changed.iter().map(|key| &*key.name).collect();
        keys.sort_unstable();
        keys.dedup();
        let is_spared = |state: &State, id: u64| {
            by == Some(id) && state.clients.get(&id).is_some_and(|tracker| tracker.no_loop)
        };
        for key in &keys {
            for id in state.take_readers(key) {
                let is_broadcast = state.clients.get(&id).is_none_or(|tracker| tracker.is_broadcast);
                if !is_broadcast && !is_spared(&state, id) {
                    state.tell(self, id, Some(&[key]));
                }
            }
        }
        for (prefix, ids) in &state.prefixes {
            let below: Vec<&[u8]> = keys.iter().copied().filter(|key| key.starts_with(prefix)).collect();
            for id in ids.iter().filter(|id| !below.is_empty() && !is_spared(&state, **id)) {
                state.tell(self, *id, Some(&below));
            }
        }
    }

    /// Forgets what is remembered beyond `tracking-table-max-keys`, some of it at a time.
    pub(crate) fn forget_excess_reads(&self) {
        const FORGOTTEN_MAX: usize = 10_000;
        let keys_max = self.settings().clients.tracking_keys_max;
        if keys_max > 0 && self.trackers.clients.load(Ordering::Relaxed) > 0 {
            self.forget_reads(keys_max, FORGOTTEN_MAX);
        }
    }

    /// Forgets who has read the keys that were read first, up to `count` of them, until `keys_max` are left; their readers
    /// are told.
    fn forget_reads(&self, keys_max: usize, count: usize) {
        let mut state = self.trackers.state.lock();
        let mut forgotten = 0;
        while state.readers.len() > keys_max && forgotten < count {
            let Some((number, key)) = state.order.pop_front() else { break };
            if !is_remembered(&state.readers, number, &key) {
                continue;
            }
            forgotten += 1;
            let readers = state.take_readers(&key);
            readers.iter().for_each(|reader| state.tell(self, *reader, Some(&[&key])));
        }
    }

    /// Has the keyspace note what somebody wants to know.
    pub(crate) fn refresh_wanted_events(&self) {
        self.want_events(&self.trackers.state.lock());
    }

    /// As [`Server::refresh_wanted_events`]. Who has changed the settings, or who tracks, does it afterwards, one after
    /// the other, so that the last one knows of all.
    fn want_events(&self, state: &State) {
        let classes = self.settings().observability.notify_keyspace_events;
        let changed = if state.clients.is_empty() { EventClasses::NONE } else { EventClasses::CHANGED };
        self.keyspace.want_events(crate::notifications::wanted(classes).with(changed));
    }

    fn note_trackers(&self, state: &State) {
        self.trackers.clients.store(state.clients.len(), Ordering::Relaxed);
        self.attention.set(Concern::Tracking, !state.clients.is_empty());
        self.want_events(state);
    }
}

impl Session {
    /// Has what the client reads be remembered, or something else than before.
    pub(crate) fn track(&mut self, tracking: Tracking) {
        let (server, id) = (Arc::clone(&self.server), self.client.id);
        let mut state = server.trackers.state.lock();
        let tracker = Tracker {
            client: Arc::clone(&self.client),
            redirect: tracking.redirect,
            no_loop: tracking.no_loop,
            is_broadcast: tracking.prefixes.is_some(),
        };
        state.clients.insert(id, tracker);
        for prefix in tracking.prefixes.iter().flatten() {
            let ids = state.prefixes.entry(prefix.clone()).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.client.set(ClientFlag::Tracking, true);
        self.client.set(ClientFlag::BrokenRedirect, false);
        self.client.set(ClientFlag::Broadcast, tracking.prefixes.is_some());
        self.client.redirect.store(tracking.redirect.map_or(0, u64::cast_signed), Ordering::Relaxed);
        let prefixes = tracking.prefixes.as_ref().map_or(0, Vec::len);
        self.client.prefixes.store(prefixes, Ordering::Relaxed);
        self.tracking = Some(tracking);
        server.note_trackers(&state);
    }

    /// Nothing that the client reads is remembered any more.
    pub(crate) fn stop_tracking(&mut self) {
        let Some(tracking) = self.tracking.take() else { return };
        let (server, id) = (Arc::clone(&self.server), self.client.id);
        let mut state = server.trackers.state.lock();
        state.clients.remove(&id);
        if state.clients.is_empty() {
            // Nobody is left to be told, and changes are no longer noted.
            state.forget_all();
        }
        for prefix in tracking.prefixes.iter().flatten() {
            if let Some(ids) = state.prefixes.get_mut(prefix) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    state.prefixes.remove(prefix);
                }
            }
        }
        for flag in [ClientFlag::Tracking, ClientFlag::BrokenRedirect, ClientFlag::Broadcast] {
            self.client.set(flag, false);
        }
        self.client.redirect.store(-1, Ordering::Relaxed);
        self.client.prefixes.store(0, Ordering::Relaxed);
        server.note_trackers(&state);
    }

    /// Whether the keys of the command that is about to run are to be remembered.
    #[cold]
    pub(crate) fn remembers_reads(&self) -> bool {
        self.tracking.as_ref().is_some_and(Tracking::remembers)
    }

    /// What `CLIENT CACHING` said holds for one command, or one transaction.
    #[cold]
    pub(crate) fn forget_choice(&mut self, command: &str) {
        let is_over = self.transaction.is_none() && !command.starts_with("client|");
        if let Some(tracking) = self.tracking.as_mut().filter(|_| is_over) {
            tracking.has_chosen = false;
        }
    }
}
