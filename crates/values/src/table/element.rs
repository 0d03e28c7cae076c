//! What a table holds, and how it stands there: an owning pointer with a *tag* in its unused upper bits.
#![allow(unsafe_code)] // the contract of elements; the blocks that rest on it are in `segment`

/// What a table holds: an owning pointer.
///
/// A shared element is handed out as a copy of its pointer, so the type must not claim to be the only way to its
/// allocation while it is shared: build it on `NonNull`, not on `Box`.
///
/// # Safety
/// `into_word` gives a word that is not zero and whose upper 16 bits are zero. `from_word` is its inverse. The
/// word is all there is to an element: for as long as the original exists and is not changed, another one made
/// from the same word, never dropped, is as good for reading.
pub unsafe trait Element: Sized {
    /// The element's pointer, which owns it from now on.
    fn into_word(self) -> u64;

    /// The element of this pointer.
    ///
    /// # Safety
    /// The word came from `into_word`, and of all elements made from it only one may be dropped or changed.
    unsafe fn from_word(word: u64) -> Self;

    /// The hash of the element's key: the one that it is looked up by. It never changes.
    fn hash_key(&self) -> u64;
}

/// Bits of a word that are the element's pointer.
const POINTER_BITS: u32 = 48;
const POINTER_MASK: u64 = (1 << POINTER_BITS) - 1;
/// Bits of a hash that are the element's tag.
pub(super) const TAG_BITS: u32 = 15;
pub(super) const TAG_MASK: u16 = (1 << TAG_BITS) - 1;

/// The tag of an element: the low bits of its hash. It is never zero, so a word whose tag is zero is empty.
#[inline]
pub(super) fn tag_of(hash: u64) -> u16 {
    (hash as u16 & TAG_MASK).max(1)
}

/// A pointer's word with its tag.
#[inline]
pub(super) fn tagged(pointer_word: u64, tag: u16) -> u64 {
    debug_assert!(pointer_word != 0 && pointer_word & !POINTER_MASK == 0, "an Element breaks its promise");
    pointer_word | u64::from(tag) << POINTER_BITS
}

/// The word without its tag.
#[inline]
pub(super) fn pointer_word(word: u64) -> u64 {
    word & POINTER_MASK
}

/// The tag of a word.
#[inline]
pub(super) fn word_tag(word: u64) -> u16 {
    (word >> POINTER_BITS) as u16 & TAG_MASK
}
