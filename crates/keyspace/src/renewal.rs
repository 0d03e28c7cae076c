//! Going on after the store has failed: everything that is stored is let go of and taken up again, as in a restart.
//!
//! A store that has failed to write cannot tell how much of it is on disk. Only opening it again can, and then what was
//! not written is gone: changes that nobody was told of. So all slots are locked meanwhile, the shards dropped and made
//! anew.

use std::sync::Arc;

use base::slot::SLOTS;

use crate::Keyspace;
use crate::engine::{Counts, Engine, Store};
use crate::fault::Fault;
use crate::slots::{Held, Mode, Needs};

impl Keyspace {
    /// Opens again a store that wants it ([`Store::wants_renewal`]). When that fails, reading what is stored is a fault
    /// until the next try.
    pub fn renew(&self, store: &dyn Store) -> Result<(), Fault> {
        let mut held = Held::lock(&self.slots, &Needs::All, Mode::Exclusive, Some(&self.escalation));
        let mut engines = self.engines.write();
        let is_stored = |database: &u16| engines[usize::from(*database)].is_stored();
        let databases: Vec<u16> = (0..self.databases()).filter(is_stored).collect();
        for database in &databases {
            let mut known: Vec<(u16, Counts)> = Vec::new();
            held.for_each_mut(|index, slot| {
                if slot.shard(*database).is_none() {
                    return;
                }
                // Dropped here and now: the store cannot be opened while any of it is in use.
                if let Some(shard) = slot.place_mut(*database).0.take() {
                    known.push((index, shard.counts()));
                }
            });
            if let Some(away) = store.away(known) {
                engines[usize::from(*database)] = away;
            }
        }
        let renewed = store.renew(&databases);
        if let Ok(renewed) = &renewed {
            for (database, engine) in databases.iter().zip(renewed) {
                engines[usize::from(*database)] = Arc::clone(engine);
            }
        }
        for database in &databases {
            self.take_up(*database, &*engines[usize::from(*database)], &mut held);
        }
        if renewed.is_ok() {
            self.store_was_renewed();
        }
        renewed.map(drop)
    }

    /// Makes the shards of what `engine` has stored of `database`; whoever watches a key there is told that it may have
    /// changed.
    fn take_up(&self, database: u16, engine: &dyn Engine, held: &mut Held<'_>) {
        for index in engine.occupied_slots() {
            *held.slot_mut(index).place_mut(database).0 = Some(engine.shard(index));
        }
        for index in 0..SLOTS as u16 {
            let slot = held.slot_mut(index);
            for key in slot.observers().into_iter().flat_map(|observers| observers.keys(database)) {
                if let Some(observers) = slot.observers() {
                    observers.changed(key, &mut Vec::new());
                }
            }
            self.publish(index, slot);
        }
    }
}
