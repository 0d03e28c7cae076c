//! Replaced at the merge.
#![allow(unsafe_code, missing_docs, clippy::missing_safety_doc, clippy::len_without_is_empty)]
use std::ops::{Deref, DerefMut};
pub unsafe trait Element: Sized {
    fn into_word(self) -> u64;
    unsafe fn from_word(word: u64) -> Self;
    fn hash_key(&self) -> u64;
}
#[derive(Clone)]
pub struct Table<T> {
    items: Vec<(u64, T)>,
}
impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}
pub struct Ref<'a, T>(&'a T);
pub struct RefMut<'a, T>(&'a mut Vec<(u64, T)>, usize);
impl<T> Deref for Ref<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}
impl<T> Deref for RefMut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0[self.1].1
    }
}
impl<T> DerefMut for RefMut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0[self.1].1
    }
}
impl<T> RefMut<'_, T> {
    pub fn remove(self) -> T {
        self.0.swap_remove(self.1).1
    }
}
impl<T> Table<T> {
    pub const fn new() -> Self {
        Table { items: Vec::new() }
    }
    pub fn len(&self) -> usize {
        self.items.len()
    }
    pub fn find(&self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<Ref<'_, T>> {
        self.items.iter().find(|i| i.0 == hash && eq(&i.1)).map(|i| Ref(&i.1))
    }
    pub fn find_mut(&mut self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<RefMut<'_, T>> {
        let at = self.items.iter().position(|i| i.0 == hash && eq(&i.1))?;
        Some(RefMut(&mut self.items, at))
    }
    pub fn find_or_insert(
        &mut self,
        hash: u64,
        mut eq: impl FnMut(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> (RefMut<'_, T>, bool) {
        match self.items.iter().position(|i| i.0 == hash && eq(&i.1)) {
            Some(at) => (RefMut(&mut self.items, at), false),
            None => (self.insert_unique(hash, make()), true),
        }
    }
    pub fn insert_unique(&mut self, hash: u64, element: T) -> RefMut<'_, T> {
        self.items.push((hash, element));
        let at = self.items.len() - 1;
        RefMut(&mut self.items, at)
    }
    pub fn remove(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<T> {
        self.find_mut(hash, eq).map(RefMut::remove)
    }
    pub fn iter(&self) -> impl Iterator<Item = Ref<'_, T>> {
        self.items.iter().map(|i| Ref(&i.1))
    }
    pub fn scan(&self, _cursor: u64, _min: usize, mut f: impl FnMut(&T)) -> u64 {
        self.items.iter().for_each(|i| f(&i.1));
        0
    }
    pub fn random(&self, rng: &mut impl FnMut() -> u64) -> Option<Ref<'_, T>> {
        (!self.items.is_empty()).then(|| Ref(&self.items[rng() as usize % self.items.len()].1))
    }
    pub fn random_mut(&mut self, rng: &mut impl FnMut() -> u64) -> Option<RefMut<'_, T>> {
        let at = (!self.items.is_empty()).then(|| rng() as usize % self.items.len())?;
        Some(RefMut(&mut self.items, at))
    }
    pub fn memory_bytes(&self) -> usize {
        self.items.capacity() * 16
    }
}
