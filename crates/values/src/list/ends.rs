//! Bytes with free room at both ends, so that adding at either moves nothing.

use crate::buffer::Buffer;
use crate::entry::allocation_size;
use crate::list::run::End;

/// A run of bytes somewhere inside an allocation.
pub struct Ends {
    /// Its length is how far it was ever written; all of its capacity is meant to be.
    allocation: Vec<u8>,
    start: usize,
    end: usize,
}

impl Ends {
    /// No bytes, with room for `capacity` of them towards `end`.
    pub fn with_room(end: End, capacity: usize) -> Ends {
        let mut allocation = allocate(capacity);
        let at = if end == End::Front { allocation.capacity() } else { 0 };
        allocation.resize(at, 0);
        Ends { allocation, start: at, end: at }
    }

    /// `bytes`, with little room around them.
    pub fn exactly(bytes: &[u8]) -> Ends {
        let mut allocation = allocate(bytes.len());
        allocation.extend_from_slice(bytes);
        Ends { allocation, start: 0, end: bytes.len() }
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        self.allocation.capacity()
    }

    /// Gives back the free room, if it is worth it.
    pub fn trim(&mut self) {
        let len = self.bytes().len();
        if allocation_size(len + len / 8) < self.allocation.capacity() {
            *self = Ends::exactly(self.bytes());
        }
    }

    fn room(&self, end: End) -> usize {
        match end {
            End::Front => self.start,
            End::Back => self.allocation.capacity() - self.end,
        }
    }

    /// Makes room for `wanted` bytes at `end`, by moving to where most of the free room is there, or, if there is
    /// too little of it for that to pay, into an allocation half as long again.
    #[cold]
    fn make_room(&mut self, end: End, wanted: usize) {
        let len = self.bytes().len();
        let needed = len + wanted;
        let roomy = needed + len / 4 <= self.allocation.capacity();
        let capacity = if roomy { self.allocation.capacity() } else { allocation_size(needed + len / 2) };
        // A quarter of what is free stays at the other end, in case that is used too.
        let elsewhere = (capacity - needed) / 4;
        let start = match end {
            End::Front => capacity - len - elsewhere,
            End::Back => elsewhere,
        };
        if roomy {
            self.write_up_to(start + len);
            self.allocation.copy_within(self.start..self.end, start);
        } else {
            let mut allocation = allocate(capacity);
            allocation.resize(start, 0);
            allocation.extend_from_slice(self.bytes());
            self.allocation = allocation;
        }
        (self.start, self.end) = (start, start + len);
    }

    /// Has everything before `end` be written at least once.
    #[inline]
    fn write_up_to(&mut self, end: usize) {
        if end > self.allocation.len() {
            self.allocation.resize(end, 0);
        }
    }
}

impl Clone for Ends {
    fn clone(&self) -> Ends {
        let mut allocation = Vec::with_capacity(self.allocation.capacity());
        allocation.extend_from_slice(&self.allocation);
        Ends { allocation, ..*self }
    }
}

fn allocate(capacity: usize) -> Vec<u8> {
    Vec::with_capacity(allocation_size(capacity))
}

impl Buffer for Ends {
    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.allocation[self.start..self.end]
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.allocation[self.start..self.end]
    }

    #[inline]
    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        let len = self.end - self.start;
        assert!(at + removed <= len, "splice beyond the end");
        // The shorter side moves, or, of two alike, the one that has room for it.
        let tail_len = len - at - removed;
        let front = at < tail_len || at == tail_len && self.room(End::Front) > self.room(End::Back);
        let end = if front { End::Front } else { End::Back };
        let added = inserted.saturating_sub(removed);
        if self.room(end) < added {
            self.make_room(end, added);
        }
        match end {
            End::Front => {
                let start = self.start + removed - inserted.min(removed) - added;
                if at > 0 {
                    self.allocation.copy_within(self.start..self.start + at, start);
                }
                self.start = start;
            }
            End::Back => {
                self.write_up_to(self.end + inserted - removed);
                let tail = self.start + at + removed;
                if tail_len > 0 {
                    self.allocation.copy_within(tail..self.end, self.start + at + inserted);
                }
                self.end = self.end + inserted - removed;
            }
        }
        &mut self.allocation[self.start + at..self.start + at + inserted]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{random, rounds};

    #[test]
    fn editing_agrees_with_a_vector() {
        let mut bits = random(99);
        let mut random = |below: usize| bits() as usize % below;
        for end in [End::Front, End::Back] {
            let (mut ends, mut model) = (Ends::with_room(end, 64), Vec::new());
            for step in 0..rounds(5000) {
                let at = [0, model.len(), random(model.len() + 1)][random(3)];
                let removed = random((model.len() - at).min(30) + 1);
                let inserted = random(if model.len() > 500 { 10 } else { 40 });
                ends.splice(at, removed, inserted).fill(step as u8);
                Buffer::splice(&mut model, at, removed, inserted).fill(step as u8);
                if random(50) == 0 {
                    ends.trim();
                }
                assert_eq!(ends.bytes(), model);
                assert!(ends.memory_bytes() >= model.len());
            }
        }
    }

    #[test]
    fn adding_at_one_end_moves_nothing() {
        for end in [End::Front, End::Back] {
            let mut ends = Ends::with_room(end, 1024);
            for _ in 0..1024 / 16 {
                let at = if end == End::Front { 0 } else { ends.bytes().len() };
                ends.splice(at, 0, 16);
            }
            assert_eq!(ends.memory_bytes(), 1024);
        }
    }
}
