//! Growable runs of bytes that the packed forms live in.
//!
//! A packed form does not own its bytes: it is an algorithm over a [`Buffer`], so that the same code runs on
//! the tail of an [`Entry`](crate::entry::Entry) in the keyspace and on a plain `Vec<u8>` in a test.

/// A run of bytes that can be edited in place and can change its length.
pub trait Buffer {
    /// All bytes.
    fn bytes(&self) -> &[u8];

    /// All bytes, to edit in place.
    fn bytes_mut(&mut self) -> &mut [u8];

    /// Replaces `removed` bytes at offset `at` by `inserted` bytes and returns those for the caller to fill;
    /// what they hold before is unspecified. Panics when `at + removed` is beyond the end.
    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8];

    /// Adds zeros at the end until there are `len` bytes, and says whether any were missing.
    fn grow(&mut self, len: usize) -> bool {
        let old_len = self.bytes().len();
        let is_short = old_len < len;
        if is_short {
            self.splice(old_len, 0, len - old_len).fill(0);
        }
        is_short
    }
}

impl Buffer for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn splice(&mut self, at: usize, removed: usize, inserted: usize) -> &mut [u8] {
        let old_len = self.len();
        let tail = at + removed;
        assert!(tail <= old_len, "splice beyond the end");
        if inserted > removed {
            self.resize(old_len + inserted - removed, 0);
        }
        self.copy_within(tail..old_len, at + inserted);
        self.truncate(old_len + inserted - removed);
        &mut self[at..at + inserted]
    }
}
