//! Collections that a transaction is changing.
//!
//! Each handle changes its collection through the methods here and nowhere else, which is what lets the
//! transaction know of every change. When a handle is let go and its collection is empty, the key goes with it.

use values::entry::{Entry, EntryMut};
use values::limits::Limits;

use crate::DatabaseKey;
use crate::observers::Observers;
use crate::view::Tally;

/// Where a change is told.
pub(crate) struct Touched<'t> {
    pub observers: Option<&'t Observers>,
    pub database: u16,
    pub tally: &'t mut Tally,
}

impl Touched<'_> {
    /// The key called `name` has changed.
    #[inline]
    pub fn changed(&mut self, name: &[u8]) {
        self.tally.changes += 1;
        if let Some(observers) = self.observers {
            observers.changed(DatabaseKey::new(self.database, name), &mut self.tally.ready);
        }
    }
}

/// What all handles share: the entry, the limits of its packed form, and whether it was changed.
struct Collection<'t> {
    /// Always there until the handle is dropped.
    entry: Option<EntryMut<'t>>,
    touched: Touched<'t>,
    limits: Limits,
    changes: u64,
}

const HELD: &str = "the entry is there until the handle is dropped";

impl<'t> Collection<'t> {
    fn new((entry, touched): (EntryMut<'t>, Touched<'t>), limits: Limits) -> Collection<'t> {
        Collection { entry: Some(entry), touched, limits, changes: 0 }
    }

    #[inline]
    fn entry(&self) -> &Entry {
        self.entry.as_ref().expect(HELD)
    }

    /// Lets the caller change the entry; `changes` says how much, given the result.
    #[inline]
    fn change<R>(
        &mut self,
        change: impl FnOnce(&mut Entry, &Limits) -> R,
        changes: impl FnOnce(&R) -> u64,
    ) -> R {
        let result = change(self.entry.as_mut().expect(HELD), &self.limits);
        self.changes += changes(&result);
        result
    }

    fn finish(&mut self, is_empty: bool) {
        let Some(entry) = self.entry.take() else { return };
        if self.changes > 0 {
            self.touched.changed(entry.as_ref().key());
            self.touched.tally.changes += self.changes - 1;
        }
        if is_empty {
            drop(entry.remove());
        }
    }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $read:ty, $write:ty, { $($methods:tt)* }) => {
        $(#[$doc])*
        pub struct $name<'t>(Collection<'t>);

        impl<'t> $name<'t> {
            pub(crate) fn new(found: (EntryMut<'t>, Touched<'t>), limits: Limits) -> Self {
                Self(Collection::new(found, limits))
            }

            /// The collection, to read.
            #[inline]
            pub fn read(&self) -> $read {
                <$read>::of(self.0.entry().as_ref())
            }

            $($methods)*
        }

        impl Drop for $name<'_> {
            fn drop(&mut self) {
                let is_empty = self.read().is_empty();
                self.0.finish(is_empty);
            }
        }
    };
}
