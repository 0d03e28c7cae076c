//! The packed form: a run of bytes, in order of score and member, searched from the front.
//!
//! ```text
//!  +--------+---------+--------+--------+---------+-----
//!  | count  | score   | length | member | score   | …
//!  | varint | 1 to 9  | varint | bytes  |         |
//!  +--------+---------+--------+--------+---------+-----
//! ```
//!
//! | first byte of a score | score | bytes |
//! |---|---|---|
//! | `0xxxxxxx` | the integers 0 to 127 | 1 |
//! | `10xxxxxx` | the integers 0 to 16,383, high bits first | 2 |
//! | `11000nnn` | an integer of at most 2^53 either way: `n` bytes, big-endian two's complement | 1 + n |
//! | `11001000` | any other: the eight bytes of the double, big-endian | 9 |

use std::ops::Range;

use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::varint;

const SCORE_BYTES_MAX: usize = 9;
const SCORE_INTEGER_TAG: u8 = 0xc0;
const SCORE_DOUBLE_TAG: u8 = 0xc8;
const EXACT_INTEGER_MAX: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;

/// The bytes of an empty sorted set: a count of zero.
pub(super) const EMPTY: [u8; 1] = [0];

/// Writes `score` at the start of `out` and returns how many bytes it took. Zero loses its sign, as in a packed sorted
/// set of Redis.
fn write_score(score: f64, out: &mut [u8; SCORE_BYTES_MAX]) -> usize {
    let integral = score.trunc() == score && score.abs() <= EXACT_INTEGER_MAX;
    if !integral {
        out[0] = SCORE_DOUBLE_TAG;
        out[1..].copy_from_slice(&score.to_bits().to_be_bytes());
        return SCORE_BYTES_MAX;
    }
    let integer = score as i64;
    match integer {
        0..=0x7f => {
            out[0] = integer as u8;
            1
        }
        0x80..=0x3fff => {
            out[..2].copy_from_slice(&(0x8000 | integer as u16).to_be_bytes());
            2
        }
        _ => {
            let magnitude = if integer < 0 { !integer } else { integer };
            let bits = i64::BITS - magnitude.leading_zeros() + 1;
            let len = bits.div_ceil(8) as usize;
            out[0] = SCORE_INTEGER_TAG | len as u8;
            out[1..=len].copy_from_slice(&integer.to_be_bytes()[8 - len..]);
            1 + len
        }
    }
}

#[inline]
fn score_len(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xbf => 2,
        _ => 1 + usize::from(first & 0x0f),
    }
}

#[inline]
fn read_score(bytes: &[u8]) -> f64 {
    match bytes[0] {
        first @ 0..=0x7f => f64::from(first),
        first @ 0x80..=0xbf => f64::from(u16::from_be_bytes([first & 0x3f, bytes[1]])),
        SCORE_DOUBLE_TAG => {
            let bits = bytes[1..SCORE_BYTES_MAX].try_into().expect("a range of eight bytes");
            f64::from_be_bytes(bits)
        }
        first => {
            let bytes = &bytes[1..score_len(first)];
            let sign = i64::from(bytes[0].cast_signed() >> 7);
            bytes.iter().fold(sign, |integer, byte| integer << 8 | i64::from(*byte)) as f64
        }
    }
}

/// Where a member is, and with what score.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The offset of its first byte.
    start: usize,
    /// The offset behind its last byte.
    end: usize,
    /// Members before it.
    pub(super) rank: usize,
    pub(super) score: f64,
}

/// The bytes of a packed sorted set, to read.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Packed<'a> {
        Packed(bytes)
    }

    /// The number of members.
    #[inline]
    pub(super) fn len(self) -> usize {
        varint::read(self.0).0
    }

    fn items_at(self) -> usize {
        varint::read(self.0).1
    }

    /// The member at offset `start`, and the offset behind it.
    #[inline]
    fn member(self, start: usize) -> (&'a [u8], usize) {
        let length_at = start + score_len(self.0[start]);
        let (len, length_len) = varint::read(&self.0[length_at..]);
        let end = length_at + length_len + len;
        (&self.0[length_at + length_len..end], end)
    }

    fn score(self, start: usize) -> f64 {
        read_score(&self.0[start..])
    }

    /// Where `member` is.
    pub(super) fn find(self, member: &[u8]) -> Option<Place> {
        let mut start = self.items_at();
        let mut rank = 0;
        while start < self.0.len() {
            let (found, end) = self.member(start);
            if found == member {
                return Some(Place { start, end, rank, score: self.score(start) });
            }
            (start, rank) = (end, rank + 1);
        }
        None
    }

    /// The number of leading members, and the offset behind them, that `before` holds for.
    fn leading(self, mut before: impl FnMut(usize, f64, &[u8]) -> bool) -> (usize, usize) {
        let mut start = self.items_at();
        let mut rank = 0;
        while start < self.0.len() {
            let (member, end) = self.member(start);
            if !before(start, self.score(start), member) {
                break;
            }
            (start, rank) = (end, rank + 1);
        }
        (rank, start)
    }

    /// The number of leading members that `before` holds for.
    pub(super) fn count_while(self, mut before: impl FnMut(f64, &[u8]) -> bool) -> usize {
        self.leading(|_, score, member| before(score, member)).0
    }

    /// The offset of the member of rank `rank`, counted on from the one at offset `start`.
    fn skip(self, start: usize, rank: usize) -> usize {
        (0..rank).fold(start, |start, _| self.member(start).1)
    }

    /// Up to `count` members from rank `start` on; `reverse` counts ranks from the last member and walks
    /// backwards.
    pub(super) fn range(self, start: usize, count: usize, reverse: bool) -> Members<'a> {
        let remaining = count.min(self.len().saturating_sub(start));
        let mut backwards = SmallVec::new();
        let from = if reverse { self.len().saturating_sub(start + remaining) } else { start };
        let mut at = if remaining == 0 { 0 } else { self.skip(self.items_at(), from) };
        if reverse {
            for _ in 0..remaining {
                backwards.push(at as u32);
                at = self.member(at).1;
            }
        }
        Members { packed: self, at, remaining, reverse, backwards }
    }
}

/// Members of consecutive ranks, in either direction.
#[derive(Clone)]
pub(super) struct Members<'a> {
    packed: Packed<'a>,
    at: usize,
    remaining: usize,
    reverse: bool,
    /// Where the members are that are still to come, the next one last: there is no walking back from a member
    /// to the one before it.
    backwards: SmallVec<[u32; 16]>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<(&'a [u8], f64)> {
        self.remaining = self.remaining.checked_sub(1)?;
        let start = if self.reverse { self.backwards.pop()? as usize } else { self.at };
        let (member, end) = self.packed.member(start);
        self.at = end;
        Some((member, self.packed.score(start)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

/// Adds `member`, which must not be there.
pub(super) fn insert(buffer: &mut impl Buffer, member: &[u8], score: f64) {
    let packed = Packed(buffer.bytes());
    let len = packed.len();
    let (_, at) = packed.leading(|_, other_score, other| precedes(other_score, other, score, member));
    let mut score_bytes = [0; SCORE_BYTES_MAX];
    let score_len = write_score(score, &mut score_bytes);
    let length_len = varint::size(member.len());
    let item = buffer.splice(at, 0, score_len + length_len + member.len());
    item[..score_len].copy_from_slice(&score_bytes[..score_len]);
    varint::write(member.len(), &mut item[score_len..]);
    item[score_len + length_len..].copy_from_slice(member);
    set_len(buffer, len + 1);
}

/// Gives `member`, which is at `place`, another score.
pub(super) fn set_score(buffer: &mut impl Buffer, member: &[u8], place: Place, score: f64) {
    let packed = Packed(buffer.bytes());
    let (_, to) = packed.leading(|start, other_score, other| {
        start == place.start || precedes(other_score, other, score, member)
    });
    let mut score_bytes = [0; SCORE_BYTES_MAX];
    let new_len = write_score(score, &mut score_bytes);
    let old_len = score_len(buffer.bytes()[place.start]);
    buffer.splice(place.start, old_len, new_len).copy_from_slice(&score_bytes[..new_len]);
    let end = place.end - old_len + new_len;
    if to < place.start {
        buffer.bytes_mut()[to..end].rotate_right(end - place.start);
    } else {
        buffer.bytes_mut()[place.start..to - old_len + new_len].rotate_left(end - place.start);
    }
}

/// Removes the member at `place`.
pub(super) fn remove(buffer: &mut impl Buffer, place: Place) {
    let len = Packed(buffer.bytes()).len();
    buffer.splice(place.start, place.end - place.start, 0);
    set_len(buffer, len - 1);
}

/// Removes the members of the ranks `span`, which must exist.
pub(super) fn remove_span(buffer: &mut impl Buffer, span: Range<usize>) {
    let packed = Packed(buffer.bytes());
    let len = packed.len();
    let start = packed.skip(packed.items_at(), span.start);
    let end = packed.skip(start, span.len());
    buffer.splice(start, end - start, 0);
    set_len(buffer, len - span.len());
}

fn set_len(buffer: &mut impl Buffer, len: usize) {
    let old_bytes = varint::read(buffer.bytes()).1;
    if varint::size(len) != old_bytes {
        buffer.splice(0, old_bytes, varint::size(len));
    }
    varint::write(len, buffer.bytes_mut());
}

#[inline]
fn precedes(score: f64, member: &[u8], other_score: f64, other: &[u8]) -> bool {
    score < other_score || (score == other_score && member < other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_score(score: f64, expected_len: usize) {
        let mut bytes = [0; SCORE_BYTES_MAX];
        assert_eq!(write_score(score, &mut bytes), expected_len, "{score}");
        assert_eq!(score_len(bytes[0]), expected_len, "{score}");
        assert_eq!(read_score(&bytes).to_bits(), score.to_bits(), "{score}");
    }

    #[test]
    fn scores_read_back_bit_for_bit_in_few_bytes() {
        check_score(0.0, 1);
        check_score(127.0, 1);
        check_score(128.0, 2);
        check_score(16_383.0, 2);
        check_score(16_384.0, 3);
        check_score(-1.0, 2);
        check_score(-128.0, 2);
        check_score(-129.0, 3);
        check_score(1_700_000_000.0, 5);
        check_score(1_700_000_000_000.0, 7);
        check_score(9_007_199_254_740_992.0, 8);
        check_score(-9_007_199_254_740_992.0, 8);
        for other in [0.1, -3.5, 1e300, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, 2e16] {
            check_score(other, 9);
        }
        for power in 0..53 {
            for step in [-1, 0, 1] {
                for sign in [-1, 1] {
                    let score = (sign * ((1i64 << power) + step)) as f64;
                    let mut bytes = [0; SCORE_BYTES_MAX];
                    write_score(score, &mut bytes);
                    assert_eq!(read_score(&bytes), score);
                }
            }
        }
    }

    #[test]
    fn a_count_that_needs_another_byte_moves_the_members() {
        let mut bytes = EMPTY.to_vec();
        for number in 0..200u32 {
            insert(&mut bytes, &number.to_be_bytes(), f64::from(number / 3));
            assert_eq!(Packed(&bytes).len(), number as usize + 1);
        }
        remove_span(&mut bytes, 50..150);
        let left: Vec<u32> = Packed(&bytes)
            .range(0, usize::MAX, false)
            .map(|(member, _)| u32::from_be_bytes(member.try_into().unwrap()))
            .collect();
        assert_eq!(left, (0..50).chain(150..200).collect::<Vec<u32>>());
    }
}
