//! Ranges within a list, counted from either end.

use std::ops::Range;

/// The range from `start` to `stop`, both included, of `len` elements: negative indexes count from the end, and
/// what lies beyond an end is cut off.
pub fn clamp(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_either_end = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (start, stop) = (from_either_end(start).max(0), from_either_end(stop).min(len - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::clamp;

    #[test]
    fn both_ends_are_included_and_cut_off() {
        for (start, stop, expected) in [
            (0, -1, 0..5),
            (1, 3, 1..4),
            (-3, -2, 2..4),
            (-100, 100, 0..5),
            (3, 2, 0..0),
            (5, 9, 0..0),
            (-9, -8, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (i64::MAX, i64::MIN, 0..0),
        ] {
            assert_eq!(clamp(start, stop, 5), expected, "{start} to {stop}");
        }
        assert_eq!(clamp(0, -1, 0), 0..0);
    }
}
