//! A set whose members lie outside of its entry.

use std::ops::Bound;

use smallvec::SmallVec;

use super::names::Names;
use super::{Key, Malformed, Stored, number};
use crate::elements::{Elements, Span};
use crate::entry::{Collection, Copied, Form, Indexed};
use crate::packed::below;
use crate::set::{IndexedSet, Popped};

const MEMBERS: Names = Names::below(b"");

/// A random pick costs about as much as walking over so many members.
const PICK_COST: usize = 200;
/// Members that are taken out together.
const BATCH: usize = 512;

/// Members, in the order of their hashes.
pub struct StoredSet {
    elements: Box<dyn Elements>,
    len: usize,
}

impl StoredSet {
    /// A set without members, which will lie in `elements`.
    pub fn new(elements: Box<dyn Elements>) -> StoredSet {
        StoredSet { elements, len: 0 }
    }

    pub(super) fn open(meta: &[u8], elements: Box<dyn Elements>) -> Result<StoredSet, Malformed> {
        let [count] = number::read_meta(meta)?;
        Ok(StoredSet { elements, len: number::count(count)? })
    }

    /// The same set by other `elements`, which are the same as well.
    pub(super) fn share(&self, elements: Box<dyn Elements>) -> StoredSet {
        StoredSet { elements, len: self.len }
    }

    pub(crate) fn contains(&self, member: &[u8]) -> bool {
        self.elements.contains(&MEMBERS.key(member))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        MEMBERS.pairs(&*self.elements, self.len).map(|(key, _)| MEMBERS.name(key))
    }

    pub(crate) fn scan(&self, cursor: u64, count: usize, f: &mut dyn FnMut(&[u8])) -> u64 {
        MEMBERS.scan(&*self.elements, cursor, count, &mut |member, _| f(member))
    }

    pub(crate) fn random(&self, rng: &mut dyn FnMut() -> u64) -> Option<&[u8]> {
        let key = MEMBERS.random_key(&*self.elements, self.len, rng)?;
        MEMBERS.pair(&*self.elements, &key).map(|(member, _)| member)
    }

    /// Whether the member is new.
    pub(crate) fn insert(&mut self, member: &[u8]) -> bool {
        let key = MEMBERS.key(member);
        let is_new = !self.elements.contains(&key);
        if is_new {
            self.elements.set(&key, b"");
            self.len += 1;
        }
        is_new
    }

    /// Whether the member was there.
    pub(crate) fn remove(&mut self, member: &[u8]) -> bool {
        let key = MEMBERS.key(member);
        let was_there = self.elements.contains(&key);
        if was_there {
            self.take(&key);
        }
        was_there
    }

    fn take(&mut self, key: &[u8]) {
        self.elements.remove(key);
        self.len = self.len.saturating_sub(1);
    }

    pub(crate) fn pop_random(&mut self, rng: &mut dyn FnMut() -> u64) -> Option<Popped> {
        let key = MEMBERS.random_key(&*self.elements, self.len, rng)?;
        self.take(&key);
        Some(SmallVec::from_slice(MEMBERS.name(&key)))
    }

    /// Takes out `count` members picked at random, or all if there are fewer, and gives them to `f`: one by one, or
    /// where they are many in one pass over all members, each of which is picked with the chance that is left.
    ///
    /// Source: D. E. Knuth, *The Art of Computer Programming*, volume 2, 3.4.2, algorithm S.
    pub(crate) fn pop_random_many(
        &mut self,
        count: usize,
        rng: &mut dyn FnMut() -> u64,
        f: &mut dyn FnMut(&[u8]),
    ) {
        if count.saturating_mul(PICK_COST) < self.len {
            for member in std::iter::from_fn(|| self.pop_random(rng)).take(count) {
                f(&member);
            }
            return;
        }
        let (mut wanted, mut unseen) = (count.min(self.len), self.len);
        let mut picked: Vec<Key> = Vec::new();
        let mut last: Option<Key> = None;
        while wanted > 0 && unseen > 0 {
            let lower = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let span = Span { lower, upper: Bound::Unbounded, backward: false };
            let (mut is_over, mut seen_last) = (true, None);
            self.elements.walk(span, &mut |key, _| {
                if below(unseen, rng) < wanted {
                    wanted -= 1;
                    picked.push(Key::from_slice(key));
                }
                unseen -= 1;
                is_over = wanted == 0 || unseen == 0;
                let goes_on = picked.len() < BATCH && !is_over;
                if !goes_on {
                    seen_last = Some(Key::from_slice(key));
                }
                goes_on
            });
            for key in picked.drain(..) {
                f(MEMBERS.name(&key));
                self.elements.remove(&key);
                self.len = self.len.saturating_sub(1);
            }
            if is_over || seen_last.is_none() {
                return;
            }
            last = seen_last;
        }
    }

    /// Adds a member that is not there yet.
    pub(super) fn add(&mut self, member: &[u8]) {
        self.elements.set(&MEMBERS.key(member), b"");
        self.len += 1;
    }
}

impl Stored for StoredSet {
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

impl Collection for StoredSet {
    fn memory_bytes(&self) -> usize {
        size_of::<StoredSet>() + self.elements.memory_bytes()
    }

    fn free_effort(&self) -> usize {
        1
    }

    fn boxed_copy(&self) -> Copied {
        let mut copy = IndexedSet::new();
        MEMBERS.visit(&*self.elements, &mut |member, _| {
            copy.add(member);
            true
        });
        Copied::new(copy)
    }
}

#[allow(unsafe_code)] // a promise, no unsafe operation
// SAFETY: the form is an indexed one, and no other type has it.
unsafe impl Indexed for StoredSet {
    const FORM: Form = Form::SetStored;
}
