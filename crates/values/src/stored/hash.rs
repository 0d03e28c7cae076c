//! A hash whose fields lie outside of its entry.

use super::names::Names;
use super::{Malformed, Pairs, Stored, number};
use crate::elements::Elements;
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::hash::IndexedHash;

const FIELDS: Names = Names::below(b"");

/// Fields with their values, in the order of the fields' hashes.
pub struct StoredHash {
    elements: Box<dyn Elements>,
    len: usize,
}

impl StoredHash {
    /// A hash without fields, which will lie in `elements`.
    pub fn new(elements: Box<dyn Elements>) -> StoredHash {
        StoredHash { elements, len: 0 }
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredHash, Malformed> {
        let [count] = number::read_meta(meta)?;
        Ok(StoredHash::with_count(number::count(count)?, elements))
    }

    pub(super) fn with_count(len: usize, elements: Box<dyn Elements>) -> StoredHash {
        StoredHash { elements, len }
    }

    /// The same hash by other `elements`, which are the same as well.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredHash {
        StoredHash { elements, len: self.len }
    }

    pub(crate) fn get(&self, field: &[u8]) -> Option<&[u8]> {
        self.elements.get(&FIELDS.key(field))
    }

    pub(crate) fn contains(&self, field: &[u8]) -> bool {
        self.elements.contains(&FIELDS.key(field))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = [&[u8]; 2]> {
        self.pairs().map(|(key, value)| [FIELDS.name(key), value])
    }

    fn pairs(&self) -> Pairs<'_> {
        FIELDS.pairs(&*self.elements, self.len)
    }

    pub(crate) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8], &[u8])) -> u64 {
        FIELDS.scan(&*self.elements, cursor, count, f)
    }

    /// Passes all fields with their values to `f`. Holds nothing.
    pub(super) fn visit(&self, f: &mut dyn FnMut(&[u8], &[u8])) {
        FIELDS.visit(&*self.elements, &mut |field, value| {
            f(field, value);
            true
        });
    }

    pub(crate) fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<[&[u8]; 2]> {
        let key = FIELDS.random_key(&*self.elements, self.len, rng)?;
        FIELDS.pair(&*self.elements, &key).map(|(field, value)| [field, value])
    }

    /// Whether the field is new.
    pub(crate) fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let key = FIELDS.key(field);
        let is_new = !self.elements.contains(&key);
        self.elements.set(&key, value);
        self.len += usize::from(is_new);
        is_new
    }

    /// Whether the field was there.
    pub(crate) fn remove(&mut self, field: &[u8]) -> bool {
        let key = FIELDS.key(field);
        let was_there = self.elements.contains(&key);
        if was_there {
            self.elements.remove(&key);
            self.len = self.len.saturating_sub(1);
        }
        was_there
    }

    /// Adds a field that is not there yet.
    pub(super) fn add(&mut self, field: &[u8], value: &[u8]) {
        self.elements.set(&FIELDS.key(field), value);
        self.len += 1;
    }
}

impl Stored for StoredHash {
    fn elements(&self) -> &dyn Elements {
        &*self.elements
    }

    fn elements_mut(&mut self) -> &mut dyn Elements {
        &mut *self.elements
    }

    fn write_meta(&self, out: &mut Vec<u8>) {
        number::write_meta(&[self.len as u64], out);
    }

    fn len(&self) -> usize {
        self.len
    }
}

impl Collection for StoredHash {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredHash>() + self.elements.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedHash::new();
        self.visit(&mut |field, value| copy.add(field, value));
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredHash {
    const FORM: Form = Form::HashStored;
}
