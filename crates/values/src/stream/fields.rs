//! The fields and values of an entry, as bytes.
//!
//! An item is bytes or, where these are the canonical writing of an integer, the integer:
//!
//! | first byte | what follows |
//! |---|---|
//! | `0xxxxxxx` | so many bytes, 0 to 127 |
//! | `10xxxxxx` | one byte, the lower half of the length, then up to 16,383 bytes |
//! | `11000000` | the length in four bytes, little-endian, then the bytes |
//! | 193 to 200 | an integer in 1 to 8 bytes, little-endian, with its sign |
//! | 201 to 255 | nothing: the integer is 0 to 54 |

use base::number::parse_i64;

use crate::text::Text;

const SHORT_MAX: usize = 0x7f;
const MIDDLE: u8 = 0x80;
const MIDDLE_MAX: usize = 0x3fff;
const LONG: u8 = 0xc0;
/// The first byte of an integer is this and the number of bytes that follow.
const INTEGER: u8 = 0xc0;
/// The first byte of a small integer is this and the integer.
const SMALL: u8 = 0xc9;
const SMALL_MAX: i64 = (u8::MAX - SMALL) as i64;
/// No integer has more characters.
const INTEGER_CHARACTERS_MAX: usize = 20;

/// Appends `item`.
pub(crate) fn write_item(item: &[u8], out: &mut Vec<u8>) {
    let looks_like_one =
        item.len() <= INTEGER_CHARACTERS_MAX && matches!(item.first(), Some(b'-' | b'0'..=b'9'));
    match looks_like_one.then(|| parse_i64(item)).flatten() {
        Some(integer @ 0..=SMALL_MAX) => out.push(SMALL + integer as u8),
        Some(integer) => {
            let magnitude_bits = u64::BITS - (integer ^ integer >> 63).leading_zeros();
            let bytes = (magnitude_bits as usize + 1).div_ceil(8);
            out.push(INTEGER + bytes as u8);
            out.extend_from_slice(&integer.to_le_bytes()[..bytes]);
        }
        None => {
            match item.len() {
                len @ 0..=SHORT_MAX => out.push(len as u8),
                len @ ..=MIDDLE_MAX => out.extend([MIDDLE | (len >> 8) as u8, len as u8]),
                len => {
                    out.push(LONG);
                    let len = u32::try_from(len).expect("an entry is far below 4 GiB");
                    out.extend_from_slice(&len.to_le_bytes());
                }
            }
            out.extend_from_slice(item);
        }
    }
}

/// Takes an item from the front of `bytes`; `None` where there is none, or it is cut short.
#[inline]
pub(crate) fn read_item<'a>(bytes: &mut &'a [u8]) -> Option<Text<'a>> {
    let first = *bytes.split_off_first()?;
    let len = match first {
        0..=0x7f => usize::from(first),
        MIDDLE..LONG => usize::from(first & 0x3f) << 8 | usize::from(*bytes.split_off_first()?),
        LONG => {
            let len = bytes.split_off(..size_of::<u32>())?;
            len.iter().rev().fold(0, |len, byte| len << 8 | usize::from(*byte))
        }
        SMALL.. => return Some(Text::integer(i64::from(first - SMALL))),
        _ => return read_integer(usize::from(first - INTEGER), bytes),
    };
    bytes.split_off(..len).map(Text::Bytes)
}

fn read_integer<'a>(len: usize, bytes: &mut &'a [u8]) -> Option<Text<'a>> {
    let digits = bytes.split_off(..len)?;
    let sign = if digits.last()? & 0x80 == 0 { 0 } else { u8::MAX };
    let mut integer = [sign; size_of::<i64>()];
    integer[..len].copy_from_slice(digits);
    Some(Text::integer(i64::from_le_bytes(integer)))
}

/// The fields of an entry with their values, in the order in which they were given.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    left: usize,
    /// The names, where they stand apart from the values.
    names: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `count` fields whose names and values alternate in `bytes`.
    pub(crate) fn alternating(count: usize, bytes: &'a [u8]) -> Fields<'a> {
        Fields { left: count, names: None, rest: bytes }
    }

    /// `count` fields with the names and values that stand in a row each.
    pub(crate) fn apart(count: usize, names: &'a [u8], values: &'a [u8]) -> Fields<'a> {
        Fields { left: count, names: Some(names), rest: values }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Text<'a>, Text<'a>);

    #[inline]
    fn next(&mut self) -> Option<(Text<'a>, Text<'a>)> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => read_item(names),
            None => read_item(&mut self.rest),
        }?;
        Some((name, read_item(&mut self.rest)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_read_back_in_few_bytes_and_are_nothing_cut_short() {
        let long = vec![b'x'; MIDDLE_MAX + 1];
        for (item, size) in [
            (&b""[..], 1),
            (b"0", 1),
            (b"54", 1),
            (b"55", 2),
            (b"127", 2),
            (b"128", 3),
            (b"-1", 2),
            (b"-128", 2),
            (b"-129", 3),
            (b"32767", 3),
            (b"32768", 4),
            (b"1716500000000", 7),
            (b"9223372036854775807", 9),
            (b"-9223372036854775808", 9),
            (b"9223372036854775808", 20),
            (b"007", 4),
            (b"-0", 3),
            (b"+5", 3),
            (b"-", 2),
            (&long[..SHORT_MAX], 1 + SHORT_MAX),
            (&long[..SHORT_MAX + 1], 2 + SHORT_MAX + 1),
            (&long[..MIDDLE_MAX], 2 + MIDDLE_MAX),
            (&long, 5 + MIDDLE_MAX + 1),
        ] {
            let mut bytes = Vec::new();
            write_item(item, &mut bytes);
            assert_eq!(bytes.len(), size, "{}", item.escape_ascii());
            let mut rest = &bytes[..];
            assert_eq!(read_item(&mut rest).as_deref(), Some(item));
            assert!(rest.is_empty());
            for end in 0..size.min(30) {
                assert!(read_item(&mut &bytes[..end]).is_none());
            }
        }
    }
}
