//! Integers as the text that clients send: which text stands for one, and its digits again.

use std::ops::Deref;

/// The integer that `text` is the canonical decimal form of: no sign but `-`, no leading zeros, no spaces, within
/// 64 bits. Exactly this text comes back from [`Digits::new`].
#[inline]
pub fn parse(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] => return (!negative).then_some(0),
        // 19 digits cannot overflow 64 unsigned bits.
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    let mut magnitude = 0u64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// The most bytes that an integer's text takes: a sign and 19 digits.
pub const DIGITS_MAX: usize = 20;

/// The canonical text of an integer, held inline.
#[derive(Clone, Copy)]
pub struct Digits {
    bytes: [u8; DIGITS_MAX],
    len: u8,
}

impl Digits {
    /// The text of `value`.
    pub fn new(value: i64) -> Digits {
        let mut formatted = itoa::Buffer::new();
        let text = formatted.format(value).as_bytes();
        let mut bytes = [0; DIGITS_MAX];
        bytes[..text.len()].copy_from_slice(text);
        Digits { bytes, len: text.len() as u8 }
    }
}

impl Deref for Digits {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_reads_and_comes_back() {
        for value in [0, 1, -1, 9, 10, -10, 127, 32_768, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1] {
            let text = value.to_string();
            assert_eq!(parse(text.as_bytes()), Some(value));
            assert_eq!(&*Digits::new(value), text.as_bytes());
        }
    }

    #[test]
    fn any_other_text_is_no_integer() {
        let texts: [&str; 14] = [
            "",
            "-",
            "-0",
            "+1",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1a",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "100000000000000000000",
        ];
        for text in texts {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
