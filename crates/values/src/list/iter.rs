//! Walking a list of either form.

use std::collections::vec_deque;

use crate::list::indexed::Chunk;
use crate::list::run::{Run, split_first, split_last};

/// Elements in the order of the list.
#[derive(Clone, Default)]
pub struct Forward<'a> {
    /// What is left of the current run of entries.
    pub(super) rest: &'a [u8],
    pub(super) chunks: vec_deque::Iter<'a, Chunk>,
    pub(super) remaining: usize,
}

impl<'a> Iterator for Forward<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.remaining = self.remaining.checked_sub(1)?;
        if self.rest.is_empty() {
            self.rest = self.chunks.next()?.entries();
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
}

impl<'a> Iterator for Backward<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.remaining = self.remaining.checked_sub(1)?;
        if self.rest.is_empty() {
            self.rest = self.chunks.next_back()?.entries();
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
