//! Replaced at the merge.
#![allow(unsafe_code, missing_docs, clippy::missing_safety_doc, clippy::undocumented_unsafe_blocks)]
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

pub unsafe trait Element: Sized {
    fn into_word(self) -> u64;
    unsafe fn from_word(word: u64) -> Self;
    fn hash_key(&self) -> u64;
}

pub struct Ref<'a, T: Element>(ManuallyDrop<T>, std::marker::PhantomData<&'a T>);
impl<T: Element> Deref for Ref<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
pub struct RefMut<'a, T: Element>(ManuallyDrop<T>, &'a mut u64);
impl<T: Element> Deref for RefMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
impl<T: Element> DerefMut for RefMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
impl<T: Element> Drop for RefMut<'_, T> {
    fn drop(&mut self) {
        *self.1 = unsafe { ManuallyDrop::take(&mut self.0) }.into_word();
    }
}

fn view<'a, T: Element>(word: u64) -> Ref<'a, T> {
    Ref(ManuallyDrop::new(unsafe { T::from_word(word) }), std::marker::PhantomData)
}

pub struct Table<T: Element> {
    buckets: HashMap<u64, smallvec::SmallVec<[u64; 1]>>,
    len: usize,
    of: std::marker::PhantomData<T>,
}

impl<T: Element> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Table<T> {
    pub fn new() -> Self {
        Table { buckets: HashMap::new(), len: 0, of: std::marker::PhantomData }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn find(&self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<Ref<'_, T>> {
        self.buckets.get(&hash)?.iter().map(|word| view(*word)).find(|found: &Ref<'_, T>| eq(found))
    }
    pub fn find_mut(&mut self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<RefMut<'_, T>> {
        let word = self.buckets.get_mut(&hash)?.iter_mut().find(|word| eq(&view::<T>(**word)))?;
        Some(RefMut(ManuallyDrop::new(unsafe { T::from_word(*word) }), word))
    }
    pub fn insert_unique(&mut self, hash: u64, value: T) {
        self.len += 1;
        self.buckets.entry(hash).or_default().push(value.into_word());
    }
    pub fn remove(&mut self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<T> {
        let bucket = self.buckets.get_mut(&hash)?;
        let at = bucket.iter().position(|word| eq(&view::<T>(*word)))?;
        let word = bucket.swap_remove(at);
        if bucket.is_empty() {
            self.buckets.remove(&hash);
        }
        self.len -= 1;
        Some(unsafe { T::from_word(word) })
    }
    pub fn scan(&self, _cursor: u64, _min_elements: usize, mut f: impl FnMut(&T)) -> u64 {
        for word in self.buckets.values().flatten() {
            f(&view::<T>(*word));
        }
        0
    }
    pub fn memory_bytes(&self) -> usize {
        self.len * 12
    }
}
impl<T: Element> Drop for Table<T> {
    fn drop(&mut self) {
        for word in self.buckets.values().flatten() {
            drop(unsafe { T::from_word(*word) });
        }
    }
}
