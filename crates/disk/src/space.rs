//! The records of one database: a tree of its own within the store.
//!
//! A database that is emptied gets a new space, and the old one is deleted as a whole. Databases exchange their spaces
//! when they are exchanged. The tree is made when the first record comes, so that a new space costs nothing.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use fjall::{Keyspace, Readable as _, Slice};
use keyspace::fault::{Fault, raise};

use crate::cache::Budget;
use crate::damage::Damage;
use crate::freeze::Moment;
use crate::handoff::Handoff;

/// The records of one database.
pub struct Space {
    /// Its number, which no other has or had.
    pub id: u64,
    tree: OnceLock<Keyspace>,
    /// The moment whose records it shows, if not those of now.
    moment: Option<Moment>,
    /// Whether it stands for one whose store is away, so that nobody can tell what is in it.
    pub is_away: bool,
    /// What all spaces share.
    pub shared: Arc<Shared>,
}

/// What all spaces of a store share.
pub struct Shared {
    /// The memory that the cache may take.
    pub budget: Arc<Budget>,
    /// What others do while a read waits for the disk.
    pub handoff: Handoff,
    /// Files that are known to be damaged.
    pub damage: Damage,
    /// Numbers for spaces and collections.
    pub ids: crate::ids::Ids,
}

impl Space {
    pub fn new(id: u64, shared: Arc<Shared>) -> Space {
        Space { id, tree: OnceLock::new(), moment: None, is_away: false, shared }
    }

    /// The same space as it was at `moment`, which is now. Nothing can be written to it.
    pub fn at(&self, moment: Moment) -> Space {
        let shared = Arc::clone(&self.shared);
        Space { id: self.id, tree: self.tree.clone(), moment: Some(moment), is_away: self.is_away, shared }
    }

    /// What stands for a space while the store is away: to ask it for anything is a fault.
    pub fn away(shared: Arc<Shared>) -> Space {
        Space { id: 0, tree: OnceLock::new(), moment: None, is_away: true, shared }
    }

    /// The tree to read from, if there is one; a fault when nobody can tell.
    fn readable(&self) -> Option<&Keyspace> {
        if self.is_away {
            raise(Fault::new("MISCONF the databases on disk are not open, after a failure of the disk"));
        }
        self.tree()
    }

    /// The tree of the records, if there ever was one.
    pub fn tree(&self) -> Option<&Keyspace> {
        self.tree.get()
    }

    /// The tree of the records, made by `make` if there is none.
    pub fn tree_or(&self, make: impl FnOnce() -> fjall::Result<Keyspace>) -> fjall::Result<&Keyspace> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        // Where two make it, both get the same from the database.
        let tree = make()?;
        Ok(self.tree.get_or_init(|| tree))
    }

    /// The value of the record `key`.
    pub fn get(&self, key: &[u8]) -> Option<Slice> {
        let tree = self.readable()?;
        let get = || match &self.moment {
            None => tree.get(key),
            Some(moment) => moment.snapshot.get(tree, key),
        };
        self.shared.handoff.around(get).unwrap_or_else(|error| {
            self.unreadable(tree, &error, key, key);
            None
        })
    }

    /// Whether there is a record `key`.
    pub fn contains(&self, key: &[u8]) -> bool {
        let Some(tree) = self.readable() else { return false };
        let contains = || match &self.moment {
            None => tree.contains_key(key),
            Some(moment) => moment.snapshot.contains_key(tree, key),
        };
        self.shared.handoff.around(contains).unwrap_or_else(|error| {
            self.unreadable(tree, &error, key, key);
            false
        })
    }

    /// Visits the records of a range until there are no more or `visit` says false.
    pub fn scan(
        &self,
        range: (Bound<Vec<u8>>, Bound<Vec<u8>>),
        backward: bool,
        visit: &mut dyn FnMut(Slice, Slice) -> bool,
    ) {
        let Some(tree) = self.readable().filter(|_| !is_empty(&range)) else { return };
        self.shared.handoff.around(|| {
            let mut records = match &self.moment {
                None => tree.range(range.clone()),
                Some(moment) => moment.snapshot.range(tree, range.clone()),
            };
            loop {
                let record = if backward { records.next_back() } else { records.next() };
                match record.map(fjall::Guard::into_inner) {
                    None => return,
                    Some(Ok((key, value))) => {
                        if !visit(key, value) {
                            return;
                        }
                    }
                    Some(Err(error)) => {
                        let end = |bound: &Bound<Vec<u8>>| match bound {
                            Bound::Included(key) | Bound::Excluded(key) => key.clone(),
                            Bound::Unbounded => Vec::new(),
                        };
                        return self.unreadable(tree, &error, &end(&range.0), &end(&range.1));
                    }
                }
            }
        });
    }

    /// Has the command fail that reads between these keys.
    #[cold]
    fn unreadable(&self, tree: &Keyspace, error: &fjall::Error, first: &[u8], last: &[u8]) {
        let damaged = self.shared.damage.find(tree, first, last);
        let path = damaged.as_deref().unwrap_or(tree.path()).display();
        let why = crate::words::of(error);
        tracing::error!(%path, "The disk cannot be read: {why}");
        raise(Fault::new(format!("ERR the records in '{path}' cannot be read: {why}")));
    }
}

/// A range whose end lies before its beginning has nothing in it, and the tree must not be asked for it.
fn is_empty((lower, upper): &(Bound<Vec<u8>>, Bound<Vec<u8>>)) -> bool {
    match (lower, upper) {
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (
            Bound::Included(lower) | Bound::Excluded(lower),
            Bound::Included(upper) | Bound::Excluded(upper),
        ) => lower >= upper,
        _ => false,
    }
}
