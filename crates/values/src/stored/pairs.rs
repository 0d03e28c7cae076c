//! Walking a stored collection with what it gives held: pairs are fetched in chunks.

use std::ops::Bound;

use super::Key;
use crate::elements::{Elements, Pair, Span};

/// Pairs in the first chunk: few are wasted where the caller wants few.
const CHUNK_MIN: usize = 16;
/// Pairs in a chunk at most. Each chunk is twice the one before.
const CHUNK_MAX: usize = 512;

/// The pairs between two keys, at most a certain number of them.
#[derive(Clone)]
pub(crate) struct Pairs<'a> {
    elements: &'a dyn Elements,
    lower: Bound<Key>,
    upper: Bound<Key>,
    backward: bool,
    /// How many are still to be given.
    remaining: usize,
    chunk: Vec<Pair<'a>>,
    /// The next one in the chunk.
    at: usize,
    next_chunk: usize,
}

impl<'a> Pairs<'a> {
    /// The first `count` pairs of a span, of which there must be so many, or the last ones from its end on.
    pub(super) fn new(
        elements: &'a dyn Elements,
        lower: Bound<Key>,
        upper: Bound<Key>,
        backward: bool,
        count: usize,
    ) -> Pairs<'a> {
        Pairs {
            elements,
            lower,
            upper,
            backward,
            remaining: count,
            chunk: Vec::new(),
            at: 0,
            next_chunk: CHUNK_MIN,
        }
    }

    #[cold]
    fn fetch_chunk(&mut self) {
        if let Some(&(last, _)) = self.chunk.last() {
            let bound = if self.backward { &mut self.upper } else { &mut self.lower };
            *bound = Bound::Excluded(Key::from_slice(last));
        }
        self.chunk.clear();
        self.at = 0;
        let span = Span {
            lower: self.lower.as_ref().map(|key| &key[..]),
            upper: self.upper.as_ref().map(|key| &key[..]),
            backward: self.backward,
        };
        self.elements.fetch(span, self.next_chunk.min(self.remaining), &mut self.chunk);
        self.next_chunk = (self.next_chunk * 2).min(CHUNK_MAX);
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        if self.remaining == 0 {
            return None;
        }
        if self.at == self.chunk.len() {
            self.fetch_chunk();
        }
        let Some(&pair) = self.chunk.get(self.at) else {
            self.remaining = 0;
            return None;
        };
        self.at += 1;
        self.remaining -= 1;
        Some(pair)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
