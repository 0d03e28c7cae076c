//! A member of an indexed sorted set with its score, in one allocation that a table owns and a tree points at.
//!
//! ```text
//!  0         8
//!  +---------+----------+-------+
//!  | score   | length   | bytes |
//!  | 8 bytes | varint   |       |
//!  +---------+----------+-------+
//! ```
//!
//! A member of up to 23 bytes takes 32. The bytes never change and the score only through the owner.
#![allow(unsafe_code)] // one allocation shared by two indexes is half the memory of a sorted set; tested under Miri

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::entry::allocation_size;
use crate::table::Element;
use crate::varint;

const LENGTH_AT: usize = size_of::<f64>();

/// A member and its score, owned.
pub(super) struct Member(NonNull<u8>);

// SAFETY: a member owns its allocation, which changes only through an exclusive borrow of it.
unsafe impl Send for Member {}
// SAFETY: as above.
unsafe impl Sync for Member {}

fn size(bytes_len: usize) -> usize {
    LENGTH_AT + varint::size(bytes_len) + bytes_len
}

fn layout(bytes_len: usize) -> Layout {
    Layout::from_size_align(size(bytes_len), align_of::<f64>()).expect("a member is far below isize::MAX")
}

impl Member {
    /// A member of these bytes with this score.
    pub(super) fn new(bytes: &[u8], score: f64) -> Member {
        let layout = layout(bytes.len());
        // SAFETY: the layout is never of size zero: the score alone has eight bytes.
        let Some(pointer) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let mut length = [0; 5];
        let length_len = varint::write(bytes.len(), &mut length);
        // SAFETY: freshly allocated with room for exactly the score, the length and the bytes; aligned for f64.
        unsafe {
            let out = pointer.as_ptr();
            out.cast::<f64>().write(score);
            out.add(LENGTH_AT).copy_from_nonoverlapping(length.as_ptr(), length_len);
            out.add(LENGTH_AT + length_len).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Member(pointer)
    }

    /// The member.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the allocation lives as long as `self`, and its bytes never change.
        unsafe { bytes_at(self.0) }
    }

    /// Its score.
    #[inline]
    pub(super) fn score(&self) -> f64 {
        // SAFETY: initialised and aligned; writes need an exclusive borrow.
        unsafe { self.0.as_ptr().cast::<f64>().read() }
    }

    /// Changes its score.
    #[inline]
    pub(super) fn set_score(&mut self, score: f64) {
        // SAFETY: owned and exclusively borrowed; a `MemberRef` never reads the score.
        unsafe { self.0.as_ptr().cast::<f64>().write(score) };
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory_bytes(&self) -> usize {
        allocation_size(size(self.bytes().len()))
    }

    /// A second pointer to the member.
    ///
    /// # Safety
    /// The pointer and its copies must not be used after the member was dropped.
    pub(super) unsafe fn share(&self) -> MemberRef {
        MemberRef(self.0)
    }

    /// Whether `shared` points at this very member.
    #[inline]
    pub(super) fn is(&self, shared: MemberRef) -> bool {
        self.0 == shared.0
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let layout = layout(self.bytes().len());
        // SAFETY: allocated with exactly this layout and freed once.
        unsafe { dealloc(self.0.as_ptr(), layout) };
    }
}

// SAFETY: the word is the address of an owned allocation: not zero, within 48 bits on the platforms that Esker
// runs on, with the whole member behind it; `from_word` restores it.
unsafe impl Element for Member {
    #[inline]
    fn into_word(self) -> u64 {
        let word = self.0.as_ptr().expose_provenance() as u64;
        std::mem::forget(self);
        word
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Member {
        let pointer = std::ptr::with_exposed_provenance_mut(word as usize);
        // SAFETY: the caller passes a word that `into_word` gave, which was not null.
        Member(unsafe { NonNull::new_unchecked(pointer) })
    }

    #[inline]
    fn hash_key(&self) -> u64 {
        base::hash::hash(self.bytes())
    }
}

/// A borrowed pointer to a member's bytes: whoever made it with [`Member::share`] promised that it is not used
/// after the member's end.
#[derive(Clone, Copy)]
pub(super) struct MemberRef(NonNull<u8>);

// SAFETY: it only reads bytes that never change while they exist.
unsafe impl Send for MemberRef {}
// SAFETY: as above.
unsafe impl Sync for MemberRef {}

impl MemberRef {
    /// The member.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: alive by the promise made to `Member::share`, and its bytes never change.
        unsafe { bytes_at(self.0) }
    }

    /// Has the processor fetch the member, which is about to be read.
    #[inline]
    pub(super) fn prefetch(self) {
        base::prefetch::prefetch(self.0.addr().get());
    }
}

/// The bytes of the member at `pointer`.
///
/// # Safety
/// `pointer` points at a live member, and the result is not used beyond its life.
#[inline]
unsafe fn bytes_at<'a>(pointer: NonNull<u8>) -> &'a [u8] {
    // SAFETY: the length's first byte is always there, and says how many more it has.
    unsafe {
        let length_at = pointer.as_ptr().add(LENGTH_AT);
        let first = length_at.read();
        let (len, length_len) = if first < 0x80 {
            (usize::from(first), 1)
        } else {
            let length_len = if first < 0xc0 { 2 } else { 5 };
            varint::read(std::slice::from_raw_parts(length_at, length_len))
        };
        std::slice::from_raw_parts(length_at.add(length_len), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_reads_back_at_every_width_of_length() {
        for len in [0, 1, 23, 127, 128, 16_383, 16_384] {
            let bytes = vec![7; len];
            let mut member = Member::new(&bytes, 1.5);
            member.set_score(-2.5);
            // SAFETY: `member` lives to the end of the block.
            let shared = unsafe { member.share() };
            assert_eq!((member.bytes(), shared.bytes(), member.score()), (&bytes[..], &bytes[..], -2.5));
            let word = member.into_word();
            // SAFETY: the word comes from `into_word`.
            let member = unsafe { Member::from_word(word) };
            assert!(member.is(shared) && member.hash_key() == base::hash::hash(&bytes));
        }
    }

    #[test]
    fn sixteen_bytes_take_thirty_two() {
        assert_eq!(Member::new(&[0; 16], 0.0).memory_bytes(), 32);
        assert_eq!(Member::new(&[0; 23], 0.0).memory_bytes(), 32);
    }
}
