//! Publish and subscribe: channels, patterns and sharded channels.
//!
//! A message is encoded once for each version of the protocol and put into the subscribers' mailboxes while the
//! channel is locked, so that all subscribers of a channel see its messages in one order.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use resp::{Reply, Version};
use sync::Mutex;

use crate::client::{Client, ClientFlag};
use crate::session::Session;

type Subscribers = HashMap<Box<[u8]>, Vec<Arc<Client>>>;

/// The three kinds of subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A channel, by its name.
    Channel,
    /// All channels whose names match.
    Pattern,
    /// A channel that belongs to a slot.
    Shard,
}

impl Kind {
    /// The word that confirms a subscription.
    pub fn subscribed(self) -> &'static str {
        match self {
            Kind::Channel => "subscribe",
            Kind::Pattern => "psubscribe",
            Kind::Shard => "ssubscribe",
        }
    }

    /// The word that confirms its end.
    pub fn unsubscribed(self) -> &'static str {
        match self {
            Kind::Channel => "unsubscribe",
            Kind::Pattern => "punsubscribe",
            Kind::Shard => "sunsubscribe",
        }
    }
}

/// What one session listens to.
#[derive(Default)]
pub struct Subscriptions {
    channels: BTreeSet<Box<[u8]>>,
    patterns: BTreeSet<Box<[u8]>>,
    shard_channels: BTreeSet<Box<[u8]>>,
}

impl Subscriptions {
    fn of(&mut self, kind: Kind) -> &mut BTreeSet<Box<[u8]>> {
        match kind {
            Kind::Channel => &mut self.channels,
            Kind::Pattern => &mut self.patterns,
            Kind::Shard => &mut self.shard_channels,
        }
    }

    /// Whether it listens to anything.
    pub fn any(&self) -> bool {
        !(self.channels.is_empty() && self.patterns.is_empty() && self.shard_channels.is_empty())
    }

    /// Whether a client that speaks `version` is kept to the few commands that make sense while it listens.
    #[inline]
    pub(crate) fn restrict(&self, version: Version) -> bool {
        version == Version::Resp2 && self.any()
    }

    /// The count that a confirmation carries: channels and patterns together, or shard channels.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel | Kind::Pattern => self.channels.len() + self.patterns.len(),
            Kind::Shard => self.shard_channels.len(),
        }
    }

    /// The names that it listens to.
    pub fn names(&mut self, kind: Kind) -> Vec<Box<[u8]>> {
        self.of(kind).iter().cloned().collect()
    }
}

/// Who listens to what.
#[derive(Default)]
pub struct PubSub {
    channels: Mutex<Subscribers>,
    patterns: Mutex<Subscribers>,
    shard_channels: Mutex<Subscribers>,
    /// Lets a publisher pass over the patterns when there are none.
    pattern_count: AtomicUsize,
}

impl PubSub {
    fn of(&self, kind: Kind) -> &Mutex<Subscribers> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    /// Has the session listen to `name`.
    pub fn subscribe(&self, session: &mut Session, kind: Kind, name: &[u8]) {
        if session.subscriptions.of(kind).insert(name.into()) {
            let mut subscribers = self.of(kind).lock();
            subscribers.entry(name.into()).or_default().push(Arc::clone(&session.client));
            if kind == Kind::Pattern {
                self.pattern_count.store(subscribers.len(), Ordering::Release);
            }
        }
        note(session);
    }

    /// Has the session no longer listen to `name`; says whether it did.
    pub fn unsubscribe(&self, session: &mut Session, kind: Kind, name: &[u8]) -> bool {
        let did = session.subscriptions.of(kind).remove(name);
        if did {
            let mut subscribers = self.of(kind).lock();
            if let Some(clients) = subscribers.get_mut(name) {
                clients.retain(|client| !Arc::ptr_eq(client, &session.client));
                if clients.is_empty() {
                    subscribers.remove(name);
                }
            }
            if kind == Kind::Pattern {
                self.pattern_count.store(subscribers.len(), Ordering::Release);
            }
        }
        note(session);
        did
    }

    /// Has the session listen to nothing any more.
    pub fn leave(&self, session: &mut Session) {
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for name in session.subscriptions.names(kind) {
                self.unsubscribe(session, kind, &name);
            }
        }
    }

    /// Sends `message` to all who listen to `channel`, and returns to how many it went.
    pub fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        let mut receivers = deliver(&self.channels, channel, "message", message);
        if self.pattern_count.load(Ordering::Acquire) > 0 {
            let patterns = self.patterns.lock();
            for (pattern, clients) in patterns.iter() {
                if base::glob::matches(pattern, channel) {
                    send(clients, &[b"pmessage", pattern, channel, message]);
                    receivers += clients.len();
                }
            }
        }
        receivers
    }

    /// Sends `message` to all who listen to the shard channel, and returns to how many it went.
    pub fn publish_to_shard(&self, channel: &[u8], message: &[u8]) -> usize {
        deliver(&self.shard_channels, channel, "smessage", message)
    }

    /// The names that somebody listens to, those that match `pattern` where one is given.
    pub fn active(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Box<[u8]>> {
        let matches = |name: &[u8]| pattern.is_none_or(|pattern| base::glob::matches(pattern, name));
        self.of(kind).lock().keys().filter(|name| matches(name)).cloned().collect()
    }

    /// Those of `clients` that listen to a name of this kind of which `is_so` holds.
    pub fn listeners(
        &self,
        kind: Kind,
        is_so: impl Fn(&[u8]) -> bool,
        clients: &[Arc<Client>],
    ) -> Vec<Arc<Client>> {
        let ids: HashSet<u64> = clients.iter().map(|client| client.id).collect();
        let subscribers = self.of(kind).lock();
        let listeners =
            subscribers.iter().filter(|(_, clients)| clients.iter().any(|client| ids.contains(&client.id)));
        let such = listeners.filter(|(name, _)| is_so(name)).flat_map(|(_, clients)| clients);
        such.filter(|client| ids.contains(&client.id)).cloned().collect()
    }

    /// How many clients listen to `name`.
    pub fn subscribers(&self, kind: Kind, name: &[u8]) -> usize {
        self.of(kind).lock().get(name).map_or(0, Vec::len)
    }

    /// How many names of this kind somebody listens to.
    pub fn len(&self, kind: Kind) -> usize {
        self.of(kind).lock().len()
    }
}

fn note(session: &mut Session) {
    let subscriptions = &session.subscriptions;
    session.client.channels.store(subscriptions.channels.len(), Ordering::Relaxed);
    session.client.patterns.store(subscriptions.patterns.len(), Ordering::Relaxed);
    session.client.shard_channels.store(subscriptions.shard_channels.len(), Ordering::Relaxed);
    session.client.set(ClientFlag::Subscribed, subscriptions.any());
}

fn deliver(subscribers: &Mutex<Subscribers>, channel: &[u8], kind: &str, message: &[u8]) -> usize {
    let subscribers = subscribers.lock();
    let Some(clients) = subscribers.get(channel) else { return 0 };
    send(clients, &[kind.as_bytes(), channel, message]);
    clients.len()
}

/// Encodes the parts as a push, once for each version that is spoken, and sends it.
fn send(clients: &[Arc<Client>], parts: &[&[u8]]) {
    let mut encoded: [Option<Reply>; 2] = [None, None];
    for client in clients {
        let version = client.version();
        let encoded = encoded[usize::from(version == Version::Resp3)].get_or_insert_with(|| {
            let mut reply = Reply::new(version);
            reply.push(parts.len());
            for part in parts {
                reply.bulk(part);
            }
            reply
        });
        client.send(encoded.as_bytes());
    }
}
