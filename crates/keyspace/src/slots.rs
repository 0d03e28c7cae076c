//! Slots, their locks, and the holding of one, some or all of them.
//!
//! A command locks the slots of its keys before it runs and lets them go when its effects are recorded. Whoever
//! holds some slots and needs more only *tries* the rest: when that fails, it lets all go and begins again by
//! waiting for the slot that failed. Nobody holds and waits, so nobody deadlocks. The one exception is whoever
//! needs all: it waits for them in ascending order while it holds the lower ones, which is safe because those
//! that it waits for never wait themselves, except for others of its kind, who go in the same order.

use std::ops::Deref;

use smallvec::SmallVec;
use sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::Key;
use crate::engine::{Shard, ShardBox};
use crate::observers::Observers;

/// What one slot holds: a shard for each database, made when first written to, and who observes its keys. What
/// most servers need, the shard of database 0, lies in the slot itself.
#[derive(Default)]
pub(crate) struct Slot {
    first: Option<ShardBox>,
    rest: Option<Box<Rest>>,
}

#[derive(Default)]
struct Rest {
    /// Of the databases from 1 on.
    shards: Vec<Option<ShardBox>>,
    observers: Observers,
}

impl Slot {
    /// The shard of `database`, if there is one.
    #[inline]
    pub fn shard(&self, database: u16) -> Option<&dyn Shard> {
        match database {
            0 => self.first.as_deref(),
            _ => self.rest.as_ref()?.shards.get(usize::from(database) - 1)?.as_deref(),
        }
    }

    /// The shard of `database`, if there is one, and those who observe keys, if any do.
    #[inline]
    pub fn shard_mut(&mut self, database: u16) -> (Option<&mut (dyn Shard + 'static)>, Option<&Observers>) {
        match (database, self.rest.as_deref_mut()) {
            (0, rest) => (self.first.as_deref_mut(), rest.and_then(|rest| rest.observers.if_any())),
            (_, Some(rest)) => {
                let shard = rest.shards.get_mut(usize::from(database) - 1);
                (shard.and_then(Option::as_deref_mut), rest.observers.if_any())
            }
            (_, None) => (None, None),
        }
    }

    /// The place of the shard of `database`, and those who observe keys, if any do.
    #[inline]
    pub fn place_mut(&mut self, database: u16) -> (&mut Option<ShardBox>, Option<&Observers>) {
        if database == 0 {
            let observers = self.rest.as_deref().and_then(|rest| rest.observers.if_any());
            return (&mut self.first, observers);
        }
        let rest = self.rest.get_or_insert_default();
        let index = usize::from(database) - 1;
        if rest.shards.len() <= index {
            rest.shards.resize_with(index + 1, || None);
        }
        (&mut rest.shards[index], rest.observers.if_any())
    }

    /// Visits the shards, with their databases, and the places where one was or may come to be.
    #[inline]
    pub fn for_each_shard(&self, mut visit: impl FnMut(u16, Option<&dyn Shard>)) {
        visit(0, self.first.as_deref());
        if let Some(rest) = &self.rest {
            (1..).zip(&rest.shards).for_each(|(database, shard)| visit(database, shard.as_deref()));
        }
    }

    /// Visits the shards.
    pub fn for_each_shard_mut(&mut self, mut visit: impl FnMut(&mut dyn Shard)) {
        let rest = self.rest.iter_mut().flat_map(|rest| rest.shards.iter_mut().flatten());
        self.first.iter_mut().chain(rest).for_each(|shard| visit(&mut **shard));
    }

    /// Exchanges the shards of two databases.
    pub fn swap(&mut self, first: u16, second: u16) {
        let one = self.place_mut(first).0.take();
        let other = std::mem::replace(self.place_mut(second).0, one);
        *self.place_mut(first).0 = other;
    }

    /// Those who observe keys, if any do.
    #[inline]
    pub fn observers(&self) -> Option<&Observers> {
        self.rest.as_deref().and_then(|rest| rest.observers.if_any())
    }

    /// Those who observe keys, to change.
    pub fn observers_mut(&mut self) -> &mut Observers {
        &mut self.rest.get_or_insert_default().observers
    }

    /// Gives back what only observers or other databases needed, if they are gone.
    #[inline]
    pub fn tidy(&mut self) {
        if self.rest.is_some() {
            self.tidy_rest();
        }
    }

    fn tidy_rest(&mut self) {
        let Some(rest) = self.rest.as_deref_mut() else { return };
        let is_vacant = |shard: &Option<ShardBox>| shard.as_ref().is_none_or(|shard| shard.is_vacant());
        while rest.shards.pop_if(|shard| is_vacant(shard)).is_some() {}
        if rest.observers.is_empty() && rest.shards.is_empty() {
            self.rest = None;
        }
    }
}

/// A slot behind its lock, in a cache line of its own: one wait for memory, and no neighbours.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct LockedSlot(RwLock<Slot>);

const _: () = assert!(size_of::<LockedSlot>() == 64, "a locked slot fills one cache line");

impl Deref for LockedSlot {
    type Target = RwLock<Slot>;

    #[inline]
    fn deref(&self) -> &RwLock<Slot> {
        &self.0
    }
}

/// The slots that a command needs.
#[derive(Debug, PartialEq, Eq)]
pub enum Needs {
    /// This one.
    One(u16),
    /// These, without repetition, in ascending order.
    Some(SmallVec<[u16; 16]>),
    /// All of them.
    All,
}

impl Needs {
    /// The needs of a command that has keys in these slots.
    pub fn of_slots(mut slots: SmallVec<[u16; 16]>) -> Needs {
        if slots.len() > 1 {
            slots.sort_unstable();
            slots.dedup();
        }
        match slots.as_slice() {
            [only] => Needs::One(*only),
            _ => Needs::Some(slots),
        }
    }

    /// What is needed to do both.
    pub fn and(self, other: Needs) -> Needs {
        let slots = |needs| match needs {
            Needs::One(slot) => Some(SmallVec::from_slice(&[slot])),
            Needs::Some(slots) => Some(slots),
            Needs::All => None,
        };
        match (slots(self), slots(other)) {
            (Some(mut slots), Some(more)) => {
                slots.extend(more);
                Needs::of_slots(slots)
            }
            _ => Needs::All,
        }
    }
}

/// Gathers the slots of a command's keys.
#[derive(Default)]
pub struct SlotsOfKeys {
    first: Option<u16>,
    /// All, the first too, once there is another.
    several: SmallVec<[u16; 16]>,
}

impl SlotsOfKeys {
    /// Adds the slot of `key`.
    #[inline]
    pub fn add(&mut self, key: Key<'_>) {
        match self.first {
            None => self.first = Some(key.slot),
            Some(first) if first == key.slot && self.several.is_empty() => {}
            Some(first) => {
                if self.several.is_empty() {
                    self.several.push(first);
                }
                self.several.push(key.slot);
            }
        }
    }

    /// What a command with these keys needs.
    #[inline]
    pub fn needs(self) -> Needs {
        match self.first {
            Some(first) if self.several.is_empty() => Needs::One(first),
            _ => Needs::of_slots(self.several),
        }
    }
}

enum Guard<'k> {
    Shared(RwLockReadGuard<'k, Slot>),
    Exclusive(RwLockWriteGuard<'k, Slot>),
}

impl Guard<'_> {
    #[inline]
    fn slot(&self) -> &Slot {
        match self {
            Guard::Shared(guard) => guard,
            Guard::Exclusive(guard) => guard,
        }
    }

    #[inline]
    fn slot_mut(&mut self) -> &mut Slot {
        match self {
            Guard::Shared(_) => unreachable!("a view for reading was asked to write"),
            Guard::Exclusive(guard) => guard,
        }
    }
}

/// Locked slots; dropping it unlocks them.
pub(crate) struct Held<'k> {
    guards: Guards<'k>,
}

enum Guards<'k> {
    One(u16, Guard<'k>),
    /// Ascending by slot.
    Some(SmallVec<[(u16, Guard<'k>); 2]>),
    All(Vec<Guard<'k>>),
}

/// How to lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Shared,
    Exclusive,
}

fn wait(lock: &RwLock<Slot>, mode: Mode) -> Guard<'_> {
    match mode {
        Mode::Shared => Guard::Shared(lock.read()),
        Mode::Exclusive => Guard::Exclusive(lock.write()),
    }
}

fn attempt(lock: &RwLock<Slot>, mode: Mode) -> Option<Guard<'_>> {
    match mode {
        Mode::Shared => lock.try_read().map(Guard::Shared),
        Mode::Exclusive => lock.try_write().map(Guard::Exclusive),
    }
}

impl<'k> Held<'k> {
    /// Locks what is needed, waiting as long as it takes.
    #[inline]
    pub fn lock(slots: &'k [LockedSlot], needs: &Needs, mode: Mode) -> Held<'k> {
        let guards = match needs {
            Needs::All => Guards::All(slots.iter().map(|lock| wait(lock, mode)).collect()),
            Needs::One(only) => Guards::One(*only, wait(&slots[usize::from(*only)], mode)),
            Needs::Some(several) => Guards::Some(lock_several(slots, several, mode)),
        };
        Held { guards }
    }

    /// Locks one slot, unless it is locked.
    pub fn try_lock_one(slots: &'k [LockedSlot], index: u16, mode: Mode) -> Option<Held<'k>> {
        let guard = attempt(&slots[usize::from(index)], mode)?;
        Some(Held { guards: Guards::One(index, guard) })
    }

    /// The slot `index`, which must be among the locked ones.
    #[inline]
    pub fn slot(&self, index: u16) -> &Slot {
        match &self.guards {
            Guards::One(held, guard) => {
                assert!(*held == index, "a command touched a key that it had not declared");
                guard.slot()
            }
            Guards::Some(guards) => guards[position(guards, index)].1.slot(),
            Guards::All(guards) => guards[usize::from(index)].slot(),
        }
    }

    /// As [`Held::slot`], to change it; it must have been locked exclusively.
    #[inline]
    pub fn slot_mut(&mut self, index: u16) -> &mut Slot {
        match &mut self.guards {
            Guards::One(held, guard) => {
                assert!(*held == index, "a command touched a key that it had not declared");
                guard.slot_mut()
            }
            Guards::Some(guards) => {
                let position = position(guards, index);
                guards[position].1.slot_mut()
            }
            Guards::All(guards) => guards[usize::from(index)].slot_mut(),
        }
    }

    /// Visits the locked slots, which must have been locked exclusively.
    pub fn for_each_mut(&mut self, mut visit: impl FnMut(u16, &mut Slot)) {
        match &mut self.guards {
            Guards::One(index, guard) => visit(*index, guard.slot_mut()),
            Guards::Some(guards) => {
                guards.iter_mut().for_each(|(index, guard)| visit(*index, guard.slot_mut()))
            }
            Guards::All(guards) => {
                (0..).zip(guards).for_each(|(index, guard)| visit(index, guard.slot_mut()));
            }
        }
    }
}

fn position(guards: &[(u16, Guard<'_>)], index: u16) -> usize {
    guards
        .binary_search_by_key(&index, |(held, _)| *held)
        .unwrap_or_else(|_| unreachable!("a command touched a key that it had not declared"))
}

fn lock_several<'k>(slots: &'k [LockedSlot], needed: &[u16], mode: Mode) -> SmallVec<[(u16, Guard<'k>); 2]> {
    let mut guards: SmallVec<[(u16, Guard<'k>); 2]> = SmallVec::with_capacity(needed.len());
    let mut first = needed.first().copied();
    while let Some(wait_for) = first.take() {
        guards.push((wait_for, wait(&slots[usize::from(wait_for)], mode)));
        for &index in needed.iter().filter(|index| **index != wait_for) {
            match attempt(&slots[usize::from(index)], mode) {
                Some(guard) => guards.push((index, guard)),
                None => {
                    guards.clear();
                    first = Some(index);
                    break;
                }
            }
        }
    }
    guards.sort_unstable_by_key(|(index, _)| *index);
    guards
}
