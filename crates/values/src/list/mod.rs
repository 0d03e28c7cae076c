//! Lists: elements in order, added and removed at either end.
//!
//! A list is packed, one run of entries ([`run`]), until an addition would exceed `list_packed_size_max`; it is
//! then a chain of chunks, each such a run, and packed again when it is left with one that is half full. Redis'
//! `t_list.c` (7.2) is the source of the rules. A list is [stored](crate::stored) where an engine made it so.
//!
//! [`ListRef`] and [`ListMut`] are the handles: which form lies behind them is theirs alone to know.

mod ends;
mod indexed;
mod iter;
mod limit;
mod packed;
mod run;

pub use indexed::IndexedList;
pub use iter::{Backward, Forward};
pub use run::End;

use std::ops::Range;

use crate::entry::{Entry, EntryBuffer, EntryRef, Form};
use crate::limits::Limits;
use crate::stored::{Stored, StoredList};
use limit::Limit;
use packed::Packed;
use run::{Run, Totals};

/// A new list with no elements.
pub fn empty(key: &[u8]) -> Entry {
    Entry::new(key, Form::ListPacked, &packed::EMPTY)
}

/// A new list of `elements`, packed if they fit: what `SORT … STORE` makes.
pub fn from_elements(key: &[u8], elements: impl IntoIterator<Item: AsRef<[u8]>>, limits: &Limits) -> Entry {
    let limit = Limit::of(limits.list_packed_size_max);
    let mut list = IndexedList::new();
    elements.into_iter().for_each(|element| list.push(End::Back, element.as_ref(), limit));
    let mut entry = empty(key);
    if list.len() > 0 {
        entry.set_indexed(Box::new(list));
        ListMut::of(&mut entry, limits).pack(false);
    }
    entry
}

/// The place that `index` means in a list of `len` elements: from the front, or, when negative, from the back.
fn resolve(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { i128::from(index) + len as i128 } else { i128::from(index) };
    usize::try_from(index).ok().filter(|&index| index < len)
}

/// A list to read.
#[derive(Clone, Copy)]
pub struct ListRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(Totals, &'a [u8]),
    Indexed(&'a IndexedList),
    Stored(&'a StoredList),
}

impl<'a> ListRef<'a> {
    /// The list in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> ListRef<'a> {
        ListRef(match entry.form() {
            Form::ListPacked => {
                let (totals, entries) = packed::read(entry.value());
                Held::Packed(totals, entries)
            }
            Form::ListIndexed => Held::Indexed(entry.indexed()),
            _ => return ListRef::stored(entry),
        })
    }

    #[cold]
    fn stored(entry: EntryRef<'a>) -> ListRef<'a> {
        ListRef(Held::Stored(entry.indexed()))
    }

    /// How many elements there are.
    pub fn len(self) -> usize {
        match self.0 {
            Held::Packed(totals, _) => totals.count,
            Held::Indexed(list) => list.len(),
            Held::Stored(list) => list.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The element at `index`, counted from the front or, when negative, from the back (-1 is the last).
    pub fn get(self, index: i64) -> Option<&'a [u8]> {
        let index = resolve(index, self.len())?;
        match self.0 {
            Held::Packed(totals, entries) => {
                Some(run::split_first(&entries[run::offset_of(entries, totals.count, index)..]).0)
            }
            Held::Indexed(list) => list.get(index),
            Held::Stored(list) => list.get(index),
        }
    }

    /// All elements, from the first to the last.
    pub fn iter(self) -> Forward<'a> {
        self.iter_from(0)
    }

    /// The elements from `index` on; none when there are not so many.
    pub fn iter_from(self, index: usize) -> Forward<'a> {
        match self.0 {
            Held::Packed(Totals { count, .. }, entries) if index < count => Forward {
                rest: &entries[run::offset_of(entries, count, index)..],
                remaining: count - index,
                ..Forward::default()
            },
            Held::Packed(..) => Forward::default(),
            Held::Indexed(list) => list.forward(index),
            Held::Stored(list) => Forward {
                remaining: list.len().saturating_sub(index),
                stored: list.forward(index),
                ..Forward::default()
            },
        }
    }

    /// The element at `index` and those before it, towards the front; none when there are not so many.
    pub fn rev_iter_from(self, index: usize) -> Backward<'a> {
        match self.0 {
            Held::Packed(Totals { count, .. }, entries) if index < count => Backward {
                rest: &entries[..run::offset_of(entries, count, index + 1)],
                remaining: index + 1,
                ..Backward::default()
            },
            Held::Packed(..) => Backward::default(),
            Held::Indexed(list) => list.backward(index),
            Held::Stored(list) => match list.backward(index) {
                stored @ Some(_) => Backward { remaining: index + 1, stored, ..Backward::default() },
                None => Backward::default(),
            },
        }
    }

    /// At most `count` elements from `start` on.
    pub fn range(self, start: usize, count: usize) -> std::iter::Take<Forward<'a>> {
        self.iter_from(start).take(count)
    }
}

/// A list to change.
pub struct ListMut<'a> {
    entry: &'a mut Entry,
    limits: &'a Limits,
}

impl<'a> ListMut<'a> {
    /// The list in `entry`. Panics when it holds another type.
    #[inline]
    pub fn of(entry: &'a mut Entry, limits: &'a Limits) -> ListMut<'a> {
        assert!(
            matches!(entry.form(), Form::ListPacked | Form::ListIndexed | Form::ListStored),
            "not a list"
        );
        ListMut { entry, limits }
    }

    /// The list to read.
    #[inline]
    pub fn as_ref(&self) -> ListRef<'_> {
        ListRef::of(self.entry.as_ref())
    }

    /// As [`ListRef::len`].
    pub fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// As [`ListRef::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }

    /// As [`ListRef::get`].
    pub fn get(&self, index: i64) -> Option<&[u8]> {
        self.as_ref().get(index)
    }

    /// Adds the elements of one command at an end, one after the other: the last one ends up outermost. Returns how
    /// many there are then.
    #[inline]
    pub fn push(
        &mut self,
        end: End,
        elements: impl IntoIterator<Item: AsRef<[u8]>, IntoIter: Clone>,
    ) -> usize {
        let elements = elements.into_iter();
        if self.is_packed() {
            let sizes = elements.clone().map(|element| element.as_ref().len());
            let (count, bytes) = sizes.fold((0, 0), |(count, bytes), len| (count + 1, bytes + len));
            self.grow(count, bytes);
        }
        match self.entry.form() {
            Form::ListIndexed => {
                let (list, limit) = self.indexed();
                elements.for_each(|element| list.push(end, element.as_ref(), limit));
                list.len()
            }
            Form::ListPacked => {
                let mut run = self.packed();
                elements.for_each(|element| run.push(end, element.as_ref()));
                run.totals().count
            }
            _ => self.push_stored(end, elements),
        }
    }

    /// Adds `element` before the first.
    pub fn push_front(&mut self, element: &[u8]) {
        self.push(End::Front, [element]);
    }

    /// Adds `element` behind the last.
    pub fn push_back(&mut self, element: &[u8]) {
        self.push(End::Back, [element]);
    }

    /// Gives the element at an end to `f` and removes it; `None` when the list is empty. The list may then be
    /// empty: an empty list is to be removed.
    pub fn pop<R>(&mut self, end: End, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        match self.entry.form() {
            Form::ListIndexed => self.shrink(|list, _| list.pop(end, f)),
            Form::ListPacked => self.packed().pop(end, f),
            _ => self.pop_stored(end, f),
        }
    }

    /// As [`ListMut::pop`], at the front.
    pub fn pop_front<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.pop(End::Front, f)
    }

    /// As [`ListMut::pop`], at the back.
    pub fn pop_back<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.pop(End::Back, f)
    }

    /// Replaces the element at `index`, counted as for [`ListRef::get`], and says whether there is one.
    pub fn set(&mut self, index: i64, element: &[u8]) -> bool {
        self.grow(1, element.len());
        let Some(index) = resolve(index, self.len()) else { return false };
        match self.entry.form() {
            Form::ListPacked => self.packed().replace(index, element),
            Form::ListIndexed => self.shrink(|list, limit| list.set(index, element, limit)),
            _ => self.stored().set(index, element),
        }
        true
    }

    /// Adds `element` next to the first element that equals `pivot`: before it (`End::Front`) or behind it. Says
    /// whether there is one.
    pub fn insert(&mut self, side: End, pivot: &[u8], element: &[u8]) -> bool {
        self.grow(1, element.len());
        let found = match self.as_ref().0 {
            Held::Stored(list) => list.position(pivot),
            _ => self.as_ref().iter().position(|held| held == pivot),
        };
        let Some(index) = found else { return false };
        let new_index = index + usize::from(side == End::Back);
        match self.entry.form() {
            Form::ListPacked => self.packed().insert(new_index, element),
            Form::ListIndexed => {
                let (list, limit) = self.indexed();
                list.insert(index, side, element, limit);
            }
            _ => self.stored().insert(new_index, element),
        }
        true
    }

    /// Removes at most `limit` elements for which `matches` holds, the first ones from `end` on, and says how many.
    pub fn remove_where(&mut self, end: End, limit: usize, mut matches: impl FnMut(&[u8]) -> bool) -> usize {
        match self.entry.form() {
            Form::ListPacked => self.packed().remove_where(end, limit, &mut matches),
            Form::ListIndexed => self.shrink(|list, _| list.remove_where(end, limit, matches)),
            _ => self.stored().remove_where(end, limit, &mut matches),
        }
    }

    /// Removes the elements at `range`, as far as there are any, and says how many.
    pub fn remove_range(&mut self, range: Range<usize>) -> usize {
        let end = range.end.min(self.len());
        let range = range.start.min(end)..end;
        let removed = range.len();
        match self.entry.form() {
            Form::ListPacked => self.packed().remove_range(range.start, removed),
            Form::ListIndexed => self.shrink(|list, _| list.remove_range(range)),
            _ => self.stored().remove_range(range),
        }
        removed
    }

    /// Removes all elements but those at `kept`, and says how many.
    pub fn trim(&mut self, kept: Range<usize>) -> usize {
        let kept = if kept.is_empty() { 0..0 } else { kept };
        self.remove_range(kept.end..usize::MAX) + self.remove_range(0..kept.start)
    }

    fn is_packed(&self) -> bool {
        self.entry.form() == Form::ListPacked
    }

    #[cold]
    fn push_stored(&mut self, end: End, elements: impl Iterator<Item: AsRef<[u8]>>) -> usize {
        let list = self.stored();
        elements.for_each(|element| list.push(end, element.as_ref()));
        list.len()
    }

    #[cold]
    fn pop_stored<R>(&mut self, end: End, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.stored().pop(end, f)
    }

    #[cold]
    fn stored(&mut self) -> &mut StoredList {
        self.entry.indexed_mut()
    }

    fn packed(&mut self) -> Packed<EntryBuffer<'_>> {
        Packed::new(self.entry.buffer())
    }

    fn limit(&self) -> Limit {
        Limit::of(self.limits.list_packed_size_max)
    }

    fn indexed(&mut self) -> (&mut IndexedList, Limit) {
        let limit = self.limit();
        (self.entry.indexed_mut(), limit)
    }

    /// Makes the list indexed if `count` more elements of `bytes` in all would be too many.
    fn grow(&mut self, count: usize, bytes: usize) {
        if let Held::Packed(totals, entries) = self.as_ref().0
            && self.limit().exceeded_by(totals.listpack_bytes + bytes, totals.count + count)
        {
            let list = IndexedList::from_packed(totals, entries);
            self.entry.set_indexed(Box::new(list));
        }
    }

    /// Changes an indexed list, and packs it again if that has left it small.
    fn shrink<R>(&mut self, change: impl FnOnce(&mut IndexedList, Limit) -> R) -> R {
        let (list, limit) = self.indexed();
        let result = change(list, limit);
        if list.is_one_chunk() {
            self.pack(true);
        }
        result
    }

    /// Packs an indexed list if it is small enough: see [`Limit::allows_packed`].
    fn pack(&mut self, shrinking: bool) {
        let limit = self.limit();
        if let Some((totals, entries)) = self.entry.indexed::<IndexedList>().to_packed(limit, shrinking) {
            let packed = packed::write(totals, entries);
            self.entry.set_value(Form::ListPacked, &packed);
        }
    }
}

#[cfg(test)]
mod tests;
