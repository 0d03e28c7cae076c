//! Collections that a transaction is changing.
//!
//! Each handle changes its collection through the methods here and nowhere else, which is what lets the
//! transaction know of every change. When a handle is let go and its collection is empty, the key goes with it.
//! A method that adds elements changes the collection by `grow`, one that may take some out by `shrink`: what only
//! grew need not be looked at again to know that it is not empty.

mod hash;

use std::ops::Range;

pub use hash::HashMut;
use values::entry::{Entry, EntryMut, EntryRef, Kind};
use values::hash::HashRef;
use values::limits::Limits;
use values::list::{self, End, ListRef};
use values::set::{self, SetRef};
use values::stream::{self, Groups, State, StreamId, StreamRef, Trim};
use values::zset::{self, Change, ZSetRef};

use crate::events::{Caption, EventClasses};
use crate::observers::Observers;
use crate::pending::Pending;
use crate::view::{Context, Tally};
use crate::{DatabaseKey, Effects};

/// Where a change is told.
pub(crate) struct Touched<'t> {
    pub observers: Option<&'t Observers>,
    pub database: u16,
    pub tally: &'t mut Tally,
    pub pending: Option<&'t mut Pending>,
    pub effects: Option<&'t mut Effects>,
    pub caption: &'t Caption,
}

impl Touched<'_> {
    /// The key that `name` names has changed.
    #[inline]
    pub fn changed<'n>(&mut self, name: impl FnOnce() -> &'n [u8]) {
        self.tally.changes += 1;
        let is_noted = self.caption.notes_changes();
        if self.observers.is_none() && self.pending.is_none() && !is_noted {
            return;
        }
        let name = name();
        self.caption.note_change(self.database, || name, &mut self.tally.news);
        if let Some(observers) = self.observers {
            observers.changed(DatabaseKey::new(self.database, name), &mut self.tally.news_mut().ready);
        }
        self.is_to_be_stored(name);
    }

    /// Tells of a change to a value of type `kind`.
    #[inline]
    pub fn tell_change<'n>(&mut self, kind: Kind, name: impl FnOnce() -> &'n [u8]) {
        self.caption.tell_change(kind, self.database, name, &mut self.tally.news);
    }

    /// Tells that the key that `name` names is gone.
    #[inline]
    pub fn tell_removal(&mut self, name: &[u8]) {
        self.caption.tell_removal(self.database, name, &mut self.tally.news);
    }

    /// Tells that there was no key that `name` names.
    #[inline]
    pub fn is_new(&mut self, name: &[u8]) {
        self.caption.tell(EventClasses::NEW, "new", self.database, name, &mut self.tally.news);
    }

    /// The time of a key, whose `entry` this is, has come, or that of all of its elements.
    pub fn is_gone(&mut self, entry: EntryRef<'_>, now_ms: u64) {
        let name = entry.key();
        self.caption.note_change(self.database, || name, &mut self.tally.news);
        self.is_to_be_stored(name);
        if let Some(effects) = &mut self.effects {
            effects.push_removal(self.database, name);
        }
        let mut tell = |class, event| {
            self.caption.tell(class, event, self.database, name, &mut self.tally.news);
        };
        if entry.deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            tell(EventClasses::EXPIRED, "expired");
            self.tally.news_mut().expired += 1;
        } else {
            tell(EventClasses::HASH, "hexpired");
            tell(EventClasses::GENERIC, "del");
            self.tally.news_mut().expired_elements += HashRef::of(entry).len() as u64;
            self.tally.changes += 1;
        }
    }

    /// Tells that the key that `name` names went to make room.
    pub fn is_evicted(&mut self, name: &[u8]) {
        self.tally.news_mut().evicted += 1;
        if let Some(effects) = &mut self.effects {
            effects.push_removal(self.database, name);
        }
        self.caption.tell(EventClasses::EVICTED, "evicted", self.database, name, &mut self.tally.news);
    }

    /// What is stored of the key that `name` names is no longer what it holds, whether that is a change to anybody or
    /// not.
    #[inline]
    pub fn is_to_be_stored(&mut self, name: &[u8]) {
        if let Some(pending) = &mut self.pending {
            pending.note(self.database, name);
        }
    }
}

/// An entry that was found or made, with what must be told of a change and what its form depends on.
pub(crate) struct Found<'t> {
    pub entry: EntryMut<'t>,
    pub touched: Touched<'t>,
    pub context: &'t Context,
    /// Whether it was made, and so is empty.
    pub is_new: bool,
}

/// What all handles share: the entry, what its form depends on, and whether it was changed.
struct Collection<'t> {
    /// Always there until the handle is dropped.
    entry: Option<EntryMut<'t>>,
    touched: Touched<'t>,
    context: &'t Context,
    changes: u64,
    may_be_empty: bool,
    is_new: bool,
}

const HELD: &str = "the entry is there until the handle is dropped";

impl<'t> Collection<'t> {
    #[inline(always)]
    fn new(found: Found<'t>) -> Collection<'t> {
        let Found { entry, touched, context, is_new } = found;
        Collection { entry: Some(entry), touched, context, changes: 0, may_be_empty: is_new, is_new }
    }

    #[inline]
    fn entry(&self) -> &Entry {
        self.entry.as_ref().expect(HELD)
    }

    #[inline(always)]
    fn change<R>(
        &mut self,
        change: impl FnOnce(&mut Entry, &Limits) -> R,
        changes: impl FnOnce(&R) -> u64,
        may_leave_empty: bool,
    ) -> R {
        let result = change(self.entry.as_mut().expect(HELD), &self.context.limits);
        self.note(changes(&result), may_leave_empty);
        result
    }

    #[inline(always)]
    fn note(&mut self, changes: u64, may_leave_empty: bool) {
        if changes > 0 {
            self.changes += changes;
            self.may_be_empty = may_leave_empty;
        }
    }

    /// Tells that something happened to the value that Redis calls so.
    fn tell(&mut self, class: EventClasses, name: &'static str) {
        let key = self.entry.as_ref().expect(HELD).as_ref().key();
        if std::mem::take(&mut self.is_new) {
            self.touched.is_new(key);
        }
        self.touched.caption.tell(class, name, self.touched.database, key, &mut self.touched.tally.news);
    }

    /// Lets the caller add to the entry; `changes` says how much, given the result.
    #[inline(always)]
    fn grow<R>(
        &mut self,
        change: impl FnOnce(&mut Entry, &Limits) -> R,
        changes: impl FnOnce(&R) -> u64,
    ) -> R {
        self.change(change, changes, false)
    }

    /// Lets the caller change the entry in any way; `changes` says how much, given the result.
    #[inline(always)]
    fn shrink<R>(
        &mut self,
        change: impl FnOnce(&mut Entry, &Limits) -> R,
        changes: impl FnOnce(&R) -> u64,
    ) -> R {
        self.change(change, changes, true)
    }

    #[inline(always)]
    fn finish(&mut self, is_empty: bool) {
        let Some(entry) = self.entry.take() else { return };
        if self.changes > 0 {
            if self.is_new {
                self.touched.is_new(entry.as_ref().key());
            }
            self.touched.changed(|| entry.as_ref().key());
            self.touched.tally.changes += self.changes - 1;
            if entry.kind() != Kind::Stream {
                self.touched.tell_change(entry.kind(), || entry.as_ref().key());
            }
            if is_empty {
                self.touched.caption.tell(
                    EventClasses::GENERIC,
                    "del",
                    self.touched.database,
                    entry.as_ref().key(),
                    &mut self.touched.tally.news,
                );
            }
        }
        if is_empty {
            drop(entry.remove());
        }
    }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $read:ident, { $($methods:tt)* }) => {
        $(#[$doc])*
        pub struct $name<'t>(Collection<'t>);

        impl<'t> $name<'t> {
            #[inline(always)]
            pub(crate) fn new(found: Found<'t>) -> Self {
                Self(Collection::new(found))
            }

            /// The collection, to read.
            #[inline]
            pub fn read(&self) -> $read<'_> {
                $read::of(self.0.entry().as_ref())
            }

            $($methods)*
        }

        impl Drop for $name<'_> {
            #[inline]
            fn drop(&mut self) {
                let is_empty = self.0.may_be_empty && self.read().is_empty();
                self.0.finish(is_empty);
            }
        }
    };
}

fn one_if(changed: bool) -> u64 {
    u64::from(changed)
}

handle! {
    /// A list to change.
    ListMut, ListRef, {
        /// As [`values::list::ListMut::push`].
        pub fn push(
            &mut self,
            end: End,
            elements: impl IntoIterator<Item: AsRef<[u8]>, IntoIter: Clone>,
        ) -> usize {
            self.0.grow(|entry, limits| list::ListMut::of(entry, limits).push(end, elements), |_| 1)
        }

        /// As [`values::list::ListMut::pop`].
        pub fn pop<R>(&mut self, end: End, take: impl FnOnce(&[u8]) -> R) -> Option<R> {
            self.0.shrink(|entry, limits| list::ListMut::of(entry, limits).pop(end, take), |popped| one_if(popped.is_some()))
        }

        /// As [`values::list::ListMut::set`].
        pub fn set(&mut self, index: i64, element: &[u8]) -> bool {
            self.0.grow(|entry, limits| list::ListMut::of(entry, limits).set(index, element), |did| one_if(*did))
        }

        /// As [`values::list::ListMut::insert`].
        pub fn insert(&mut self, side: End, pivot: &[u8], element: &[u8]) -> bool {
            self.0.grow(
                |entry, limits| list::ListMut::of(entry, limits).insert(side, pivot, element),
                |did| one_if(*did),
            )
        }

        /// As [`values::list::ListMut::remove_where`].
        pub fn remove_where(&mut self, end: End, limit: usize, matches: impl FnMut(&[u8]) -> bool) -> usize {
            self.0.shrink(
                |entry, limits| list::ListMut::of(entry, limits).remove_where(end, limit, matches),
                |removed| *removed as u64,
            )
        }

        /// As [`values::list::ListMut::remove_range`].
        pub fn remove_range(&mut self, range: Range<usize>) -> usize {
            self.0.shrink(
                |entry, limits| list::ListMut::of(entry, limits).remove_range(range),
                |removed| *removed as u64,
            )
        }

        /// As [`values::list::ListMut::trim`].
        pub fn trim(&mut self, kept: Range<usize>) -> usize {
            // As in Redis, who watches the key is told also when nothing was removed.
            self.0.shrink(|entry, limits| list::ListMut::of(entry, limits).trim(kept), |removed| (*removed).max(1) as u64)
        }
    }
}

handle! {
    /// A set to change.
    SetMut, SetRef, {
        /// As [`values::set::SetMut::reserve`].
        pub fn reserve(&mut self, members: usize) {
            self.0.grow(|entry, limits| set::SetMut::of(entry, limits).reserve(members), |()| 0);
        }

        /// As [`values::set::SetMut::insert`].
        pub fn insert(&mut self, member: &[u8]) -> bool {
            self.0.grow(|entry, limits| set::SetMut::of(entry, limits).insert(member), |did| one_if(*did))
        }

        /// As [`values::set::SetMut::remove`].
        pub fn remove(&mut self, member: &[u8]) -> bool {
            self.0.shrink(|entry, limits| set::SetMut::of(entry, limits).remove(member), |did| one_if(*did))
        }

        /// As [`values::set::SetMut::pop_random`].
        pub fn pop_random(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<set::Popped> {
            self.0.shrink(
                |entry, limits| set::SetMut::of(entry, limits).pop_random(rng),
                |popped| one_if(popped.is_some()),
            )
        }

        /// As [`values::set::SetMut::pop_random_many`].
        pub fn pop_random_many(
            &mut self,
            count: usize,
            rng: &mut dyn FnMut() -> u64,
            take: &mut dyn FnMut(&[u8]),
        ) {
            self.0.shrink(
                |entry, limits| set::SetMut::of(entry, limits).pop_random_many(count, rng, take),
                |()| count as u64,
            );
        }
    }
}

handle! {
    /// A sorted set to change.
    ZSetMut, ZSetRef, {
        /// As [`values::zset::ZSetMut::prepare`].
        pub fn prepare(&mut self, len: usize, member_bytes_max: usize) {
            self.0.grow(
                |entry, limits| zset::ZSetMut::of(entry, limits).prepare(len, member_bytes_max),
                |()| 0,
            );
        }

        /// As [`values::zset::ZSetMut::insert`].
        pub fn insert(&mut self, member: &[u8], score: f64) -> Change {
            self.update(member, |_| Some(score))
        }

        /// As [`values::zset::ZSetMut::update`].
        pub fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) -> Change {
            self.0.grow(
                |entry, limits| zset::ZSetMut::of(entry, limits).update(member, decide),
                |change| one_if(*change != Change::Unchanged),
            )
        }

        /// As [`values::zset::ZSetMut::remove`].
        pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
            self.0.shrink(
                |entry, limits| zset::ZSetMut::of(entry, limits).remove(member),
                |removed| one_if(removed.is_some()),
            )
        }

        /// As [`values::zset::ZSetMut::pop_first`].
        pub fn pop_first<R>(&mut self, take: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
            self.0.shrink(
                |entry, limits| zset::ZSetMut::of(entry, limits).pop_first(take),
                |popped| one_if(popped.is_some()),
            )
        }

        /// As [`values::zset::ZSetMut::pop_last`].
        pub fn pop_last<R>(&mut self, take: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
            self.0.shrink(
                |entry, limits| zset::ZSetMut::of(entry, limits).pop_last(take),
                |popped| one_if(popped.is_some()),
            )
        }

        /// As [`values::zset::ZSetMut::remove_span`].
        pub fn remove_span(&mut self, ranks: Range<usize>) -> usize {
            self.0.shrink(
                |entry, limits| zset::ZSetMut::of(entry, limits).remove_span(ranks),
                |removed| *removed as u64,
            )
        }
    }
}

/// A stream to change. An empty one stays, but for one that was made and left as it was.
///
/// Who watches the key or waits for it is told of what happens to the entries. What happens within the groups is
/// stored, and counts as a change, but concerns nobody else, as in Redis.
pub struct StreamMut<'t> {
    held: Collection<'t>,
    is_new: bool,
}

impl<'t> StreamMut<'t> {
    pub(crate) fn new(found: Found<'t>) -> StreamMut<'t> {
        StreamMut { is_new: found.is_new, held: Collection::new(found) }
    }

    /// The stream, to read.
    pub fn read(&self) -> StreamRef<'_> {
        StreamRef::of(self.held.entry().as_ref())
    }

    /// As [`values::stream::StreamMut::append`].
    pub fn append<'p>(&mut self, id: StreamId, pairs: impl Iterator<Item = &'p [u8]> + Clone) {
        self.held.grow(|entry, limits| stream::StreamMut::of(entry, limits).append(id, pairs), |()| 1);
    }

    /// As [`values::stream::StreamMut::remove`].
    pub fn remove(&mut self, id: StreamId) -> bool {
        self.held.grow(|entry, limits| stream::StreamMut::of(entry, limits).remove(id), |did| one_if(*did))
    }

    /// As [`values::stream::StreamMut::trim`].
    pub fn trim(&mut self, trim: Trim) -> usize {
        self.held
            .grow(|entry, limits| stream::StreamMut::of(entry, limits).trim(trim), |removed| *removed as u64)
    }

    /// As [`values::stream::StreamMut::set_state`].
    pub fn set_state(&mut self, state: State) {
        self.held.grow(|entry, limits| stream::StreamMut::of(entry, limits).set_state(state), |()| 1);
    }

    /// Says that the stream has changed for those who wait for it, though its entries have not.
    pub fn note_change(&mut self) {
        self.held.grow(|_, _| (), |()| 1);
    }

    /// Its groups, to change.
    pub fn groups(&mut self) -> &mut dyn Groups {
        self.is_new = false;
        let name = self.held.entry.as_ref().expect(HELD).as_ref().key();
        self.held.touched.is_to_be_stored(name);
        let entry = self.held.entry.as_mut().expect(HELD);
        stream::StreamMut::of(entry, &self.held.context.limits).into_groups()
    }

    /// Tells that something happened to the stream that Redis calls so.
    pub fn tell(&mut self, name: &'static str) {
        self.held.tell(EventClasses::STREAM, name);
    }

    /// Counts what was done to the groups as so many changes.
    pub fn count_changes(&mut self, changes: u64) {
        self.held.touched.tally.changes += changes;
    }
}

impl Drop for StreamMut<'_> {
    fn drop(&mut self) {
        let is_unused = self.is_new && self.held.changes == 0;
        self.held.finish(is_unused);
    }
}
