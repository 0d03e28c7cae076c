//! Lengths inside the packed forms, in one, two or five bytes.
//!
//! | first byte | length | bytes |
//! |---|---|---|
//! | `0xxxxxxx` | 0 to 127 | 1 |
//! | `10xxxxxx` | 0 to 16,383, high bits first | 2 |
//! | `11000000` | 0 to 2^32 - 1, then four bytes big-endian | 5 |

/// How many bytes [`write`] takes for `value`.
pub const fn size(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        _ => 5,
    }
}

/// Writes `value` at the start of `out` and returns how many bytes it took.
/// Panics when `out` is shorter than that or `value` needs more than 32 bits.
#[inline]
pub fn write(value: usize, out: &mut [u8]) -> usize {
    match size(value) {
        1 => out[0] = value as u8,
        2 => {
            out[0] = 0x80 | (value >> 8) as u8;
            out[1] = value as u8;
        }
        _ => {
            let value = u32::try_from(value).expect("a length inside a packed form fits 32 bits");
            out[0] = 0xc0;
            out[1..5].copy_from_slice(&value.to_be_bytes());
        }
    }
    size(value)
}

/// Reads a value at the start of `bytes`: the value and how many bytes it took.
/// Panics when `bytes` ends within it: packed forms are ours, never a stranger's.
#[inline]
pub fn read(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        first @ 0..=0x7f => (usize::from(first), 1),
        first => read_long(first, bytes),
    }
}

#[inline(never)]
fn read_long(first: u8, bytes: &[u8]) -> (usize, usize) {
    match first {
        0x80..=0xbf => (usize::from(first & 0x3f) << 8 | usize::from(bytes[1]), 2),
        _ => (u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_reads_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 20, u32::MAX as usize] {
            let mut out = [0; 5];
            let written = write(value, &mut out);
            assert_eq!(written, size(value));
            assert_eq!(read(&out), (value, written));
        }
    }
}
