//! A command's reply as a script sees it: from the bytes of the protocol straight to values of Lua.

use crate::stack::{Own, Stack};

/// Pushes the value that the encoded reply `bytes` stands for.
pub(crate) fn decode(stack: &mut Stack, bytes: &[u8]) {
    Decoder { stack, bytes, at: 0 }.value();
}

/// What is left of a reply. Replies come from the server's own hand: where one ends too early, `nil` is what is missing.
struct Decoder<'s, 'a> {
    stack: &'s mut Stack,
    bytes: &'a [u8],
    at: usize,
}

/// Values that are on the stack at once while one is decoded, beside those within it.
const SLOTS: i32 = 4;

impl<'a> Decoder<'_, 'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn line(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
        self.chunk(len)
    }

    /// So many bytes and a line end.
    fn chunk(&mut self, len: usize) -> &'a [u8] {
        let rest = self.rest();
        self.at = self.at.saturating_add(len).saturating_add(2);
        rest.get(..len).unwrap_or(rest)
    }

    /// Pushes one value.
    fn value(&mut self) {
        let sigil = self.bytes.get(self.at).copied().unwrap_or(b'_');
        self.at += 1;
        let line = self.line();
        let number = || base::number::parse_i64(line).unwrap_or_default();
        match sigil {
            b'+' => self.single(Own::Ok, |decoder| decoder.stack.push_bytes(line)),
            b'-' => {
                self.stack.push_table(0, 2);
                self.field(Own::Err, |decoder| decoder.stack.push_bytes(line));
                self.field(Own::IsCounted, |decoder| decoder.stack.push_boolean(true));
            }
            b':' => self.stack.push_number(number() as f64),
            b'$' => match usize::try_from(number()) {
                Ok(len) => {
                    let chunk = self.chunk(len);
                    self.stack.push_bytes(chunk);
                }
                Err(_) => self.stack.push_boolean(false),
            },
            b'*' | b'>' => match usize::try_from(number()) {
                Ok(len) => self.array(len),
                Err(_) => self.stack.push_boolean(false),
            },
            b'%' => self.single(Own::Map, |decoder| {
                decoder.stack.push_table(0, 0);
                for _ in 0..number() {
                    decoder.value();
                    decoder.value();
                    decoder.put();
                }
            }),
            b'~' => self.single(Own::Set, |decoder| {
                decoder.stack.push_table(0, 0);
                for _ in 0..number() {
                    decoder.value();
                    decoder.stack.push_boolean(true);
                    decoder.put();
                }
            }),
            b'|' => {
                for _ in 0..2 * number() {
                    self.value();
                    self.stack.pop(1);
                }
                self.value();
            }
            b'#' => self.stack.push_boolean(line == b"t"),
            b',' => {
                let double = base::number::parse_f64(line).unwrap_or(f64::NAN);
                self.single(Own::Double, |decoder| decoder.stack.push_number(double));
            }
            b'(' => self.single(Own::BigNumber, |decoder| decoder.stack.push_bytes(line)),
            b'=' => {
                let chunk = self.chunk(usize::try_from(number()).unwrap_or(0));
                let (format, text) = (chunk.get(..3).unwrap_or_default(), chunk.get(4..).unwrap_or_default());
                self.single(Own::Verbatim, |decoder| {
                    decoder.stack.push_table(0, 2);
                    decoder.field(Own::Format, |decoder| decoder.stack.push_bytes(format));
                    decoder.field(Own::String, |decoder| decoder.stack.push_bytes(text));
                });
            }
            _ => self.stack.push_nil(),
        }
    }

    /// Pushes a table with one field, whose value `push` pushes.
    fn single(&mut self, name: Own, push: impl FnOnce(&mut Self)) {
        self.stack.reserve(SLOTS);
        self.stack.push_table(0, 1);
        self.field(name, push);
    }

    /// Gives the last table a field.
    fn field(&mut self, name: Own, push: impl FnOnce(&mut Self)) {
        self.stack.push_own(name);
        push(self);
        self.stack.set_pair();
    }

    /// Puts a key and its value into the table below, unless the key is none.
    fn put(&mut self) {
        match self.stack.kind(-2) {
            crate::stack::Kind::Nil => self.stack.pop(2),
            _ => self.stack.set_pair(),
        }
    }

    fn array(&mut self, len: usize) {
        self.stack.reserve(SLOTS);
        self.stack.push_table(len.min(self.rest().len()), 0);
        for index in 1..=len {
            self.value();
            self.stack.set_element(index);
        }
    }
}
