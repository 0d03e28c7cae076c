//! What a command that writes does to the keyspace.
//!
//! A transaction holds the slots of its keys exclusively and is the only way to change them. It notes what was
//! changed, so that watchers, waiting clients and statistics learn of it without the command naming them.
//!
//! The steps of every write are always inlined, here and in the handles: a struct that is handed on right after its fields
//! were written waits for these writes, which was a tenth of a short command's time, measured.

use std::ops::Deref;
use std::sync::Arc;

use sync::MutexGuard;
use values::access::Access;
use values::entry::{Entry, EntryRef, Kind};
use values::limits::Limits;

use crate::engine::{Counts, Emptied, Loaded, Shard};
use crate::events::{Caption, EventClasses};
use crate::fault::Fault;
use crate::handles::{Found, HashMut, ListMut, SetMut, StreamMut, Touched, ZSetMut};
use crate::pending::Pending;
use crate::slots::{Held, Mode, Needs, Slot};
use crate::view::{Context, ReadView, Tally, WrongType, access_clock, is_expired, note_use};
use crate::{DatabaseKey, Effects, Key, Keyspace};

/// Makes an empty collection for the key of this name.
type Make<'m> = &'m dyn Fn(&[u8], &Limits) -> Entry;

/// Two databases are served by different engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifferentEngines;

/// One command's (or one transaction's) exclusive hold on its keys. It reads as a [`ReadView`] does.
pub struct WriteTxn<'k> {
    pub(crate) view: ReadView<'k>,
    /// What its changes are called.
    caption: Caption,
    /// What is to be stored, where some database is.
    pending: Option<Box<Pending>>,
    /// What it has done, where somebody wants to know.
    pub(crate) effects: Option<Box<Effects>>,
    /// The right to hold slots and wait for others, if it was asked for.
    escalation: Option<MutexGuard<'k, ()>>,
    /// What is known to all of the only slot that it holds, where that is known here and no deadline is in it.
    published: Option<Counts>,
}

impl<'k> Deref for WriteTxn<'k> {
    type Target = ReadView<'k>;

    fn deref(&self) -> &ReadView<'k> {
        &self.view
    }
}

impl<'k> WriteTxn<'k> {
    #[inline(always)]
    pub(crate) fn new(keyspace: &'k Keyspace, needs: &Needs, context: Context) -> WriteTxn<'k> {
        ReadView::forget_faults(keyspace);
        let held = Held::lock(&keyspace.slots, needs, Mode::Exclusive, Some(&keyspace.escalation));
        WriteTxn::holding(keyspace, held, context)
    }

    /// See [`Keyspace::write_growing`].
    pub(crate) fn new_growing(
        keyspace: &'k Keyspace,
        escalation: MutexGuard<'k, ()>,
        needs: &Needs,
        context: Context,
    ) -> WriteTxn<'k> {
        ReadView::forget_faults(keyspace);
        let held = Held::lock(&keyspace.slots, needs, Mode::Exclusive, None);
        let mut txn = WriteTxn::holding(keyspace, held, context);
        txn.escalation = Some(escalation);
        txn
    }

    /// Whether it has the right to lock more.
    pub fn is_growing(&self) -> bool {
        self.escalation.is_some()
    }

    /// Whether it holds all of these slots.
    #[inline]
    pub fn holds(&self, needs: &Needs) -> bool {
        match needs {
            Needs::One(slot) => self.view.held.has(*slot),
            Needs::Some(slots) => slots.iter().all(|slot| self.view.held.has(*slot)),
            Needs::All => self.view.whole,
        }
    }

    /// Has it hold these slots too, and says whether it does. Without the right to wait
    /// ([`Keyspace::write_growing`]) it may fail, having got some of them: whoever holds them may want what this one
    /// holds.
    pub fn extend(&mut self, needs: &Needs) -> bool {
        let extended = self.hold_more(needs);
        if self.effects.is_none() {
            // Somebody may have begun to listen while it held nothing; otherwise nobody could.
            self.effects = self.view.keyspace.recorder();
        }
        extended
    }

    fn hold_more(&mut self, needs: &Needs) -> bool {
        let (slots, may_wait) = (&self.view.keyspace.slots, self.escalation.is_some());
        match needs {
            Needs::One(slot) => self.view.held.add(slots, *slot, may_wait),
            Needs::Some(several) => several.iter().all(|slot| self.view.held.add(slots, *slot, may_wait)),
            Needs::All if self.view.whole => true,
            Needs::All if !may_wait => false,
            Needs::All => {
                self.view.held.add_all(slots);
                self.view.whole = true;
                true
            }
        }
    }

    /// How many changes it has made so far.
    pub fn changes(&self) -> u64 {
        self.view.tally.borrow().changes
    }

    /// A transaction on what is locked already.
    #[inline(always)]
    pub(crate) fn holding(keyspace: &'k Keyspace, held: Held<'k>, context: Context) -> WriteTxn<'k> {
        let published =
            held.only().and_then(Slot::plain_counts).filter(|counts: &Counts| !counts.has_deadlines());
        WriteTxn {
            published,
            view: ReadView::holding(keyspace, held, context),
            caption: keyspace.caption(),
            pending: keyspace.store.is_some().then(Box::default),
            effects: keyspace.recorder(),
            escalation: None,
        }
    }

    /// Says what the changes that follow are called, in the class of the values that they are made to; without a name
    /// they are not told.
    #[inline]
    pub fn call_changes(&mut self, name: &'static str) {
        self.caption = self.caption.named(name, None);
    }

    /// As [`WriteTxn::call_changes`], in the class of what may happen to any value.
    pub fn call_changes_generic(&mut self, name: &'static str) {
        self.caption = self.caption.named(name, Some(EventClasses::GENERIC));
    }

    /// Tells that something happened to `key`, whatever changes are called.
    pub fn tell(&mut self, class: EventClasses, name: &'static str, key: &Key<'_>) {
        self.tell_in(self.view.database(), class, name, key);
    }

    /// As [`WriteTxn::tell`], of a key of another database.
    pub fn tell_in(&mut self, database: u16, class: EventClasses, name: &'static str, key: &Key<'_>) {
        let caption = self.caption;
        caption.tell(class, name, database, key.bytes, &mut self.view.tally_mut().news);
    }

    /// Whether some databases are stored, and others are not.
    pub fn has_stored_beside_unstored(&self) -> bool {
        let keyspace = self.view.keyspace;
        let is_stored = |database: u16| keyspace.engine(database).is_stored();
        (1..keyspace.databases()).any(|database| is_stored(database) != is_stored(0))
    }

    /// Counts one change less than there were.
    pub fn uncount_change(&mut self) {
        self.view.tally_mut().changes -= 1;
    }

    /// Takes out what is to be told so far of changed keys, and whether a database was emptied: for whoever tells it
    /// before the end.
    pub fn take_changed(&mut self) -> (Vec<DatabaseKey>, bool) {
        match &mut self.view.tally_mut().news {
            Some(news) => (std::mem::take(&mut news.changed), std::mem::take(&mut news.emptied)),
            None => (Vec::new(), false),
        }
    }

    /// See [`ReadView::set_context`].
    pub fn set_context(&mut self, context: Context) {
        self.view.set_context(context);
    }

    /// Makes the counts of the slots that are held known, so that what looks at all slots within the transaction
    /// finds what it has done so far. Otherwise they become known at its end.
    pub fn publish(&mut self) {
        self.published = None;
        let keyspace = self.view.keyspace;
        self.view.held.for_each_mut(|index, slot| keyspace.publish(index, slot));
    }

    /// Makes what was done so far last, all of it or nothing, and says what it was. When that fails, nothing of it has
    /// happened.
    #[inline(always)]
    pub fn commit(&mut self) -> Result<Tally, Fault> {
        let mut tally = std::mem::take(self.view.tally_mut());
        tally.is_told = self.effects.as_ref().is_some_and(|effects| !effects.is_empty());
        if let Some(pending) = &mut self.pending
            && let Err(fault) = pending.store(
                self.view.keyspace,
                &mut self.view.held,
                self.effects.as_deref_mut(),
                self.view.context.is_copy,
            )
        {
            // Nothing of it has happened.
            self.effects = None;
            return Err(fault);
        }
        if self.effects.is_some() {
            self.hand_over_effects();
        }
        Ok(tally)
    }

    /// The entry of `key` in `database` to change. An expired one is removed.
    #[inline(always)]
    pub(crate) fn locate(&mut self, database: u16, key: &Key<'_>) -> Option<Found<'_>> {
        let keyspace = self.view.keyspace;
        let random = self.chance();
        let context = &self.view.context;
        let slot = self.view.held.slot_mut(key.slot);
        if keyspace.snapshots.run() {
            keyspace.snapshots.before_change(database, key, slot);
        }
        let tally = self.view.tally.get_mut();
        let (shard, observers) = slot.shard_mut(database);
        let entry = shard?.find_mut(key)?;
        let caption = &self.caption;
        let (pending, effects) = (self.pending.as_deref_mut(), self.effects.as_deref_mut());
        let mut touched = Touched { observers, database, tally, pending, effects, caption };
        if is_expired(entry.as_ref(), context.horizon_ms()) {
            touched.is_gone(entry.as_ref(), context.horizon_ms());
            keyspace.discard(entry.remove());
            return None;
        }
        if context.touch {
            note_use(entry.as_ref(), context, || random);
        }
        Some(Found { entry, touched, context, is_new: false })
    }

    /// What decides whether a use is counted, where uses are counted by chance.
    #[inline(always)]
    fn chance(&self) -> u64 {
        self.view.context.counting.map_or(0, |_| self.view.random())
    }

    /// The shard that `key` of `database` belongs to, with what must be told of a change, and the context.
    #[inline(always)]
    fn shard_mut(&mut self, database: u16, key: &Key<'_>) -> (&mut dyn Shard, Touched<'_>, &Context) {
        let keyspace = self.view.keyspace;
        let slot = self.view.held.slot_mut(key.slot);
        if keyspace.snapshots.run() {
            keyspace.snapshots.before_change(database, key, slot);
        }
        let (place, observers) = slot.place_mut(database);
        let shard = place.get_or_insert_with(|| keyspace.engine(database).shard(key.slot));
        let tally = self.view.tally.get_mut();
        let caption = &self.caption;
        let (pending, effects) = (self.pending.as_deref_mut(), self.effects.as_deref_mut());
        let touched = Touched { observers, database, tally, pending, effects, caption };
        (&mut **shard, touched, &self.view.context)
    }

    /// Puts `entry` in as `key`, in place of whatever was there.
    pub fn insert_in(&mut self, database: u16, key: &Key<'_>, entry: Entry) {
        let keyspace = self.view.keyspace;
        if !entry.as_ref().accessed().is_counted() {
            // What is only moved keeps the counts of its uses.
            entry.as_ref().touch(access_clock(self.view.now_ms()));
        }
        let kind = entry.kind();
        let (shard, mut touched, _) = self.shard_mut(database, key);
        let mut entry = Some(entry);
        let old = shard.find_mut(key).and_then(|mut old| entry.take().map(|entry| old.replace(entry)));
        if let Some(entry) = entry {
            shard.insert(key, entry);
            touched.is_new(key.bytes);
        }
        touched.changed(|| key.bytes);
        touched.tell_change(kind, || key.bytes);
        if let Some(old) = old {
            keyspace.discard(old);
        }
    }

    /// As [`WriteTxn::insert_in`], for a key that is not there.
    pub(crate) fn insert_new(&mut self, database: u16, key: &Key<'_>, entry: Entry) {
        entry.as_ref().touch(access_clock(self.view.now_ms()));
        let kind = entry.kind();
        let (shard, mut touched, _) = self.shard_mut(database, key);
        shard.insert(key, entry);
        touched.is_new(key.bytes);
        touched.changed(|| key.bytes);
        touched.tell_change(kind, || key.bytes);
    }

    /// Puts in what was loaded, with what is known of its use; says no where `key` is there already, unless that is to be
    /// replaced. It is no change: nobody is told of it.
    pub fn load(
        &mut self,
        database: u16,
        key: &Key<'_>,
        entry: Entry,
        access: Option<Access>,
        replaces: bool,
    ) -> bool {
        let keyspace = self.view.keyspace;
        entry.as_ref().touch(access.unwrap_or_else(|| access_clock(self.view.now_ms())));
        let (shard, mut touched, _) = self.shard_mut(database, key);
        let mut entry = Some(entry);
        if let Some(mut old) = shard.find_mut(key) {
            if !replaces {
                return false;
            }
            if let Some(entry) = entry.take() {
                keyspace.discard(old.replace(entry));
            }
        }
        if let Some(entry) = entry {
            shard.insert(key, entry);
        }
        touched.is_to_be_stored(key.bytes);
        true
    }

    /// Puts `entry` in as `key`, in place of whatever was there.
    pub fn insert(&mut self, key: &Key<'_>, entry: Entry) {
        self.insert_in(self.view.database(), key, entry);
    }

    /// Takes `key` out, if it is there.
    pub fn take_in(&mut self, database: u16, key: &Key<'_>) -> Option<Entry> {
        let Found { entry, mut touched, .. } = self.locate(database, key)?;
        touched.changed(|| key.bytes);
        touched.tell_removal(key.bytes);
        Some(entry.remove())
    }

    /// Takes `key` out, if it is there.
    pub fn take(&mut self, key: &Key<'_>) -> Option<Entry> {
        self.take_in(self.view.database(), key)
    }

    /// Takes `key` out of `database` to make room in memory, if it is there and, as `is_to_go` sees it, still to go.
    pub(crate) fn evict(
        &mut self,
        database: u16,
        key: &Key<'_>,
        is_to_go: impl FnOnce(EntryRef<'_>) -> bool,
    ) -> Option<Entry> {
        let Found { entry, mut touched, .. } = self.locate(database, key)?;
        if !is_to_go(entry.as_ref()) {
            return None;
        }
        touched.changed(|| key.bytes);
        touched.is_evicted(key.bytes);
        Some(entry.remove())
    }

    /// Removes `key` and says whether it was there.
    pub fn remove(&mut self, key: &Key<'_>) -> bool {
        let taken = self.take(key);
        let was_there = taken.is_some();
        if let Some(entry) = taken {
            self.view.keyspace.discard(entry);
        }
        was_there
    }

    /// The deadline of `key`, if there is such a key.
    pub fn deadline(&self, key: &Key<'_>) -> Option<Option<u64>> {
        self.view.peek(key).map(EntryRef::deadline_ms)
    }

    /// Sets or removes the deadline of `key`, and says whether there is such a key. A deadline that has passed
    /// removes it.
    pub fn set_deadline(&mut self, key: &Key<'_>, deadline_ms: Option<u64>) -> bool {
        if deadline_ms.is_some_and(|deadline_ms| deadline_ms <= self.view.horizon_ms()) {
            return self.remove(key);
        }
        let Some(Found { mut entry, mut touched, .. }) = self.locate(self.view.database(), key) else {
            return false;
        };
        if entry.as_ref().deadline_ms() != deadline_ms {
            entry.set_deadline_ms(deadline_ms);
        }
        touched.changed(|| key.bytes);
        drop(entry);
        let name = if deadline_ms.is_some() { "expire" } else { "persist" };
        self.tell(EventClasses::GENERIC, name, key);
        true
    }

    /// The collection of `kind` at `key`, to change.
    #[inline(always)]
    fn collection(&mut self, key: &Key<'_>, kind: Kind) -> Result<Option<Found<'_>>, WrongType> {
        match self.locate(self.view.database(), key) {
            Some(found) if found.entry.kind() != kind => Err(WrongType),
            found => Ok(found),
        }
    }

    /// The collection of `kind` at `key`, to change; made by `make` when there is none.
    #[inline(always)]
    fn collection_or_new(
        &mut self,
        key: &Key<'_>,
        kind: Kind,
        make: Make<'_>,
    ) -> Result<Found<'_>, WrongType> {
        let (keyspace, random) = (self.view.keyspace, self.chance());
        let (shard, mut touched, context) = self.shard_mut(self.view.context.database, key);
        let mut make = || make(key.bytes, &context.limits);
        let (mut entry, mut is_new) = shard.find_or_insert(key, &mut make);
        if !is_new && is_expired(entry.as_ref(), context.horizon_ms()) {
            touched.is_gone(entry.as_ref(), context.horizon_ms());
            keyspace.discard(entry.replace(make()));
            is_new = true;
        }
        if is_new {
            entry.as_ref().touch(access_clock(context.now_ms));
        } else if context.touch {
            note_use(entry.as_ref(), context, || random);
        }
        if entry.kind() != kind {
            return Err(WrongType);
        }
        Ok(Found { entry, touched, context, is_new })
    }

    /// The list at `key`, to change.
    pub fn list_mut(&mut self, key: &Key<'_>) -> Result<Option<ListMut<'_>>, WrongType> {
        Ok(self.collection(key, Kind::List)?.map(ListMut::new))
    }

    /// The list at `key`, to change; an empty one when there is none. It is gone again if it stays empty.
    pub fn list_or_new(&mut self, key: &Key<'_>) -> Result<ListMut<'_>, WrongType> {
        Ok(ListMut::new(self.collection_or_new(key, Kind::List, &|key, _| values::list::empty(key))?))
    }

    /// The set at `key`, to change.
    pub fn set_mut(&mut self, key: &Key<'_>) -> Result<Option<SetMut<'_>>, WrongType> {
        Ok(self.collection(key, Kind::Set)?.map(SetMut::new))
    }

    /// The set at `key`, to change, to which about `expected` members will be added of which `first` is one; an
    /// empty one when there is none. It is gone again if it stays empty.
    pub fn set_or_new(
        &mut self,
        key: &Key<'_>,
        first: &[u8],
        expected: usize,
    ) -> Result<SetMut<'_>, WrongType> {
        let make = |key: &[u8], limits: &Limits| values::set::empty_for(key, first, expected, limits);
        let mut set = SetMut::new(self.collection_or_new(key, Kind::Set, &make)?);
        set.reserve(expected);
        Ok(set)
    }

    /// The hash at `key`, to change.
    pub fn hash_mut(&mut self, key: &Key<'_>) -> Result<Option<HashMut<'_>>, WrongType> {
        Ok(self.collection(key, Kind::Hash)?.map(HashMut::new))
    }

    /// The hash at `key`, to change; an empty one when there is none. It is gone again if it stays empty.
    pub fn hash_or_new(&mut self, key: &Key<'_>) -> Result<HashMut<'_>, WrongType> {
        Ok(HashMut::new(self.collection_or_new(key, Kind::Hash, &|key, _| values::hash::empty(key))?))
    }

    /// The sorted set at `key`, to change.
    pub fn zset_mut(&mut self, key: &Key<'_>) -> Result<Option<ZSetMut<'_>>, WrongType> {
        Ok(self.collection(key, Kind::ZSet)?.map(ZSetMut::new))
    }

    /// The sorted set at `key`, to change; an empty one when there is none. It is gone again if it stays empty.
    pub fn zset_or_new(&mut self, key: &Key<'_>) -> Result<ZSetMut<'_>, WrongType> {
        Ok(ZSetMut::new(self.collection_or_new(key, Kind::ZSet, &|key, _| values::zset::empty(key))?))
    }

    /// The stream at `key`, to change.
    pub fn stream_mut(&mut self, key: &Key<'_>) -> Result<Option<StreamMut<'_>>, WrongType> {
        Ok(self.collection(key, Kind::Stream)?.map(StreamMut::new))
    }

    /// The stream at `key`, to change; an empty one when there is none. It is gone again if nothing is done to it.
    pub fn stream_or_new(&mut self, key: &Key<'_>) -> Result<StreamMut<'_>, WrongType> {
        Ok(StreamMut::new(self.collection_or_new(key, Kind::Stream, &|key, _| values::stream::empty(key))?))
    }

    /// Removes every key of `database`; needs all slots.
    pub fn flush(&mut self, database: u16) -> Result<(), Fault> {
        let keyspace = self.view.keyspace;
        let emptied = keyspace.engine(database).emptied()?;
        let origin = keyspace.snapshots.detach(database);
        let mut removed = 0;
        for index in 0..base::slot::SLOTS as u16 {
            let slot = self.view.held.slot_mut(index);
            // To ask for the place makes one.
            if slot.shard(database).is_none() {
                continue;
            }
            let Some(shard) = slot.place_mut(database).0.take() else { continue };
            removed += shard.counts().keys as u64;
            for key in slot.observers().into_iter().flat_map(|observers| observers.keys(database)) {
                let key_there = shard.find(&Key::new(&key.name), &Loaded::default()).is_some();
                if let (true, Some(observers)) = (key_there, slot.observers()) {
                    observers.changed(key, &mut self.view.tally.get_mut().news_mut().ready);
                }
            }
            match &mut self.pending {
                Some(pending) => pending.emptied(database, index, shard, origin),
                None => keyspace.discard_emptied(origin, index, shard),
            }
        }
        if let (Emptied::By(engine), Some(pending)) = (emptied, &mut self.pending) {
            let old = keyspace.replace_engine(database, Arc::clone(&engine));
            pending.replaced(database, old, &*engine);
        }
        let tally = self.view.tally_mut();
        tally.changes += removed;
        tally.news_mut().emptied = true;
        Ok(())
    }

    /// Exchanges two databases that the same kind of engine serves; needs all slots.
    pub fn swap(&mut self, first: u16, second: u16) -> Result<(), DifferentEngines> {
        let keyspace = self.view.keyspace;
        if keyspace.engine(first).name() != keyspace.engine(second).name() {
            return Err(DifferentEngines);
        }
        let now_ms = self.view.context.now_ms;
        for index in 0..base::slot::SLOTS as u16 {
            let tally = self.view.tally.get_mut();
            let slot = self.view.held.slot_mut(index);
            slot.swap(first, second);
            let Some(observers) = slot.observers() else { continue };
            for database in [first, second] {
                for key in observers.keys(database) {
                    let name = Key::new(&key.name);
                    let there = |database| {
                        let (shard, loaded) = (slot.shard(database), Loaded::default());
                        let entry = shard.and_then(|shard| shard.find(&name, &loaded));
                        entry.is_some_and(|entry| !is_expired(entry, now_ms))
                    };
                    if there(first) || there(second) {
                        observers.changed(key.clone(), &mut tally.news_mut().ready);
                    }
                }
            }
        }
        self.view.keyspace.engines_swapped(first, second);
        if let Some(pending) = &mut self.pending {
            pending.swapped(self.view.keyspace, first, second);
        }
        self.view.tally_mut().changes += 1;
        Ok(())
    }

    /// Files a watcher of `key`: `flag` is raised when it changes.
    pub fn watch(&mut self, key: &Key<'_>, flag: &crate::WatchFlag) {
        let database = self.view.database();
        // What has expired goes now, or its removal would be taken for a change.
        match self.view.peek(key).map(EntryRef::is_timed) {
            None => _ = self.locate(database, key),
            Some(true) => _ = self.hash_mut(key),
            Some(false) => {}
        }
        let watched = DatabaseKey::new(database, key.bytes);
        let slot = self.view.held.slot_mut(key.slot);
        slot.observers_mut().watch(watched, flag.clone());
    }

    /// Says that a client waits for `key` to change.
    pub fn wait_for(&mut self, key: &Key<'_>) {
        let awaited = DatabaseKey::new(self.view.database(), key.bytes);
        let slot = self.view.held.slot_mut(key.slot);
        slot.observers_mut().wait(awaited);
    }
}

impl Drop for WriteTxn<'_> {
    fn drop(&mut self) {
        let keyspace = self.view.keyspace;
        if let Some(pending) = &mut self.pending {
            pending.give_up(keyspace, &mut self.view.held);
        }
        // What was removed by whoever only wanted to look.
        self.hand_over_effects();
        if self.published.is_some() && self.view.held.only().and_then(Slot::plain_counts) == self.published {
            return;
        }
        self.view.held.for_each_mut(|index, slot| {
            keyspace.publish(index, slot);
            slot.tidy();
        });
    }
}
