//! What a transaction has changed and not stored yet, where some database is stored.

use std::sync::Arc;

use crate::engine::{Batch, Engine, ShardBox};
use crate::fault::{self, Fault};
use crate::slots::{Held, Slot};
use crate::{DatabaseKey, Effects, Key, Keyspace};

/// The changes of one transaction.
#[derive(Default)]
pub(crate) struct Pending {
    /// The keys that were changed, in order and perhaps repeatedly.
    keys: Vec<DatabaseKey>,
    /// Which engines serve which databases from now on.
    assignments: Batch,
    /// What was done to whole databases, in order.
    done: Vec<Done>,
    is_settled: bool,
}

/// Something done to a whole database, which may have to be undone.
enum Done {
    /// This shard was taken out, which was of this database of a snapshot.
    Emptied { database: u16, slot: u16, shard: ShardBox, origin: Option<u16> },
    /// The engine was exchanged for another; this is the one before.
    Replaced { database: u16, old: Arc<dyn Engine> },
    /// The databases were exchanged.
    Swapped(u16, u16),
}

impl Pending {
    /// Notes that `name` in `database` has changed.
    pub fn note(&mut self, database: u16, name: &[u8]) {
        self.keys.push(DatabaseKey::new(database, name));
    }

    /// Notes that `shard` was taken out of `slot`; `origin` is the database of a snapshot that it was of.
    pub fn emptied(&mut self, database: u16, slot: u16, shard: ShardBox, origin: Option<u16>) {
        self.done.push(Done::Emptied { database, slot, shard, origin });
    }

    /// Notes that `new` serves `database` in place of `old`.
    pub fn replaced(&mut self, database: u16, old: Arc<dyn Engine>, new: &dyn Engine) {
        new.assign(database, &mut self.assignments);
        self.done.push(Done::Replaced { database, old });
    }

    /// Notes that two databases were exchanged, which `keyspace` knows already.
    pub fn swapped(&mut self, keyspace: &Keyspace, first: u16, second: u16) {
        for key in &mut self.keys {
            key.database = match key.database {
                database if database == first => second,
                database if database == second => first,
                database => database,
            };
        }
        for database in [first, second] {
            keyspace.engine(database).assign(database, &mut self.assignments);
        }
        self.done.push(Done::Swapped(first, second));
    }

    /// Writes everything in one batch, and hands over the effects; when that fails, all is as it was before the
    /// transaction. Where there is nothing to write the effects are left.
    pub fn store(
        &mut self,
        keyspace: &Keyspace,
        held: &mut Held<'_>,
        effects: Option<&mut Effects>,
        is_copy: bool,
    ) -> Result<(), Fault> {
        let result = self.write(keyspace, held, effects, is_copy);
        self.settle(keyspace, held, result.is_ok());
        result
    }

    fn write(
        &mut self,
        keyspace: &Keyspace,
        held: &mut Held<'_>,
        effects: Option<&mut Effects>,
        is_copy: bool,
    ) -> Result<(), Fault> {
        if let Some(fault) = fault::take() {
            return Err(fault);
        }
        let mut batch = std::mem::take(&mut self.assignments);
        for key in &self.keys {
            let (key, database) = (Key::new(&key.name), key.database);
            if let (Some(shard), _) = held.slot_mut(key.slot).shard_mut(database) {
                shard.stage(&key, &mut batch)?;
            }
        }
        // What was read for staging may have failed too.
        if let Some(fault) = fault::take() {
            return Err(fault);
        }
        match &keyspace.store {
            Some(store) if !batch.is_empty() => {
                keyspace.store_with_effects(&**store, batch, effects, is_copy)
            }
            _ => Ok(()),
        }
    }

    /// Forgets what was not stored, if anything is left.
    pub fn give_up(&mut self, keyspace: &Keyspace, held: &mut Held<'_>) {
        if !self.is_settled {
            self.settle(keyspace, held, false);
        }
    }

    fn settle(&mut self, keyspace: &Keyspace, held: &mut Held<'_>, stored: bool) {
        self.is_settled = true;
        self.keys.clear();
        if stored {
            for done in self.done.drain(..) {
                match done {
                    Done::Emptied { shard, slot, origin, .. } => {
                        keyspace.discard_emptied(origin, slot, shard);
                    }
                    Done::Replaced { old, .. } => old.retire(),
                    Done::Swapped(..) => {}
                }
            }
        } else {
            for done in self.done.drain(..).rev() {
                match done {
                    Done::Emptied { database, slot, shard, origin } => {
                        keyspace.snapshots.attach(database, origin);
                        *held.slot_mut(slot).place_mut(database).0 = Some(shard);
                    }
                    Done::Replaced { database, old } => keyspace.replace_engine(database, old).retire(),
                    Done::Swapped(first, second) => {
                        held.for_each_mut(|_, slot| slot.swap(first, second));
                        keyspace.engines_swapped(first, second);
                    }
                }
            }
        }
        held.for_each_mut(|_, slot: &mut Slot| slot.for_each_shard_mut(|shard| shard.settle(stored)));
    }
}
