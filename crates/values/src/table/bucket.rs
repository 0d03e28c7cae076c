//! A bucket: eight words in one cache line, whose tags are compared all at once.
//!
//! ```text
//!  word: overflow bit | tag: 15 bits | pointer: 48 bits        (tag 0: empty)
//! ```
//!
//! The overflow bits of the eight words together are a number: how many elements whose home is this bucket, or one
//! before it, found it full and went on. Where it is zero, nobody needs to look further. As F14 does it: N. Bronson
//! and X. Shi, "Open-sourcing F14 for faster, more memory-efficient hash tables", 2019.

use super::element::{pointer_word, word_tag};

/// Words in a bucket.
pub(super) const BUCKET_WORDS: usize = 8;
/// An overflow count that has come so far stays, until the segment is rebuilt.
pub(super) const OVERFLOW_MAX: u8 = u8::MAX;
const OVERFLOW_BIT: u64 = 1 << 63;

/// One cache line of words.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Bucket {
    words: [u64; BUCKET_WORDS],
}

impl Bucket {
    /// The word at a position, if it is not empty.
    #[inline]
    pub(super) fn word(&self, position: usize) -> Option<u64> {
        let word = self.words[position] & !OVERFLOW_BIT;
        (word_tag(word) != 0).then_some(word)
    }

    /// Sets the word at a position; zero empties it.
    #[inline]
    pub(super) fn set_word(&mut self, position: usize, word: u64) {
        debug_assert!(word & OVERFLOW_BIT == 0 && (word == 0) == (word_tag(word) == 0));
        self.words[position] = self.words[position] & OVERFLOW_BIT | word;
    }

    /// The tags of all words, ready to be compared.
    #[inline]
    pub(super) fn tags(&self) -> Tags {
        Tags::of(&self.words)
    }

    /// How many elements have gone past this bucket since it was full; exact below [`OVERFLOW_MAX`].
    #[inline]
    pub(super) fn overflow(&self) -> u8 {
        self.tags().overflow()
    }

    /// Sets the overflow count.
    pub(super) fn set_overflow(&mut self, count: u8) {
        for (position, word) in self.words.iter_mut().enumerate() {
            *word = *word & !OVERFLOW_BIT | u64::from(count >> position & 1) << 63;
        }
    }

    /// Begins to load the elements, for someone who will look at all of them.
    #[inline]
    pub(super) fn prefetch(&self) {
        self.words.iter().for_each(|&word| lanes::prefetch(pointer_word(word)));
    }
}

/// A set of positions in a bucket; iterates from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Positions(u8);

impl Positions {
    /// The lowest position.
    #[inline]
    pub(super) fn first(self) -> Option<usize> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as usize)
    }
}

impl Iterator for Positions {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let first = self.first()?;
        self.0 &= self.0 - 1;
        Some(first)
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod lanes {
    // LLVM does not find these sequences by itself: it compares word by word, which takes three times as many
    // instructions. Without prefetching, splitting a segment waits for its elements in memory one by one.
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;

    use super::super::element::TAG_MASK;
    use super::{BUCKET_WORDS, Positions};

    /// Begins to load the cache line at an address, if that is one.
    #[inline]
    pub(super) fn prefetch(address: u64) {
        // SAFETY: every x86-64 has SSE; a prefetch reads nothing that the program could see, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address as usize)) }
    }

    /// The upper 16 bits of eight words.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Tags(__m128i);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[u64; BUCKET_WORDS]) -> Tags {
            // SAFETY: every x86-64 has SSE2. The four loads read the eight words, two at a time.
            unsafe {
                let pair = |at: usize| _mm_loadu_ps(words.as_ptr().add(at).cast());
                // The upper half of each word, its upper 16 bits sign-extended so that the saturating pack is exact.
                let four = |at: usize| {
                    let upper = _mm_shuffle_ps::<0b11_01_11_01>(pair(at), pair(at + 2));
                    _mm_srai_epi32::<16>(_mm_castps_si128(upper))
                };
                Tags(_mm_packs_epi32(four(0), four(4)))
            }
        }

        /// The overflow bits, together.
        #[inline]
        pub(in super::super) fn overflow(self) -> u8 {
            // SAFETY: every x86-64 has SSE2.
            unsafe { _mm_movemask_epi8(_mm_packs_epi16(self.0, _mm_setzero_si128())) as u8 }
        }

        /// Where the tag is `tag`.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> Positions {
            // SAFETY: every x86-64 has SSE2.
            unsafe {
                let tags = _mm_and_si128(self.0, _mm_set1_epi16(TAG_MASK.cast_signed()));
                let equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(tag.cast_signed()));
                Positions(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())) as u8)
            }
        }
    }
}

#[cfg(any(not(target_arch = "x86_64"), miri))]
mod lanes {
    use super::super::element::TAG_MASK;
    use super::{BUCKET_WORDS, Positions};

    /// There is no portable way.
    #[inline]
    pub(super) fn prefetch(_address: u64) {}

    /// The upper 16 bits of eight words.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Tags([u16; BUCKET_WORDS]);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[u64; BUCKET_WORDS]) -> Tags {
            Tags(words.map(|word| (word >> 48) as u16))
        }

        /// The overflow bits, together.
        #[inline]
        pub(in super::super) fn overflow(self) -> u8 {
            bits(self.0.map(|lane| lane & !TAG_MASK != 0))
        }

        /// Where the tag is `tag`.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> Positions {
            Positions(bits(self.0.map(|lane| lane & TAG_MASK == tag)))
        }
    }

    fn bits(lanes: [bool; BUCKET_WORDS]) -> u8 {
        lanes.into_iter().enumerate().fold(0, |all, (position, lane)| all | u8::from(lane) << position)
    }
}

pub(super) use lanes::Tags;

impl Tags {
    /// Where the words are empty.
    #[inline]
    pub(super) fn empty(self) -> Positions {
        self.equal(0)
    }

    /// Where the words are not empty.
    #[inline]
    pub(super) fn occupied(self) -> Positions {
        Positions(!self.empty().0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::{TAG_MASK, tagged};
    use super::*;

    #[test]
    fn positions_are_where_the_tags_are() {
        let tags = [7, 0, TAG_MASK, 7, 0x4000, 1, 0, 0x3fff];
        let mut bucket = Bucket { words: [0; BUCKET_WORDS] };
        for overflow in [0, 1, 0x80, 0xa5, u8::MAX] {
            bucket.set_overflow(overflow);
            for (position, tag) in tags.into_iter().enumerate() {
                bucket.set_word(position, if tag == 0 { 0 } else { tagged(0xffff_0000_1234, tag) });
            }
            let at = |tag| bucket.tags().equal(tag).collect::<Vec<_>>();
            assert_eq!(at(7), [0, 3]);
            assert_eq!(at(TAG_MASK), [2]);
            assert_eq!(at(0x4000), [4]);
            assert_eq!(at(0x3fff), [7]);
            assert_eq!(at(2), []);
            assert_eq!(bucket.tags().empty().collect::<Vec<_>>(), [1, 6]);
            assert_eq!(bucket.tags().occupied().collect::<Vec<_>>(), [0, 2, 3, 4, 5, 7]);
            assert_eq!(bucket.overflow(), overflow);
            assert_eq!((bucket.word(1), bucket.word(2)), (None, Some(tagged(0xffff_0000_1234, TAG_MASK))));
        }
    }
}
