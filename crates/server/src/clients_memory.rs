//! `maxmemory-clients`: when all clients together take more memory than they may, the largest are closed.
//!
//! While there is such a limit, a connection's task counts what its client takes whenever it has done something, and
//! only the change goes into the sum. Whoever finds the sum too high closes clients. Nothing is counted without a limit.
//! Where `maxmemory` is exceeded too, clients go before keys do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use config::{ClientsMemory, Settings};
use sync::Mutex;

use crate::attention::Concern;
use crate::client::{Client, ClientFlag};
use crate::clock::unix_ms;
use crate::server::Server;

/// What clients may take, and what they do.
#[derive(Default)]
pub(crate) struct ClientsLimit {
    /// 0 is no limit.
    bytes_max: AtomicU64,
    /// What was counted of all clients.
    counted_bytes: AtomicI64,
    /// When all were last counted to make room, in Unix milliseconds.
    counted_ms: AtomicU64,
    /// What those take that were closed and are not gone yet.
    leaving_bytes: AtomicUsize,
    /// Held by whoever closes clients.
    closing: Mutex<()>,
}

impl ClientsLimit {
    /// Takes over `maxmemory-clients`, and says whether there is a limit.
    pub fn configure(&self, settings: &Settings) -> bool {
        let bytes_max = match settings.clients.memory_max {
            ClientsMemory::Bytes(bytes) => bytes,
            ClientsMemory::PercentOfMaxmemory(percent) => {
                (u128::from(settings.memory.maxmemory_bytes) * u128::from(percent) / 100) as u64
            }
        };
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
        bytes_max > 0
    }

    /// Whether as much is taken as may be.
    fn is_reached(&self) -> bool {
        let bytes_max = i64::try_from(self.bytes_max.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        bytes_max > 0 && self.counted_bytes.load(Ordering::Relaxed) >= bytes_max
    }

    /// Takes `now` to be what the client takes.
    fn count(&self, client: &Client, now: usize) {
        let before = client.counted_bytes.swap(now, Ordering::Relaxed);
        if now != before {
            self.counted_bytes.fetch_add(now as i64 - before as i64, Ordering::Relaxed);
        }
    }
}

impl Server {
    /// A connection's task has done something: what it and its client use may have changed.
    #[inline]
    pub(crate) fn note_use_by(&self, client: &Client) {
        self.tell_memory();
        if self.attention.now().has(Concern::ClientsMemory) && !client.is_killed() {
            self.clients_limit.count(client, client.memory_bytes());
            if self.clients_limit.is_reached() {
                self.close_largest();
            }
        }
    }

    /// The client is gone.
    pub(crate) fn forget_use_by(&self, client: &Client) {
        self.clients_limit.count(client, 0);
        let left_bytes = client.leaving_bytes.swap(0, Ordering::Relaxed);
        self.clients_limit.leaving_bytes.fetch_sub(left_bytes, Ordering::Relaxed);
    }

    /// Closes clients that take too much, if some do, and says whether what they take is about to be freed.
    pub(crate) fn lets_clients_go(&self) -> bool {
        if self.attention.now().has(Concern::ClientsMemory) {
            // What is in their mailboxes is counted when they take it, which may be too late. Nobody waits for a look at
            // all of them more often than once in a millisecond.
            let now_ms = unix_ms();
            let is_due = self.clients_limit.counted_ms.swap(now_ms, Ordering::Relaxed) != now_ms;
            if is_due || self.clients_limit.is_reached() {
                self.close_largest();
            }
        }
        self.clients_limit.leaving_bytes.load(Ordering::Relaxed) > 0
    }

    /// Takes over the limit on what clients take, and closes those that are too large for it.
    pub(crate) fn limit_clients(&self, settings: &Settings) {
        let has_limit = self.clients_limit.configure(settings);
        self.attention.set(Concern::ClientsMemory, has_limit);
        if has_limit {
            self.close_largest();
        }
    }

    /// Closes clients, the largest first, until the others take less than they may.
    #[cold]
    fn close_largest(&self) {
        let Some(_closing) = self.clients_limit.closing.try_lock() else { return };
        let mut clients = self.clients.all();
        // Those that have done nothing since there is a limit were never counted.
        for client in &clients {
            self.clients_limit.count(client, client.memory_bytes());
        }
        if !self.clients_limit.is_reached() {
            return;
        }
        clients.sort_by_key(|client| std::cmp::Reverse(client.counted_bytes.load(Ordering::Relaxed)));
        let stays = [ClientFlag::NoEvict, ClientFlag::Primary, ClientFlag::Replica];
        let may_be_closed = |client: &&Arc<Client>| !stays.iter().any(|flag| client.has(*flag));
        for client in clients.iter().filter(may_be_closed) {
            if !self.clients_limit.is_reached() {
                return;
            }
            let bytes = client.memory_bytes();
            tracing::info!(client = %client.address, bytes, "Closing a client: clients take too much memory");
            self.statistics.evicted_clients.add(1);
            self.clients_limit.count(client, 0);
            let before = client.leaving_bytes.swap(bytes, Ordering::Relaxed);
            self.clients_limit.leaving_bytes.fetch_add(bytes.wrapping_sub(before), Ordering::Relaxed);
            client.kill();
            self.clients.remove(client.id);
        }
    }
}
