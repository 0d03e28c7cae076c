//! Strings: bytes, or an integer in eight bytes.

use crate::buffer::Buffer;
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

/// Makes the string that `entry` holds the integer `value`; one that is an integer already is changed in place.
#[inline]
pub fn set_integer(entry: &mut Entry, value: i64) {
    let bytes = value.to_le_bytes();
    if entry.form() == Form::Integer {
        entry.buffer().bytes_mut().copy_from_slice(&bytes);
    } else {
        entry.set_value(Form::Integer, &bytes);
    }
}

/// Turns the string that `entry` holds into bytes that can be edited.
pub fn make_bytes(entry: &mut Entry) {
    if let StringRef::Integer(integer) = StringRef::of(entry.as_ref()) {
        entry.set_value(Form::EditedBytes, Digits::new().format(integer).as_bytes());
    } else if entry.form() == Form::Bytes {
        entry.set_form(Form::EditedBytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &[u8], form: Form) {
        let mut scratch = [0; 8];
        let (packed_form, bytes) = pack(value, &mut scratch);
        let entry = Entry::new(b"key", packed_form, bytes);
        let string = StringRef::of(entry.as_ref());
        assert_eq!(packed_form, form);
        assert_eq!(string.to_vec(), value);
        assert_eq!(string.len(), value.len());
        assert_eq!(string.is_empty(), value.is_empty());
    }

    #[test]
    fn what_reads_as_an_integer_is_held_as_one() {
        for value in ["0", "7", "-1", "9223372036854775807", "-9223372036854775808"] {
            check(value.as_bytes(), Form::Integer);
        }
        for value in ["", "-", "-0", "01", "+1", "1 ", "1.0", "9223372036854775808", "text"] {
            check(value.as_bytes(), Form::Bytes);
        }
    }

    #[test]
    fn an_integer_is_changed_in_place_and_edited_as_digits() {
        let mut entry = Entry::new(b"key", Form::Bytes, b"41 and more text than an integer takes");
        set_integer(&mut entry, 41);
        assert_eq!(entry.form(), Form::Integer);
        let before = entry.value().as_ptr();
        set_integer(&mut entry, -42);
        assert_eq!(entry.value().as_ptr(), before);
        assert_eq!(StringRef::of(entry.as_ref()), StringRef::Integer(-42));
        make_bytes(&mut entry);
        assert_eq!((entry.form(), entry.value()), (Form::EditedBytes, &b"-42"[..]));
    }
}
