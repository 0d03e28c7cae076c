//! Runs of bytes on the heap behind one thin pointer: the elements of the indexed sets and hashes.
//!
//! ```text
//!  +---------+-----+---------+--------+-----+--------+
//!  | length  | ... | length  | part   | ... | part   |
//!  | of 1st  |     | of Nth  | 1      |     | N      |
//!  +---------+-----+---------+--------+-----+--------+
//! ```
//!
//! An element with a deadline (Unix milliseconds) has a byte 255 before this, which begins no length, and eight bytes
//! behind it; one without pays nothing.
//!
//! The lengths are [varints](crate::varint). The allocation is as long as [`allocation_size`] says for these
//! bytes, so that a 16-byte member takes 32 bytes in all and a table's slot holds nothing but the pointer.
#![allow(unsafe_code)] // a fat pointer and a capacity of its own would double what a small element costs

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::entry::allocation_size;
use crate::table::{Element, Ref};
use crate::varint;

/// The first bytes of every allocation are initialised, so that lengths can be read before they are known.
const HEAD_BYTES: usize = 16;

/// `N` runs of bytes in one allocation. The first is the name by which a table finds it.
pub struct Thin<const N: usize>(NonNull<u8>);

// SAFETY: it owns its allocation alone and changes it only through `&mut`.
unsafe impl<const N: usize> Send for Thin<N> {}
// SAFETY: as above.
unsafe impl<const N: usize> Sync for Thin<N> {}

fn layout(len: usize) -> Layout {
    Layout::from_size_align(allocation_size(len.max(HEAD_BYTES)), 8).expect("far below isize::MAX")
}

/// The first byte of an element with a deadline.
const TIMED: u8 = 0xff;
const DEADLINE_BYTES: usize = 8;

/// Where the parts are.
struct Parts<const N: usize> {
    head: usize,
    lengths: [usize; N],
    /// Bytes behind the parts: those of a deadline, or none.
    tail: usize,
}

impl<const N: usize> Parts<N> {
    fn of(lengths: [usize; N]) -> Parts<N> {
        const { assert!(N >= 1 && 5 * N < HEAD_BYTES, "the lengths fit the initialised head") };
        Parts { head: lengths.iter().map(|&len| varint::size(len)).sum(), lengths, tail: 0 }
    }

    fn deadline_at(&self) -> usize {
        self.head + self.lengths.iter().sum::<usize>()
    }

    fn total(&self) -> usize {
        self.deadline_at() + self.tail
    }
}

impl<const N: usize> Thin<N> {
    /// Copies `parts` into an allocation of their own.
    pub fn new(parts: [&[u8]; N]) -> Thin<N> {
        Thin::build(parts, None)
    }

    /// As [`Thin::new`], with a deadline in Unix milliseconds, if there is one.
    #[inline]
    pub fn build(parts: [&[u8]; N], deadline_ms: Option<u64>) -> Thin<N> {
        let mut places = Parts::of(parts.map(<[u8]>::len));
        if deadline_ms.is_some() {
            (places.head, places.tail) = (places.head + 1, DEADLINE_BYTES);
        }
        let layout = layout(places.total());
        // SAFETY: the layout has at least `HEAD_BYTES`.
        let pointer = unsafe { alloc(layout) };
        let Some(pointer) = NonNull::new(pointer) else { handle_alloc_error(layout) };
        let mut head = [0; HEAD_BYTES];
        let mut written = usize::from(deadline_ms.is_some());
        head[..written].fill(TIMED);
        for len in places.lengths {
            written += varint::write(len, &mut head[written..]);
        }
        // SAFETY: the allocation has room for the head and, behind the lengths, for all parts and the deadline.
        unsafe {
            pointer.as_ptr().cast::<[u8; HEAD_BYTES]>().write(head);
            let mut to = pointer.as_ptr().add(places.head);
            for part in parts {
                to.copy_from_nonoverlapping(part.as_ptr(), part.len());
                to = to.add(part.len());
            }
            if let Some(deadline_ms) = deadline_ms {
                to.cast::<[u8; DEADLINE_BYTES]>().write(deadline_ms.to_le_bytes());
            }
        }
        Thin(pointer)
    }

    #[inline]
    fn places(&self) -> Parts<N> {
        // SAFETY: every allocation begins with this many initialised bytes.
        let head = unsafe { self.0.as_ptr().cast::<[u8; HEAD_BYTES]>().read() };
        if head[0] == TIMED { Self::timed_places(&head) } else { Self::places_from(&head, 0, 0) }
    }

    #[inline(never)]
    fn timed_places(head: &[u8; HEAD_BYTES]) -> Parts<N> {
        Self::places_from(head, 1, DEADLINE_BYTES)
    }

    #[inline(always)]
    fn places_from(head: &[u8; HEAD_BYTES], mut at: usize, tail: usize) -> Parts<N> {
        let lengths = std::array::from_fn(|_| {
            let (len, size) = varint::read(&head[at..]);
            at += size;
            len
        });
        Parts { head: at, lengths, tail }
    }

    /// When the element expires, in Unix milliseconds, if it ever does.
    pub fn deadline_ms(&self) -> Option<u64> {
        let places = self.places();
        // SAFETY: where there is a tail, it is the initialised bytes of a deadline.
        (places.tail != 0).then(|| unsafe {
            let field = self.0.as_ptr().add(places.deadline_at()).cast::<[u8; DEADLINE_BYTES]>();
            u64::from_le_bytes(field.read())
        })
    }

    /// Sets or removes the deadline.
    pub fn set_deadline_ms(&mut self, deadline_ms: Option<u64>) {
        *self = Thin::build(self.parts(), deadline_ms);
    }

    /// The parts, for as long as the caller says.
    ///
    /// # Safety
    /// The allocation must live and stay unchanged for all of `'a`.
    #[inline]
    unsafe fn parts_for<'a>(&self) -> [&'a [u8]; N] {
        let places = self.places();
        let mut at = places.head;
        places.lengths.map(|len| {
            // SAFETY: the lengths are those that the allocation was made and filled for.
            let part = unsafe { std::slice::from_raw_parts(self.0.as_ptr().add(at), len) };
            at += len;
            part
        })
    }

    /// The parts.
    #[inline]
    pub fn parts(&self) -> [&[u8]; N] {
        // SAFETY: borrowed from `self`, which owns the allocation.
        unsafe { self.parts_for() }
    }

    /// The parts of an element, for as long as its table is borrowed.
    #[inline]
    pub fn parts_in_table<'a>(element: Ref<'a, Thin<N>>) -> [&'a [u8]; N] {
        // SAFETY: the table is borrowed for `'a`, so that it neither changes nor frees its elements.
        unsafe { element.parts_for() }
    }

    /// The first part.
    #[inline]
    pub fn name(&self) -> &[u8] {
        self.parts()[0]
    }

    /// Replaces the last part, in place where the allocation stays as long as it is. A deadline stays.
    pub fn replace_last(&mut self, part: &[u8]) {
        let old = self.places();
        let mut lengths = old.lengths;
        lengths[N - 1] = part.len();
        let new = Parts::of(lengths);
        // With a deadline the lengths begin elsewhere, so such an element is always made anew.
        if new.head != old.head || old.tail != 0 || layout(new.total()) != layout(old.total()) {
            let mut parts = self.parts();
            parts[N - 1] = part;
            *self = Thin::build(parts, self.deadline_ms());
            return;
        }
        // SAFETY: the allocation is owned alone and has room for the new total; the last length takes as many
        // bytes as before and ends where the parts begin.
        unsafe {
            let base = self.0.as_ptr();
            let len_size = varint::size(part.len());
            let len_field = std::slice::from_raw_parts_mut(base.add(new.head - len_size), len_size);
            varint::write(part.len(), len_field);
            base.add(new.total() - part.len()).copy_from_nonoverlapping(part.as_ptr(), part.len());
        }
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        layout(self.places().total()).size()
    }
}

impl<const N: usize> Clone for Thin<N> {
    fn clone(&self) -> Thin<N> {
        Thin::build(self.parts(), self.deadline_ms())
    }
}

impl<const N: usize> Drop for Thin<N> {
    fn drop(&mut self) {
        // SAFETY: allocated with exactly this layout and freed once.
        unsafe { dealloc(self.0.as_ptr(), layout(self.places().total())) };
    }
}

// SAFETY: the word is the address of an owned allocation: not zero and within 48 bits on the platforms that Esker
// runs on; `from_word` restores it.
unsafe impl<const N: usize> Element for Thin<N> {
    fn into_word(self) -> u64 {
        let word = self.0.as_ptr().expose_provenance() as u64;
        std::mem::forget(self);
        word
    }

    unsafe fn from_word(word: u64) -> Thin<N> {
        let pointer = std::ptr::with_exposed_provenance_mut(word as usize);
        // SAFETY: the caller passes a word that `into_word` gave, which was not null.
        Thin(unsafe { NonNull::new_unchecked(pointer) })
    }

    #[inline]
    fn hash_key(&self) -> u64 {
        base::hash::hash(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_back_at_every_width_of_length() {
        for len in [0, 1, 13, 14, 15, 127, 128, 16_383, 16_384] {
            let (first, second) = (vec![b'a'; len], vec![b'b'; len / 2]);
            let thin = Thin::new([&first, &second]);
            assert_eq!(thin.parts(), [&first[..], &second[..]]);
            assert_eq!(thin.name(), first);
            assert_eq!(thin.clone().parts(), thin.parts());
            assert!(thin.memory_bytes() >= 2 + first.len() + second.len());
        }
    }

    #[test]
    fn a_16_byte_member_takes_32_bytes() {
        assert_eq!(Thin::new([&[b'm'; 16]]).memory_bytes(), 32);
    }

    #[test]
    fn the_last_part_is_replaced_by_any_length() {
        let mut thin = Thin::new([b"field", b""]);
        for len in [3, 4, 100, 127, 128, 126, 5000, 20_000, 20_001, 0] {
            let value = vec![len as u8; len];
            thin.replace_last(&value);
            assert_eq!(thin.parts(), [b"field", &value[..]]);
        }
        let before = thin.0;
        thin.replace_last(b"short");
        assert_eq!(thin.0, before, "the same allocation serves values of like length");
    }

    #[test]
    fn a_deadline_comes_and_goes_and_stays_with_a_new_value() {
        for len in [0, 100, 127, 128, 16_384] {
            let (name, value) = (vec![b'n'; len], vec![b'v'; len]);
            let mut thin = Thin::new([&name, &value]);
            let bytes = thin.memory_bytes();
            assert_eq!(thin.deadline_ms(), None);
            for deadline_ms in [Some(1), Some(u64::MAX), None, Some(7)] {
                thin.set_deadline_ms(deadline_ms);
                assert_eq!((thin.parts(), thin.deadline_ms()), ([&name[..], &value[..]], deadline_ms));
            }
            assert!(thin.memory_bytes() <= bytes + bytes / 4 + 16);
            thin.replace_last(b"other");
            assert_eq!((thin.clone().parts(), thin.clone().deadline_ms()), ([&name[..], b"other"], Some(7)));
        }
    }

    #[test]
    fn a_word_is_the_element_again() {
        let word = Thin::new([b"member"]).into_word();
        assert!(word != 0 && word >> 48 == 0);
        // SAFETY: the word has just come out of `into_word` and is used once.
        let thin = unsafe { Thin::<1>::from_word(word) };
        assert_eq!(thin.parts(), [b"member"]);
    }
}
