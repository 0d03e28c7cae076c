//! Strings: bytes, or an integer in eight bytes.

use crate::entry::{Entry, EntryRef, Form};

/// Digits of any 64-bit integer.
pub type Digits = itoa::Buffer;

/// A string, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringRef<'a> {
    /// Bytes as they were set.
    Bytes(&'a [u8]),
    /// An integer.
    Integer(i64),
}

impl<'a> StringRef<'a> {
    /// The string that `entry` holds; it must be one.
    #[inline]
    pub fn of(entry: EntryRef<'a>) -> StringRef<'a> {
        match (entry.form(), entry.value()) {
            (Form::Integer, value) => {
                StringRef::Integer(i64::from_le_bytes(value.try_into().expect("an integer takes 8 bytes")))
            }
            (_, value) => StringRef::Bytes(value),
        }
    }

    /// Its bytes; an integer's digits are written to `digits`.
    #[inline]
    pub fn bytes<'b>(self, digits: &'b mut Digits) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            StringRef::Bytes(bytes) => bytes,
            StringRef::Integer(integer) => digits.format(integer).as_bytes(),
        }
    }

    /// How many bytes it has.
    pub fn len(self) -> usize {
        self.bytes(&mut Digits::new()).len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(self) -> bool {
        self == StringRef::Bytes(b"")
    }

    /// The integer that it reads as, if it is one within 64 bits.
    pub fn integer(self) -> Option<i64> {
        match self {
            StringRef::Bytes(bytes) => base::number::parse_i64(bytes),
            StringRef::Integer(integer) => Some(integer),
        }
    }

    /// A copy of its bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut Digits::new()).to_vec()
    }
}

/// The form that `value` is held in and the bytes to hold, for which an integer uses `scratch`.
#[inline]
pub fn pack<'a>(value: &'a [u8], scratch: &'a mut [u8; 8]) -> (Form, &'a [u8]) {
    /// No 64-bit integer has more digits.
    const DIGITS_MAX: usize = 20;
    let starts_as_integer = matches!(value.first(), Some(b'0'..=b'9' | b'-'));
    if starts_as_integer
        && value.len() <= DIGITS_MAX
        && let Some(integer) = base::number::parse_i64(value)
    {
        *scratch = integer.to_le_bytes();
        return (Form::Integer, scratch);
    }
    (Form::Bytes, value)
}

/// Turns the string that `entry` holds into bytes that can be edited.
pub fn make_bytes(entry: &mut Entry) {
    if let StringRef::Integer(integer) = StringRef::of(entry.as_ref()) {
        entry.set_value(Form::EditedBytes, Digits::new().format(integer).as_bytes());
    } else if entry.form() == Form::Bytes {
        entry.set_form(Form::EditedBytes);
    }
}
