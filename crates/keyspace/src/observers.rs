//! Who wants to know when a key changes: transactions that watch it and clients that wait for it.
//!
//! Both are filed in the key's slot and looked at under its lock. A slot that nobody observes pays one test of a
//! pointer for each change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::DatabaseKey;

/// Raised when a watched key has changed. One watcher has one flag for all its keys.
pub type WatchFlag = Arc<AtomicBool>;

/// The observers of one slot's keys.
#[derive(Default)]
pub(crate) struct Observers {
    watched: HashMap<DatabaseKey, Vec<WatchFlag>>,
    /// How many clients wait for the key.
    awaited: HashMap<DatabaseKey, usize>,
}

impl Observers {
    pub fn watch(&mut self, key: DatabaseKey, flag: WatchFlag) {
        self.watched.entry(key).or_default().push(flag);
    }

    pub fn unwatch(&mut self, key: &DatabaseKey, flag: &WatchFlag) {
        if let Some(flags) = self.watched.get_mut(key) {
            flags.retain(|other| !Arc::ptr_eq(other, flag));
            if flags.is_empty() {
                self.watched.remove(key);
            }
        }
    }

    pub fn wait(&mut self, key: DatabaseKey) {
        *self.awaited.entry(key).or_default() += 1;
    }

    pub fn stop_waiting(&mut self, key: &DatabaseKey) {
        if let Some(count) = self.awaited.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.awaited.remove(key);
            }
        }
    }

    /// These, if there are any.
    #[inline]
    pub fn if_any(&self) -> Option<&Observers> {
        (!self.is_empty()).then_some(self)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty() && self.awaited.is_empty()
    }

    /// The key has changed: raises the flags, and says through `ready` whether clients wait for it.
    pub fn changed(&self, key: DatabaseKey, ready: &mut Vec<DatabaseKey>) {
        for flag in self.watched.get(&key).into_iter().flatten() {
            flag.store(true, Ordering::Relaxed);
        }
        if self.awaited.contains_key(&key) && !ready.contains(&key) {
            ready.push(key);
        }
    }

    /// All keys of `database` that somebody observes.
    pub fn keys(&self, database: u16) -> Vec<DatabaseKey> {
        let keys = self.watched.keys().chain(self.awaited.keys());
        keys.filter(|key| key.database == database).cloned().collect()
    }
}
