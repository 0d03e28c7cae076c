//! What a set gives out, whether it holds the bytes or the number that they spell.

use std::ops::Deref;

/// A member: bytes out of the set, or the digits of an integer in it.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    /// As it lies in the set.
    Bytes(&'a [u8]),
    /// The text of an integer.
    Digits(Digits),
}

impl Member<'_> {
    pub(super) fn integer(value: i64) -> Self {
        Member::Digits(Digits::new(value))
    }
}

impl Deref for Member<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Member::Bytes(bytes) => bytes,
            Member::Digits(digits) => digits,
        }
    }
}

impl AsRef<[u8]> for Member<'_> {
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
    pub(super) fn new(value: i64) -> Digits {
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
            assert_eq!(*Member::integer(value), *value.to_string().as_bytes());
        }
    }
}
