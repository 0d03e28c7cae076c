//! A bucket: eight words in one cache line, whose tags are compared all at once.
//!
//! ```text
//!  word: overflow bit | tag: 15 bits | pointer: 48 bits        (tag 0: empty)
//! ```
//!
//! As many of the eight overflow bits are set as there are elements that found this bucket full and went on. Where
//! none is, nobody needs to look further. When all are, they stay so until the segment is rebuilt, since it is not
//! known how many more there were. The idea of counting is F14's: N. Bronson and X. Shi, "Open-sourcing F14 for
//! faster, more memory-efficient hash tables", 2019.

use base::prefetch::prefetch;

use super::element::{pointer_word, word_tag};

const CACHE_LINE_BYTES: usize = 64;
/// Words in a bucket.
pub(super) const BUCKET_WORDS: usize = 8;
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

    /// Counts an element that goes past this bucket.
    #[inline]
    pub(super) fn pass(&mut self) {
        let clear = Positions(!self.tags().overflow().0);
        if let Some(position) = clear.first() {
            self.words[position] |= OVERFLOW_BIT;
        }
    }

    /// Uncounts an element that went past this bucket.
    #[inline]
    pub(super) fn unpass(&mut self) {
        let set = self.tags().overflow();
        if let (Some(position), true) = (set.first(), set != Positions::ALL) {
            self.words[position] &= !OVERFLOW_BIT;
        }
    }

    /// Begins to load the bucket itself.
    #[inline]
    pub(super) fn prefetch_words(&self) {
        prefetch(std::ptr::from_ref(self).addr());
    }

    /// Begins to load the elements with this tag: of each the cache line where it begins, and the next, since few
    /// of the elements that are worth it fit in the rest of one.
    #[inline]
    pub(super) fn prefetch_equal(&self, tag: u16) {
        for position in self.tags().equal(tag) {
            let address = pointer_word(self.words[position]) as usize;
            prefetch(address);
            prefetch(address + CACHE_LINE_BYTES);
        }
    }

    /// Begins to load the elements, for someone who will look at all of them, one by one: splitting a segment would
    /// wait for each.
    #[inline]
    pub(super) fn prefetch(&self) {
        self.words.iter().for_each(|&word| prefetch(pointer_word(word) as usize));
    }
}

/// A set of positions in a bucket; iterates from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Positions(u8);

impl Positions {
    const ALL: Positions = Positions(u8::MAX);

    /// Whether there is no position.
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
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
    // instructions.
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;

    use super::super::element::TAG_MASK;
    use super::{BUCKET_WORDS, Positions};

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

        /// Where the overflow bits are set.
        #[inline]
        pub(in super::super) fn overflow(self) -> Positions {
            // SAFETY: every x86-64 has SSE2.
            unsafe { Positions(_mm_movemask_epi8(_mm_packs_epi16(self.0, _mm_setzero_si128())) as u8) }
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

    /// The upper 16 bits of eight words.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Tags([u16; BUCKET_WORDS]);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[u64; BUCKET_WORDS]) -> Tags {
            Tags(words.map(|word| (word >> 48) as u16))
        }

        /// Where the overflow bits are set.
        #[inline]
        pub(in super::super) fn overflow(self) -> Positions {
            Positions(bits(self.0.map(|lane| lane & !TAG_MASK != 0)))
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

    const POINTER: u64 = 0xffff_0000_1234;

    fn bucket(tags: [u16; BUCKET_WORDS]) -> Bucket {
        let mut bucket = Bucket { words: [0; BUCKET_WORDS] };
        for (position, tag) in tags.into_iter().enumerate() {
            bucket.set_word(position, if tag == 0 { 0 } else { tagged(POINTER, tag) });
        }
        bucket
    }

    #[test]
    fn positions_are_where_the_tags_are() {
        let mut bucket = bucket([7, 0, TAG_MASK, 7, 0x4000, 1, 0, 0x3fff]);
        for _ in 0..10 {
            let at = |tag| bucket.tags().equal(tag).collect::<Vec<_>>();
            assert_eq!(at(7), [0, 3]);
            assert_eq!(at(TAG_MASK), [2]);
            assert_eq!(at(0x4000), [4]);
            assert_eq!(at(0x3fff), [7]);
            assert_eq!(at(2), []);
            assert_eq!(bucket.tags().empty().collect::<Vec<_>>(), [1, 6]);
            assert_eq!(bucket.tags().occupied().collect::<Vec<_>>(), [0, 2, 3, 4, 5, 7]);
            assert_eq!((bucket.word(1), bucket.word(2)), (None, Some(tagged(POINTER, TAG_MASK))));
            bucket.pass();
        }
    }

    #[test]
    fn what_passes_is_counted_up_to_eight() {
        let mut bucket = bucket([0, 1, 2, 3, 4, 5, 6, TAG_MASK]);
        for passed in 1..8 {
            (0..passed).for_each(|_| bucket.pass());
            bucket.set_word(0, 0);
            bucket.set_word(1, tagged(POINTER, 9));
            assert_eq!(bucket.tags().overflow().count(), passed);
            (0..passed).for_each(|_| bucket.unpass());
            assert!(bucket.tags().overflow().is_empty());
        }
        (0..8).for_each(|_| bucket.pass());
        (0..20).for_each(|_| bucket.unpass());
        assert_eq!(bucket.tags().overflow().count(), 8);
    }
}
