//! A hash in a hash table: one allocation for each field with its value.

use crate::entry::{Collection, Copied, Form, Indexed};
use crate::table::{Stage, Table};
use crate::thin::Thin;

/// Fields with their values, found by hash.
pub struct IndexedHash {
    pub(super) table: Table<Thin<2>>,
    /// What the elements hold, beside the table.
    pub(super) element_bytes: usize,
}

impl IndexedHash {
    pub(crate) fn new() -> IndexedHash {
        IndexedHash { table: Table::new(), element_bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    #[inline]
    pub(super) fn get(&self, field: &[u8]) -> Option<&[u8]> {
        let found = self.table.find(base::hash::hash(field), |element| element.name() == field)?;
        Some(Thin::parts_in_table(found)[1])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = [&[u8]; 2]> {
        self.table.iter().map(Thin::parts_in_table)
    }

    pub(super) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        self.table.scan(cursor, count, |element| {
            let [field, value] = element.parts();
            f(field, value);
        })
    }

    pub(super) fn random(&self, mut rng: &mut dyn FnMut() -> u64) -> Option<[&[u8]; 2]> {
        self.table.random(&mut rng).map(Thin::parts_in_table)
    }

    /// Whether the field is new.
    pub(super) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = base::hash::hash(field);
        let is_field = |element: &Thin<2>| element.name() == field;
        let (mut element, is_new) = self.table.find_or_insert(hash, is_field, || Thin::new([field, value]));
        if !is_new {
            self.element_bytes -= element.memory_bytes();
            element.replace_last(value);
        }
        self.element_bytes += element.memory_bytes();
        is_new
    }

    /// Whether the field was there.
    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let removed = self.table.remove(base::hash::hash(field), |element| element.name() == field);
        if let Some(element) = &removed {
            self.element_bytes -= element.memory_bytes();
        }
        removed.is_some()
    }

    /// Adds a field that is not there yet.
    pub(crate) fn add(&mut self, field: &[u8], value: &[u8]) {
        let element = Thin::new([field, value]);
        self.element_bytes += element.memory_bytes();
        self.table.insert_unique(base::hash::hash(field), element);
    }
}

impl Collection for IndexedHash {
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
        let mut copy = IndexedHash::new();
        self.iter().for_each(|[field, value]| copy.add(field, value));
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for IndexedHash {
    const FORM: Form = Form::HashIndexed;
}
