//! How large segments are, when they grow, shrink, split and merge.
//!
//! Sizes are those that jemalloc (and most allocators) hand out anyway: every multiple of a cache line up to
//! eight, then four steps for each doubling. So nothing is lost to rounding, and a growing segment is on average
//! five sixths full.

use super::bucket::BUCKET_WORDS;

/// A segment of this many buckets is split instead of grown, unless splitting does not help.
pub(super) const BUCKETS_MAX: usize = 64;
/// No segment ever has more buckets: the last size that fits the 16 bits of a handle.
pub(super) const BUCKETS_LIMIT: usize = 7 << 13;
/// Buddies merge when they have no more elements together: half of what made them split.
pub(super) const MERGED_ELEMENTS_MAX: usize = elements_max(BUCKETS_MAX) / 2;
/// One slot in this many stays empty in a segment of more than one bucket, so that probes stay short.
const FREE_SHARE: usize = 10;

/// How many elements a segment of this many buckets takes before it must grow.
#[inline]
pub(super) const fn elements_max(buckets: usize) -> usize {
    if buckets == 0 {
        return 0;
    }
    let slots = buckets * BUCKET_WORDS - 1;
    if buckets == 1 { slots } else { slots - if slots < FREE_SHARE { 1 } else { slots / FREE_SHARE } }
}

/// The next larger size.
pub(super) fn larger(buckets: usize) -> usize {
    assert!(
        buckets < BUCKETS_LIMIT,
        "half a million elements share the leading bits of their hash: it is not a keyed 64-bit hash"
    );
    let step = if buckets < 8 { 1 } else { 1 << (buckets.ilog2() - 2) };
    buckets + step
}

/// The smallest size that takes `len` elements.
pub(super) fn size_for(len: usize) -> usize {
    let mut buckets = 0;
    while elements_max(buckets) < len {
        buckets = larger(buckets);
    }
    buckets
}

/// The size to shrink to, if a segment with `len` elements should: it is less than half full, and shrinks so far
/// that it neither shrinks nor grows again soon.
#[inline]
pub(super) fn shrunk(buckets: usize, len: usize) -> Option<usize> {
    if len * 2 >= buckets * BUCKET_WORDS {
        return None;
    }
    let size = size_for(len + len / 4);
    (size < buckets).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_size_classes() {
        let mut sizes = vec![];
        let mut size = 0;
        while size < BUCKETS_MAX {
            size = larger(size);
            sizes.push(size);
        }
        assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]);
    }

    #[test]
    fn a_size_fits_and_the_one_below_does_not() {
        assert_eq!(size_for(0), 0);
        for len in 1..2_000 {
            let size = size_for(len);
            assert!(elements_max(size) >= len);
            assert!(
                (0..size)
                    .all(|smaller| smaller != 0 && larger(smaller) > size || elements_max(smaller) < len)
            );
        }
    }

    #[test]
    fn shrinking_leaves_slack_both_ways() {
        for len in 4..1_000 {
            for buckets in 2..200 {
                if let Some(size) = shrunk(buckets, len) {
                    assert!(size < buckets && elements_max(size) > len);
                    assert_eq!(shrunk(size, len), None);
                }
            }
        }
    }
}
