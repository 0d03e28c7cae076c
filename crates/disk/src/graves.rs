//! Collections that lost their key, and whose elements compaction drops.
//!
//! Removing a collection of any size writes one record, its grave. Compaction asks here for every element that it
//! comes by, and leaves out those of the dead. Only what is on disk for certain counts as dead: had compaction dropped
//! elements before the removal is safe, a crash would bring the key back without them. When no element is left the
//! grave is removed too.

use std::collections::{HashMap, HashSet};
use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context, Factory, ItemAccessor, Verdict,
};
use sync::Mutex;

use crate::compaction::Compactions;
use crate::format::{Place, collection_of};

/// Which collections are dead, and where their elements are.
#[derive(Default)]
pub struct Graves {
    /// Buried, by number; perhaps not on disk yet.
    buried: Mutex<HashMap<u64, Grave>>,
    /// What compaction may drop. Replaced as a whole, so that compaction works with what it began with.
    dead: Mutex<Arc<HashSet<u64>>>,
    /// How many moments are kept ([`crate::freeze`]), in which collections live on that have died since.
    moments: AtomicUsize,
}

/// A collection without a key.
#[derive(Clone, Copy)]
pub struct Grave {
    /// The space that holds its elements.
    pub space: u64,
    /// Where in the space.
    pub place: Place,
    /// The commit that buried it, or 0 when that is on disk for certain.
    pub commit: u64,
}

impl Graves {
    /// Buries a collection.
    pub fn bury(&self, grave: Grave) {
        self.buried.lock().insert(grave.place.id, grave);
    }

    /// A moment is kept from now on: no more collections are given up to compaction.
    pub fn hold(&self) {
        let _buried = self.buried.lock();
        self.moments.fetch_add(1, Ordering::Relaxed);
    }

    /// A moment is kept no longer.
    pub fn release(&self) {
        self.moments.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether some moment is kept.
    pub fn are_held(&self) -> bool {
        self.moments.load(Ordering::Relaxed) > 0
    }

    /// Says that every commit up to `commit` is on disk.
    pub fn synced(&self, commit: u64) {
        let mut risen: Vec<u64> = Vec::new();
        let mut buried = self.buried.lock();
        if self.are_held() {
            return;
        }
        for grave in buried.values_mut() {
            if grave.commit > 0 && grave.commit <= commit {
                grave.commit = 0;
                risen.push(grave.place.id);
            }
        }
        if !risen.is_empty() {
            // Before the lock goes: a moment that is kept from then on must not see them dying.
            let mut dead = self.dead.lock();
            *dead = Arc::new(dead.iter().copied().chain(risen).collect());
        }
    }

    /// Those that are on disk for certain.
    pub fn dead(&self) -> Vec<Grave> {
        self.buried.lock().values().filter(|grave| grave.commit == 0).copied().collect()
    }

    /// Forgets the collections of these numbers: no element of theirs is left.
    pub fn forget(&self, ids: &[u64]) {
        let mut buried = self.buried.lock();
        buried.retain(|id, _| !ids.contains(id));
        drop(buried);
        let mut dead = self.dead.lock();
        *dead = Arc::new(dead.iter().copied().filter(|id| !ids.contains(id)).collect());
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.buried.lock().clear();
        *self.dead.lock() = Arc::default();
    }

    /// Whether some are not known to be on disk.
    pub fn has_fresh(&self) -> bool {
        self.buried.lock().values().any(|grave| grave.commit > 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.buried.lock().len()
    }
}

/// Makes the filters that compaction asks.
pub struct Filters {
    /// Whose elements are dropped.
    pub graves: Arc<Graves>,
    /// Told of every record.
    pub compactions: Arc<Compactions>,
}

// The locks within are never poisoned.
impl RefUnwindSafe for Filters {}

impl Factory for Filters {
    fn name(&self) -> &str {
        "collections without a key"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        Box::new(Filter {
            dead: Arc::clone(&self.graves.dead.lock()),
            compactions: Arc::clone(&self.compactions),
            seen: 0,
        })
    }
}

struct Filter {
    dead: Arc<HashSet<u64>>,
    compactions: Arc<Compactions>,
    /// Records not told of yet.
    seen: u64,
}

impl CompactionFilter for Filter {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Context) -> CompactionFilterResult {
        /// So many records are told of at a time.
        const TOLD_AT_ONCE: u64 = 1024;
        self.seen += 1;
        if self.seen == TOLD_AT_ONCE {
            self.compactions.progress.seen.fetch_add(TOLD_AT_ONCE, Ordering::Relaxed);
            self.seen = 0;
        }
        if self.dead.is_empty() {
            return Ok(Verdict::Keep);
        }
        // Nobody asks for an element of the dead again, so it matters to no one which of its versions are dropped first.
        match collection_of(item.key()) {
            Some(id) if self.dead.contains(&id) => Ok(Verdict::Destroy),
            _ => Ok(Verdict::Keep),
        }
    }
}
