//! Active expiry: the memory of what has expired comes back without anyone touching it.
//!
//! There is no index of deadlines. Every few dozen entries share a lower bound of their deadlines (see
//! [`values::table`]), each slot the lowest of its bounds; a sweep visits only what is due, and every visit
//! either removes something or raises a bound that was too low. A deadline costs no memory beyond its own eight
//! bytes in the entry. The bounds count what is due within an entry as well: the fields of hashes.

use base::slot::SLOTS;

use crate::engine::{Batch, Shard, Store, Swept};
use crate::events::{EventClasses, News};
use crate::fault::{self, Fault};
use crate::{DatabaseKey, Effects, Key, Keyspace};

/// Runs of entries that one hold of a slot's lock may look at: some tens of microseconds.
const EFFORT_PER_HOLD: usize = 16;

/// Where active expiry goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep {
    database: u16,
    slot: usize,
}

/// What a sweep has removed.
#[derive(Debug, Default)]
pub struct Expired {
    /// How many keys.
    pub keys: usize,
    /// How many elements of values: fields of hashes.
    pub elements: usize,
    /// The keys that clients wait for, of those that were removed or lost elements.
    pub ready: Vec<DatabaseKey>,
    /// What others are to be told.
    pub news: Option<Box<News>>,
}

impl Keyspace {
    /// Removes what expired up to `now_ms` in one slot that has something due, going on where the last call
    /// stopped. Returns what was removed, or `None` when nothing is due anywhere.
    pub fn expire_some(&self, sweep: &mut Sweep, now_ms: u64) -> Option<Expired> {
        for _ in 0..=self.databases() {
            match self.statistics[usize::from(sweep.database)].next_due(sweep.slot, now_ms) {
                Some(slot) => {
                    sweep.slot = usize::from(slot);
                    let mut expired = Expired::default();
                    let is_done = self.expire_in_slot(sweep.database, slot, now_ms, &mut expired);
                    sweep.slot += usize::from(is_done);
                    return Some(expired);
                }
                None => *sweep = Sweep { database: (sweep.database + 1) % self.databases(), slot: 0 },
            }
        }
        None
    }

    /// Removes everything in `database` that has expired up to `now_ms`.
    pub fn expire(&self, database: u16, now_ms: u64) -> Expired {
        let mut expired = Expired::default();
        let mut from = 0;
        while let Some(slot) = self.statistics[usize::from(database)].next_due(from, now_ms) {
            let is_done = self.expire_in_slot(database, slot, now_ms, &mut expired);
            from = usize::from(slot) + usize::from(is_done);
            if from >= SLOTS {
                break;
            }
        }
        expired
    }

    /// Removes what has expired in one slot: at the least what a few holds of its lock find.
    pub fn expire_slot(&self, database: u16, slot: u16, now_ms: u64) -> Expired {
        const HOLDS_MAX: usize = 64;
        let mut expired = Expired::default();
        (0..HOLDS_MAX).any(|_| self.expire_in_slot(database, slot, now_ms, &mut expired));
        expired
    }

    /// Whether nothing is left to do in this slot.
    fn expire_in_slot(&self, database: u16, slot: u16, now_ms: u64, expired: &mut Expired) -> bool {
        // Whoever has the slot, perhaps for long, removes what it finds expired.
        let Some(mut held) = self.slots[usize::from(slot)].try_write() else { return true };
        let (mut removed, mut removed_elements, mut ready) = (0, 0, Vec::new());
        let mut news = None;
        let caption = self.caption();
        let mut effects = self.recorder();
        let mut elements: Vec<Box<[u8]>> = Vec::new();
        let mut is_done = true;
        let slot_state = &mut *held;
        if let (Some(shard), observers) = slot_state.shard_mut(database) {
            let mut names: Vec<Box<[u8]>> = Vec::new();
            let mut changed = |name: &[u8], events: &[(EventClasses, &'static str)]| {
                if !events.is_empty() {
                    if let Some(observers) = observers {
                        observers.changed(DatabaseKey::new(database, name), &mut ready);
                    }
                    caption.note_change(database, || name, &mut news);
                }
                events
                    .iter()
                    .for_each(|(class, event)| caption.tell(*class, event, database, name, &mut news));
                if self.store.is_some() {
                    names.push(name.into());
                }
            };
            shard.sweep(now_ms, EFFORT_PER_HOLD, &mut |swept| match swept {
                Swept::Key(entry) => {
                    removed += 1;
                    if let Some(effects) = &mut effects {
                        effects.push_removal(database, entry.key());
                    }
                    changed(entry.key(), &[(EventClasses::EXPIRED, "expired")]);
                    self.discard(entry);
                }
                Swept::Element(element) => {
                    if effects.is_some() {
                        elements.push(element.into());
                    }
                }
                Swept::Elements(name, 0) => changed(name, &[]),
                Swept::Elements(name, count) => {
                    removed_elements += count;
                    if let Some(effects) = &mut effects {
                        push_elements(effects, database, name, &mut elements);
                    }
                    changed(name, &[(EventClasses::HASH, "hexpired")]);
                }
                Swept::Emptied(entry, count) => {
                    removed_elements += count;
                    if let Some(effects) = &mut effects {
                        effects.push_removal(database, entry.key());
                        elements.clear();
                    }
                    changed(entry.key(), &[(EventClasses::HASH, "hexpired"), (EventClasses::GENERIC, "del")]);
                    self.discard(entry);
                }
            });
            is_done = shard.earliest_deadline_ms() > now_ms;
            if let Some(store) = &self.store
                && self.store_removals(shard, &names, &**store, effects.as_deref_mut()).is_err()
            {
                // They stay, unseen, until the store works again.
                (removed, removed_elements, is_done) = (0, 0, true);
                ready.clear();
                news = None;
                effects = None;
            }
            if let Some(effects) = effects.filter(|effects| !effects.is_empty()) {
                self.append(&effects);
            }
        }
        self.publish(slot, slot_state);
        slot_state.tidy();
        expired.keys += removed;
        expired.elements += removed_elements;
        expired.ready.append(&mut ready);
        if let Some(news) = news {
            let all = expired.news.get_or_insert_default();
            all.events.extend(news.events);
            all.changed.extend(news.changed);
        }
        is_done
    }

    /// Writes that these keys are gone, or have fewer elements, and hands over the effects where there is anything to
    /// write.
    fn store_removals(
        &self,
        shard: &mut dyn Shard,
        names: &[Box<[u8]>],
        store: &dyn Store,
        effects: Option<&mut Effects>,
    ) -> Result<(), Fault> {
        let mut batch = Batch::default();
        let staged = names.iter().try_for_each(|name| shard.stage(&Key::new(name), &mut batch));
        let result = match fault::take() {
            Some(fault) => Err(fault),
            None if batch.is_empty() => staged,
            None => staged.and_then(|()| self.store_with_effects(store, batch, effects, false)),
        };
        shard.settle(result.is_ok());
        result
    }
}

/// Adds that these fields of the hash that `name` names are gone.
fn push_elements(effects: &mut Effects, database: u16, name: &[u8], elements: &mut Vec<Box<[u8]>>) {
    let words = [b"HDEL".as_slice(), name].into_iter();
    effects.push(database, words.chain(elements.iter().map(|element| &**element)));
    elements.clear();
}
