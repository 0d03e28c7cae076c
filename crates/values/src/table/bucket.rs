//! A bucket: eight words in one cache line, whose tags are compared all at once.

use super::element::pointer_word;

/// Words in a bucket.
pub(super) const BUCKET_WORDS: usize = 8;

/// One cache line of words.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Bucket {
    pub(super) words: [u64; BUCKET_WORDS],
}

impl Bucket {
    /// The tags of all words, ready to be compared.
    #[inline]
    pub(super) fn tags(&self) -> Tags {
        Tags::of(&self.words)
    }

    /// Where the words are not empty.
    #[inline]
    pub(super) fn occupied(&self) -> Positions {
        Positions(!self.tags().empty().0)
    }

    /// Whether no word is empty.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.tags().empty().0 == 0
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
    /// These positions but for one.
    #[inline]
    pub(super) fn without(self, position: usize) -> Positions {
        Positions(self.0 & !(1 << position))
    }

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

    use super::{BUCKET_WORDS, Positions};

    /// Begins to load the cache line at an address, if that is one.
    #[inline]
    pub(super) fn prefetch(address: u64) {
        // SAFETY: every x86-64 has SSE; a prefetch reads nothing that the program could see, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address as usize)) }
    }

    /// Eight 16-bit lanes.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Tags(__m128i);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[u64; BUCKET_WORDS]) -> Tags {
            // SAFETY: every x86-64 has SSE2.
            unsafe {
                let pair = |at: usize| {
                    let pair = _mm_set_epi64x(words[at + 1].cast_signed(), words[at].cast_signed());
                    _mm_castsi128_ps(pair)
                };
                // The upper half of each word, its upper 16 bits sign-extended so that the saturating pack is exact.
                let four = |at: usize| {
                    let upper = _mm_shuffle_ps::<0b11_01_11_01>(pair(at), pair(at + 2));
                    _mm_srai_epi32::<16>(_mm_castps_si128(upper))
                };
                Tags(_mm_packs_epi32(four(0), four(4)))
            }
        }

        /// Where the tag is `tag`.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> Positions {
            // SAFETY: every x86-64 has SSE2.
            unsafe {
                let equal = _mm_cmpeq_epi16(self.0, _mm_set1_epi16(tag.cast_signed()));
                Positions(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())) as u8)
            }
        }
    }
}

#[cfg(any(not(target_arch = "x86_64"), miri))]
mod lanes {
    use super::super::element::word_tag;
    use super::{BUCKET_WORDS, Positions};

    /// There is no portable way.
    #[inline]
    pub(super) fn prefetch(_address: u64) {}

    /// Eight 16-bit lanes.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Tags([u16; BUCKET_WORDS]);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[u64; BUCKET_WORDS]) -> Tags {
            Tags(words.map(word_tag))
        }

        /// Where the tag is `tag`.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> Positions {
            let bit = |(at, lane): (usize, u16)| u8::from(lane == tag) << at;
            Positions(self.0.into_iter().enumerate().map(bit).fold(0, |all, bit| all | bit))
        }
    }
}

pub(super) use lanes::Tags;

impl Tags {
    /// Where the words are empty.
    #[inline]
    pub(super) fn empty(self) -> Positions {
        self.equal(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::TAG_SHIFT;
    use super::*;

    #[test]
    fn positions_are_where_the_tags_are() {
        let tags = [7, 0, 0xffff, 7, 0x8000, 1, 0, 0x7fff];
        let words =
            tags.map(|tag: u16| u64::from(tag) << TAG_SHIFT | if tag == 0 { 0 } else { 0xffff_0000_1234 });
        let bucket = Bucket { words };
        let at = |tag| bucket.tags().equal(tag).collect::<Vec<_>>();
        assert_eq!(at(7), [0, 3]);
        assert_eq!(at(0xffff), [2]);
        assert_eq!(at(0x8000), [4]);
        assert_eq!(at(0x7fff), [7]);
        assert_eq!(at(2), []);
        assert_eq!(bucket.tags().empty().collect::<Vec<_>>(), [1, 6]);
        assert!(!bucket.is_full());
        assert!(Bucket { words: [u64::MAX; 8] }.is_full());
    }
}
