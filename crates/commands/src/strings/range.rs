//! Ranges within a string, counted from either end.

use std::ops::Range;

/// The range from `start` to `end`, both included, of `len` bytes or bits: negative indexes count from the end,
/// and what lies beyond an end is cut off.
pub fn clamp(start: i64, end: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_either_end = |index: i64| if index < 0 { len.saturating_add(index).max(0) } else { index };
    let (start, end) = (from_either_end(start), from_either_end(end).min(len - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

/// Whether both indexes count from the end, in the wrong order: no range, though [`clamp`] makes it the first byte
/// where both lie before it.
pub fn is_reversed(start: i64, end: i64) -> bool {
    start < 0 && end < 0 && start > end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included_and_cut_off() {
        for (start, end, expected) in [
            (0, -1, 0..5),
            (1, 3, 1..4),
            (-3, -2, 2..4),
            (-100, 100, 0..5),
            (4, 4, 4..5),
            (3, 2, 0..0),
            (5, 9, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (i64::MAX, i64::MIN, 0..0),
            (-9, -8, 0..1),
        ] {
            assert_eq!(clamp(start, end, 5), expected, "{start} to {end}");
        }
        assert_eq!(clamp(0, -1, 0), 0..0);
        assert_eq!((clamp(-8, -9, 5), is_reversed(-8, -9)), (0..1, true));
        assert!(!is_reversed(-9, -8) && !is_reversed(2, -3));
    }
}
