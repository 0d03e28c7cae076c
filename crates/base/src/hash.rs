//! Replaced at the merge.
#![allow(missing_docs)]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf29ce484222325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100000001b3))
        .rotate_left(20)
        .wrapping_mul(0x9E3779B97F4A7C15)
}
