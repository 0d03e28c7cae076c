//! Where a collection too large for one value keeps its elements: an ordered map of bytes outside of the entry,
//! which an engine provides.
//!
//! The stored forms of the collections (`stored`) are made of such a map alone, so their layout is the same
//! wherever the map lies.

use std::any::Any;
use std::ops::Bound;

/// Keys from one to another, in the order of their bytes or backwards.
#[derive(Clone, Copy, Debug)]
pub struct Span<'k> {
    /// Where the span begins, in the order of the keys.
    pub lower: Bound<&'k [u8]>,
    /// Where it ends.
    pub upper: Bound<&'k [u8]>,
    /// Whether to go from the end to the beginning.
    pub backward: bool,
}

/// A key and its value.
pub type Pair<'m> = (&'m [u8], &'m [u8]);

/// The elements of one collection. What was set or removed is seen at once by whoever reads through the same object;
/// the engine writes it with the rest of the command's changes.
pub trait Elements: Send + Sync {
    /// The value of `key`. It is held until the object is changed or dropped.
    fn get(&self, key: &[u8]) -> Option<&[u8]>;

    /// Whether there is such a key.
    fn contains(&self, key: &[u8]) -> bool;

    /// Appends up to `limit` pairs of `span` to `pairs`. They are held until the object is changed or dropped.
    fn fetch<'m>(&'m self, span: Span<'_>, limit: usize, pairs: &mut Vec<Pair<'m>>);

    /// Visits the pairs of `span`, holding none of them, until there are no more or `visit` says false.
    fn walk(&self, span: Span<'_>, visit: &mut dyn FnMut(&[u8], &[u8]) -> bool);

    /// Makes `value` the value of `key`.
    fn set(&mut self, key: &[u8], value: &[u8]);

    /// Removes `key`, if it is there.
    fn remove(&mut self, key: &[u8]);

    /// A map of its own beside this one, which lives and goes with it: for what is found in another order.
    fn beside(&self) -> &dyn Elements;

    /// As [`Elements::beside`], to change.
    fn beside_mut(&mut self) -> &mut dyn Elements;

    /// Bytes of memory held.
    fn memory_bytes(&self) -> usize;

    /// For the engine to know its own again.
    fn as_any(&self) -> &dyn Any;

    /// As [`Elements::as_any`], to change.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}
