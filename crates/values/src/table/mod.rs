//! Replaced at the merge.
#![allow(unsafe_code, missing_docs, clippy::missing_safety_doc)]
pub unsafe trait Element: Sized {
    fn into_word(self) -> u64;
    unsafe fn from_word(word: u64) -> Self;
    fn hash_key(&self) -> u64;
}
