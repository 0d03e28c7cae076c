//! Walking a list of any form.

use std::collections::vec_deque;

use crate::list::indexed::Chunk;
use crate::list::run::{Run, split_first, split_last};
use crate::stored::Indices;

/// Elements in the order of the list.
#[derive(Clone, Default)]
pub struct Forward<'a> {
    /// What is left of the current run of entries.
    pub(super) rest: &'a [u8],
    pub(super) chunks: vec_deque::Iter<'a, Chunk>,
    pub(super) remaining: usize,
    /// The elements of a stored list, which has no runs.
    pub(super) stored: Option<Box<Indices<'a>>>,
}

impl<'a> Iterator for Forward<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.remaining = self.remaining.checked_sub(1)?;
        if self.rest.is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.rest = chunk.entries(),
                None => return next_stored(&mut self.stored),
            }
        }
        let (element, rest) = split_first(self.rest);
        self.rest = rest;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Forward<'_> {}

/// Elements in the reverse order of the list.
#[derive(Clone, Default)]
pub struct Backward<'a> {
    /// What is left of the current run of entries.
    pub(super) rest: &'a [u8],
    pub(super) chunks: vec_deque::Iter<'a, Chunk>,
    pub(super) remaining: usize,
    /// The elements of a stored list, which has no runs.
    pub(super) stored: Option<Box<Indices<'a>>>,
}

impl<'a> Iterator for Backward<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.remaining = self.remaining.checked_sub(1)?;
        if self.rest.is_empty() {
            match self.chunks.next_back() {
                Some(chunk) => self.rest = chunk.entries(),
                None => return next_stored(&mut self.stored),
            }
        }
        let (element, rest) = split_last(self.rest);
        self.rest = rest;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Backward<'_> {}

#[cold]
fn next_stored<'a>(stored: &mut Option<Box<Indices<'a>>>) -> Option<&'a [u8]> {
    stored.as_mut()?.next()
}
