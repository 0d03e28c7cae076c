//! Slots, their locks, and the holding of one, some or all of them.
//!
//! A command locks the slots of its keys before it runs and lets them go when its effects are recorded. Whoever
//! holds some slots and needs more only *tries* the rest: when that fails, it lets all go and begins again by
//! waiting for the slot that failed. Nobody holds and waits, so nobody deadlocks. The one exception is whoever
//! needs all: it waits for them in ascending order while it holds the lower ones, which is safe because those
//! that it waits for never wait themselves, except for others of its kind, who go in the same order, and for whoever
//! has the [`Escalation`].
//!
//! A script may touch keys that it has not declared. It has the one [`Escalation`] from its beginning then, with which
//! it may wait for slots while it holds others. Whoever needs all slots takes it too while it gathers them, so there is
//! never more than one who holds and waits.
//!
//! A wait that takes long is handed off (see [`hand_waits_to`]), so that the worker's other clients go on.

use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

use smallvec::SmallVec;
use sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::Key;
use crate::engine::{Counts, Shard, ShardBox};
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

    /// What is in the shard of database 0, where there is none of another database and nobody observes a key.
    #[inline]
    pub fn plain_counts(&self) -> Option<Counts> {
        if self.rest.is_some() { None } else { Some(self.first.as_deref()?.counts()) }
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

/// As [`escalate`], but gives up when somebody keeps it for longer than a moment.
pub(crate) fn escalate_soon(escalation: &Escalation) -> Option<MutexGuard<'_, ()>> {
    /// Scripts that are known to need it take far less, unless they run long.
    const MOMENT: Duration = Duration::from_millis(50);
    escalation.try_lock().or_else(|| {
        let mut guard = None;
        patiently(&mut || guard = escalation.lock_within(MOMENT));
        guard
    })
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

/// The right to hold slots and wait for others: one has it.
pub(crate) type Escalation = Mutex<()>;

/// A slot that is not free after this long is held by something that may take much longer.
const QUICK_WAIT: Duration = Duration::from_millis(2);

/// Runs work that may have to wait, while another thread does what else the calling one has to do.
pub type HandOff = fn(&mut dyn FnMut());

static HAND_OFF: OnceLock<HandOff> = OnceLock::new();

/// Has long waits for slots handed to `hand_off`, once and for all; without, the thread just waits.
pub fn hand_waits_to(hand_off: HandOff) {
    HAND_OFF.get_or_init(|| hand_off);
}

/// Locks a slot, waiting as long as it takes.
#[inline]
fn wait(lock: &RwLock<Slot>, mode: Mode) -> Guard<'_> {
    match attempt(lock, mode) {
        Some(guard) => guard,
        None => wait_patiently(lock, mode),
    }
}

/// Locks one slot to change it, waiting as long as it takes.
pub(crate) fn write_slot(slot: &LockedSlot) -> RwLockWriteGuard<'_, Slot> {
    match wait(slot, Mode::Exclusive) {
        Guard::Exclusive(guard) => guard,
        Guard::Shared(_) => unreachable!("it was asked for exclusively"),
    }
}

#[cold]
fn wait_patiently(lock: &RwLock<Slot>, mode: Mode) -> Guard<'_> {
    let quick = match mode {
        Mode::Shared => lock.read_within(QUICK_WAIT).map(Guard::Shared),
        Mode::Exclusive => lock.write_within(QUICK_WAIT).map(Guard::Exclusive),
    };
    if let Some(guard) = quick {
        return guard;
    }
    let mut guard = None;
    let mut lock = || {
        guard = Some(match mode {
            Mode::Shared => Guard::Shared(lock.read()),
            Mode::Exclusive => Guard::Exclusive(lock.write()),
        });
    };
    patiently(&mut lock);
    guard.unwrap_or_else(|| unreachable!("what is handed off is done when that returns"))
}

pub(crate) fn patiently(work: &mut dyn FnMut()) {
    match HAND_OFF.get() {
        Some(hand_off) => hand_off(work),
        None => work(),
    }
}

/// Takes the right to hold and wait, waiting as long as it takes.
pub(crate) fn escalate(escalation: &Escalation) -> MutexGuard<'_, ()> {
    let quick = escalation.try_lock().or_else(|| escalation.lock_within(QUICK_WAIT));
    quick.unwrap_or_else(|| {
        let mut guard = None;
        patiently(&mut || guard = Some(escalation.lock()));
        guard.unwrap_or_else(|| unreachable!("what is handed off is done when that returns"))
    })
}

fn attempt(lock: &RwLock<Slot>, mode: Mode) -> Option<Guard<'_>> {
    match mode {
        Mode::Shared => lock.try_read().map(Guard::Shared),
        Mode::Exclusive => lock.try_write().map(Guard::Exclusive),
    }
}

impl<'k> Held<'k> {
    /// Locks what is needed, waiting as long as it takes. Whoever needs all slots needs the `escalation` too, unless
    /// it has it already.
    #[inline]
    pub fn lock(
        slots: &'k [LockedSlot],
        needs: &Needs,
        mode: Mode,
        escalation: Option<&Escalation>,
    ) -> Held<'k> {
        let guards = match needs {
            Needs::All => {
                let _escalation = escalation.map(escalate);
                Guards::All(slots.iter().map(|lock| wait(lock, mode)).collect())
            }
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

    /// Whether the slot `index` is among the locked ones.
    #[inline]
    pub fn has(&self, index: u16) -> bool {
        match &self.guards {
            Guards::One(held, _) => *held == index,
            Guards::Some(guards) => guards.binary_search_by_key(&index, |(held, _)| *held).is_ok(),
            Guards::All(_) => true,
        }
    }

    /// Whether all slots are.
    pub fn has_all(&self) -> bool {
        matches!(self.guards, Guards::All(_))
    }

    /// Locks the slot `index` exclusively too, if it is not: waiting for it, which only whoever has the escalation may
    /// do, or else trying for a moment. Says whether it is locked now.
    pub fn add(&mut self, slots: &'k [LockedSlot], index: u16, may_wait: bool) -> bool {
        if self.has(index) {
            return true;
        }
        let lock = &slots[usize::from(index)];
        let guard = if may_wait { Some(wait(lock, Mode::Exclusive)) } else { try_for_a_moment(lock) };
        let Some(guard) = guard else { return false };
        let none = Guards::Some(SmallVec::new());
        let mut guards = match std::mem::replace(&mut self.guards, none) {
            Guards::One(held, guard) => SmallVec::from_iter([(held, guard)]),
            Guards::Some(guards) => guards,
            Guards::All(_) => unreachable!("whoever has all slots has each"),
        };
        let place = guards.partition_point(|(held, _)| *held < index);
        guards.insert(place, (index, guard));
        self.guards = Guards::Some(guards);
        true
    }

    /// Locks all slots exclusively that are not; the caller must have the escalation.
    pub fn add_all(&mut self, slots: &'k [LockedSlot]) {
        let none = Guards::Some(SmallVec::new());
        let held = match std::mem::replace(&mut self.guards, none) {
            Guards::One(held, guard) => SmallVec::from_iter([(held, guard)]),
            Guards::Some(guards) => guards,
            all @ Guards::All(_) => {
                self.guards = all;
                return;
            }
        };
        let mut held = held.into_iter().peekable();
        let guards = slots.iter().zip(0..).map(|(lock, index)| {
            let own = held.next_if(|(held, _)| *held == index);
            own.map_or_else(|| wait(lock, Mode::Exclusive), |(_, guard)| guard)
        });
        self.guards = Guards::All(guards.collect());
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

    /// The slot that is locked, where it is only one.
    #[inline]
    pub fn only(&self) -> Option<&Slot> {
        match &self.guards {
            Guards::One(_, guard) => Some(guard.slot()),
            _ => None,
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

/// Tries to lock a slot exclusively until it would be a wait.
fn try_for_a_moment(lock: &RwLock<Slot>) -> Option<Guard<'_>> {
    lock.write_within(QUICK_WAIT).map(Guard::Exclusive)
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
