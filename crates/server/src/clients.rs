//! Everyone who is connected.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sync::Mutex;

use crate::client::Client;

/// The clients, by their ids.
#[derive(Default)]
pub struct Clients {
    clients: Mutex<HashMap<u64, Arc<Client>>>,
    count: AtomicUsize,
    last_id: AtomicU64,
}

impl Clients {
    /// The id for the next client.
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes the client in, unless there are `max` already.
    pub(crate) fn add(&self, client: &Arc<Client>, max: usize) -> bool {
        let mut clients = self.clients.lock();
        if clients.len() >= max {
            return false;
        }
        clients.insert(client.id, Arc::clone(client));
        self.count.store(clients.len(), Ordering::Relaxed);
        true
    }

    pub(crate) fn remove(&self, id: u64) {
        let mut clients = self.clients.lock();
        clients.remove(&id);
        self.count.store(clients.len(), Ordering::Relaxed);
    }

    /// Ends a client, which counts no more from now on. Whoever ends itself still gets its reply.
    pub(crate) fn end(&self, client: &Client, asker: Option<u64>) {
        if asker == Some(client.id) {
            client.close_after_reply();
        } else {
            client.kill();
            self.remove(client.id);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The client with this id. One that is about to go counts as gone: whoever reads the answer to its QUIT may rely on
    /// that.
    pub fn find(&self, id: u64) -> Option<Arc<Client>> {
        self.clients.lock().get(&id).filter(|client| !client.is_leaving()).cloned()
    }

    /// All, in the order in which they came.
    pub fn all(&self) -> Vec<Arc<Client>> {
        let mut clients: Vec<Arc<Client>> = self.clients.lock().values().cloned().collect();
        clients.sort_unstable_by_key(|client| client.id);
        clients
    }
}
