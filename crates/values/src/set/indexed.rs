//! A set in a hash table: one allocation for each member.

use smallvec::SmallVec;

use super::Popped;
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::table::{Stage, Table};
use crate::thin::Thin;

/// Members, found by hash.
pub struct IndexedSet {
    table: Table<Thin<1>>,
    /// What the members hold, beside the table.
    element_bytes: usize,
}

impl IndexedSet {
    pub(crate) fn new() -> IndexedSet {
        IndexedSet { table: Table::new(), element_bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    #[inline]
    pub(super) fn contains(&self, member: &[u8]) -> bool {
        self.table.find(base::hash::hash(member), |element| element.name() == member).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.table.iter().map(|element| Thin::parts_in_table(element)[0])
    }

    pub(super) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8])) -> u64 {
        self.table.scan(cursor, count, |element| f(element.name()))
    }

    pub(super) fn random(&self, mut rng: &mut dyn FnMut() -> u64) -> Option<&[u8]> {
        self.table.random(&mut rng).map(|element| Thin::parts_in_table(element)[0])
    }

    /// Whether the member is new.
    pub(super) fn insert(&mut self, member: &[u8]) -> bool {
        let hash = base::hash::hash(member);
        // To look is cheaper than to borrow: nothing about a member that is there is to be changed.
        if self.table.find(hash, |element| element.name() == member).is_some() {
            return false;
        }
        let element = Thin::new([member]);
        self.element_bytes += element.memory_bytes();
        self.table.insert_unique(hash, element);
        true
    }

    /// Whether the member was there.
    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let removed = self.table.remove(base::hash::hash(member), |element| element.name() == member);
        if let Some(element) = &removed {
            self.element_bytes -= element.memory_bytes();
        }
        removed.is_some()
    }

    pub(super) fn pop_random(&mut self, mut rng: &mut dyn FnMut() -> u64) -> Option<Popped> {
        let element = self.table.random_mut(&mut rng)?.remove();
        self.element_bytes -= element.memory_bytes();
        Some(SmallVec::from_slice(element.name()))
    }

    /// Adds a member that is not there yet.
    pub(crate) fn add(&mut self, member: &[u8]) {
        let element = Thin::new([member]);
        self.element_bytes += element.memory_bytes();
        self.table.insert_unique(base::hash::hash(member), element);
    }
}

impl Collection for IndexedSet {
    fn memory_bytes(&self) -> usize {
        size_of_val(&self.element_bytes) + self.table.memory_bytes() + self.element_bytes
    }

    fn free_effort(&self) -> usize {
        2 + self.len()
    }

    fn prefetch(&self, hash: u64, stage: Stage) {
        self.table.prefetch(hash, stage);
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedSet::new();
        self.iter().for_each(|member| copy.add(member));
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for IndexedSet {
    const FORM: Form = Form::SetIndexed;
}
