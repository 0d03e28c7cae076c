//! What a collection gives out that holds integers as numbers: the bytes, or the number that they spell.

use std::ops::Deref;

/// Bytes out of a collection, or the digits of an integer in it.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// As they lie in the collection.
    Bytes(&'a [u8]),
    /// The text of an integer.
    Digits(Digits),
}

impl Text<'_> {
    pub(crate) fn integer(value: i64) -> Self {
        Text::Digits(Digits::new(value))
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Text::Bytes(bytes) => bytes,
            Text::Digits(digits) => digits,
        }
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// A sign and 19 digits.
const DIGITS_MAX: usize = "-9223372036854775808".len();

/// The text of an integer, held inline.
#[derive(Clone, Copy)]
pub struct Digits {
    bytes: [u8; DIGITS_MAX],
    len: u8,
}

impl Digits {
    pub(crate) fn new(value: i64) -> Digits {
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
    fn digits_are_those_of_the_integer() {
        for value in [0, 7, -7, 32_768, i64::MAX, i64::MIN] {
            assert_eq!(*Text::integer(value), *value.to_string().as_bytes());
        }
    }
}
