//! A hash that a transaction is changing.

use values::hash::{self, HashRef};

use super::{Collection, Found, HELD, one_if};
use crate::events::EventClasses;

/// A hash to change. Fields whose time has come are not there.
pub struct HashMut<'t>(Collection<'t>);

impl<'t> HashMut<'t> {
    #[inline]
    pub(crate) fn new(found: Found<'t>) -> Self {
        let mut hash = HashMut(Collection::new(found));
        if hash.0.entry().is_timed() {
            hash.remove_due();
        }
        hash
    }

    /// Removes fields whose time has come: nearly always all of them, and never so many that others have to wait. What
    /// is left is not seen, and is removed by the next sweep.
    #[cold]
    fn remove_due(&mut self) {
        const EFFORT: usize = 8;
        /// Where what is left would be seen in a copy.
        const EFFORT_IF_RECORDED: usize = usize::MAX;
        let Collection { entry, touched, context, .. } = &mut self.0;
        let entry = entry.as_mut().expect(HELD);
        if hash::due_ms(entry.as_ref()) > context.horizon_ms() {
            return;
        }
        let removed = match &mut touched.effects {
            None => entry.sweep_elements(context.horizon_ms(), EFFORT, &mut |_| ()),
            Some(effects) => {
                let mut words = vec![b"HDEL".to_vec(), entry.as_ref().key().to_vec()];
                let note = &mut |field: &[u8]| words.push(field.to_vec());
                let removed = entry.sweep_elements(context.horizon_ms(), EFFORT_IF_RECORDED, note);
                if removed > 0 {
                    effects.push(touched.database, words.iter().map(Vec::as_slice));
                }
                removed
            }
        };
        match removed {
            0 => touched.is_to_be_stored(entry.as_ref().key()),
            removed => {
                touched.tally.news_mut().expired_elements += removed as u64;
                touched.changed(|| entry.as_ref().key());
                self.0.tell(EventClasses::HASH, "hexpired");
            }
        }
    }

    /// The hash, to read.
    #[inline]
    pub fn read(&self) -> HashRef<'_> {
        HashRef::of(self.0.entry().as_ref()).at(self.0.context.horizon_ms())
    }

    /// As [`values::hash::HashMut::reserve`].
    pub fn reserve(&mut self, fields: usize) {
        self.0.grow(|entry, limits| hash::HashMut::of(entry, limits).reserve(fields), |()| 0);
    }

    /// As [`values::hash::HashMut::set`].
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        if self.0.entry().is_timed() {
            return self.change_timed(|hash| hash.set(field, value), |_| 1, false);
        }
        self.0.grow(|entry, limits| hash::HashMut::of(entry, limits).set(field, value), |_| 1)
    }

    /// As [`values::hash::HashMut::set_value`].
    pub fn set_value(&mut self, field: &[u8], value: &[u8]) -> bool {
        if self.0.entry().is_timed() {
            return self.change_timed(|hash| hash.set_value(field, value), |_| 1, false);
        }
        self.set(field, value)
    }

    /// As [`values::hash::HashMut::remove`].
    pub fn remove(&mut self, field: &[u8]) -> bool {
        if self.0.entry().is_timed() {
            return self.change_timed(|hash| hash.remove(field), |did| one_if(*did), true);
        }
        self.0.shrink(|entry, limits| hash::HashMut::of(entry, limits).remove(field), |did| one_if(*did))
    }

    /// As [`values::hash::HashMut::set_deadline_ms`].
    pub fn set_deadline_ms(&mut self, field: &[u8], deadline_ms: Option<u64>) -> bool {
        let may_leave_empty = self.0.may_be_empty;
        let change = |hash: &mut hash::HashMut<'_>| hash.set_deadline_ms(field, deadline_ms);
        self.change_timed(change, |did| one_if(*did), may_leave_empty)
    }

    /// As [`Collection::change`], where deadlines may come or go.
    #[cold]
    fn change_timed<R>(
        &mut self,
        change: impl FnOnce(&mut hash::HashMut<'_>) -> R,
        changes: impl FnOnce(&R) -> u64,
        may_leave_empty: bool,
    ) -> R {
        let context = self.0.context;
        let result = self.0.entry.as_mut().expect(HELD).change_elements(|entry| {
            change(&mut hash::HashMut::of(entry, &context.limits).at(context.horizon_ms()))
        });
        self.0.note(changes(&result), may_leave_empty);
        result
    }

    /// Tells that something happened to the hash that Redis calls so.
    pub fn tell(&mut self, name: &'static str) {
        self.0.tell(EventClasses::HASH, name);
    }
}

impl Drop for HashMut<'_> {
    #[inline]
    fn drop(&mut self) {
        let is_empty = self.0.may_be_empty && self.read().is_empty();
        self.0.finish(is_empty);
    }
}
