//! Keys with deadlines that clients have written on a replica (`replica-read-only no`): the primary knows nothing of them, so
//! the replica removes them itself when their time has come, as Redis does. All others stay until the primary says so.
//!
//! What a client has written is noted by name, and looked at when its deadline has come. Names take a bounded amount of
//! memory; a key that is not noted goes when a client's write finds it expired. Nobody reads it either way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use keyspace::{DatabaseKey, Key, Needs};
use resp::Arguments;
use sync::Mutex;

use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;

/// Bytes that all names may take, with what is kept beside each.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a name takes that stands in the table and twice in the order, beside three times its own length.
const BYTES_EACH: usize = 160;

/// Keys that are looked at in one go.
const LOOKS_MAX: usize = 1000;

fn bytes_of(key: &DatabaseKey) -> usize {
    3 * key.name.len() + BYTES_EACH
}

/// The keys, and when to look at them, in Unix milliseconds.
#[derive(Default)]
pub(crate) struct OwnKeys {
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    looks: HashMap<DatabaseKey, u64>,
    /// Those that `looks` knows otherwise have changed since.
    order: BinaryHeap<Reverse<(u64, DatabaseKey)>>,
    bytes: usize,
}

impl Noted {
    fn note(&mut self, key: DatabaseKey, look_ms: u64) {
        /// So many outdated places in the order are no matter.
        const OUTDATED_FEW: usize = 100;
        let bytes = bytes_of(&key);
        match self.looks.get_mut(&key) {
            Some(known_ms) if *known_ms == look_ms => return,
            Some(known_ms) => *known_ms = look_ms,
            None if self.bytes + bytes > BYTES_MAX => return,
            None => {
                self.looks.insert(key.clone(), look_ms);
                self.bytes += bytes;
            }
        }
        self.order.push(Reverse((look_ms, key)));
        if self.order.len() > 2 * self.looks.len() + OUTDATED_FEW {
            self.order = self.looks.iter().map(|(key, look_ms)| Reverse((*look_ms, key.clone()))).collect();
        }
    }

    /// The next that is to be looked at, which is no longer noted then.
    fn due(&mut self, now_ms: u64) -> Option<DatabaseKey> {
        while self.order.peek().is_some_and(|Reverse((look_ms, _))| *look_ms <= now_ms) {
            let Reverse((look_ms, key)) = self.order.pop()?;
            if self.looks.get(&key) == Some(&look_ms) {
                self.looks.remove(&key);
                self.bytes -= bytes_of(&key);
                return Some(key);
            }
        }
        None
    }
}

impl OwnKeys {
    /// All that there was is gone, or is no longer the primary's.
    pub fn forget(&self) {
        *self.noted.lock() = Noted::default();
    }
}

/// Notes what a client writes on a replica. Called when the command has run.
#[cold]
pub(crate) fn note(session: &Session, entry: &Entry, arguments: Arguments<'_>) {
    let server = &session.server;
    if session.is_replaying || !entry.command.is_write() || !server.replication.is_replica() {
        return;
    }
    let Ok((_, keys)) = (entry.command.keys)(arguments) else { return };
    let mut noted = server.replication.own_keys.noted.lock();
    for key in keys {
        noted.note(DatabaseKey::new(session.database, key.bytes), 0);
    }
}

impl Server {
    /// Removes what clients have written on this replica and has expired.
    pub(crate) fn expire_own_keys(&self, now_ms: u64) {
        let own_keys = &self.replication.own_keys;
        for _ in 0..LOOKS_MAX {
            let Some(due) = own_keys.noted.lock().due(now_ms) else { return };
            let key = Key::new(&due.name);
            let context = keyspace::Context { database: due.database, now_ms, ..self.context_of_its_own() };
            let mut txn = self.keyspace.write(&Needs::One(key.slot), context);
            match txn.deadline(&key) {
                Some(Some(deadline_ms)) => {
                    drop(txn);
                    own_keys.noted.lock().note(due, deadline_ms);
                }
                Some(None) => {}
                None => {
                    // It is not seen any more; if it has expired it is still there, and goes with this.
                    txn.remove(&key);
                    match txn.commit() {
                        Ok(tally) => {
                            drop(txn);
                            let ready = self.take_in(tally, None);
                            self.serve_waiting(ready, now_ms);
                        }
                        Err(fault) => tracing::warn!(%fault, "A key that has expired on this replica stays"),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> DatabaseKey {
        DatabaseKey::new(0, name.as_bytes())
    }

    #[test]
    fn what_is_due_comes_in_its_order_and_once() {
        let mut noted = Noted::default();
        noted.note(key("a"), 20);
        noted.note(key("b"), 10);
        // Written again, with another deadline.
        noted.note(key("a"), 0);
        assert_eq!(noted.due(5), Some(key("a")));
        noted.note(key("a"), 30);
        assert_eq!(noted.due(25), Some(key("b")));
        assert_eq!(noted.due(25), None);
        assert_eq!(noted.due(30), Some(key("a")));
        assert_eq!((noted.due(99), noted.bytes, noted.looks.len()), (None, 0, 0));
    }

    #[test]
    fn names_take_a_bounded_amount_of_memory() {
        let mut noted = Noted::default();
        for number in 0..2 * BYTES_MAX / BYTES_EACH {
            noted.note(key(&number.to_string()), 1);
            noted.note(key("often"), number as u64);
        }
        assert!(noted.bytes <= BYTES_MAX, "{}", noted.bytes);
        assert!(noted.order.len() <= 2 * noted.looks.len() + 100, "{}", noted.order.len());
    }
}
