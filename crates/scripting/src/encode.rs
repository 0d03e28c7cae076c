//! What a script returns, as a reply.

use resp::{Reply, Version};

use crate::stack::{Kind, Own, Stack, without_panic};
use crate::vm::{Returned, Shared};

/// How deep what is returned may be nested.
const DEPTH_MAX: usize = 500;

/// Values that are on the stack at once while a table is encoded, beside those within it.
const SLOTS: i32 = 6;

/// Writes the last value of `stack` to `reply`, which speaks the client's version of the protocol.
pub(crate) fn encode(shared: &Shared, stack: &mut Stack, reply: &mut Reply) -> Returned {
    let version = shared.reply.borrow().version();
    let mut encoder = Encoder { shared, version, stack, reply };
    encoder.value(0);
    if !encoder.stack.push_field(Own::Err, Kind::String) {
        return Returned::Value;
    }
    encoder.stack.pop(1);
    match encoder.stack.push_field(Own::IsCounted, Kind::Boolean) && encoder.stack.boolean(-1) {
        true => Returned::CountedError,
        false => Returned::Error,
    }
}

struct Encoder<'a> {
    shared: &'a Shared,
    /// The version in which the script has spoken with the server.
    version: Version,
    stack: &'a mut Stack,
    reply: &'a mut Reply,
}

impl Encoder<'_> {
    /// Writes something that is made of the last value.
    fn write(&mut self, write: impl FnOnce(&mut Reply, &Stack)) {
        without_panic(self.shared, || write(self.reply, self.stack));
    }

    /// Writes the last value.
    fn value(&mut self, depth: usize) {
        if self.reply.give_up_if_too_long() {
            return;
        }
        match self.stack.kind(-1) {
            Kind::String => self.write(|reply, stack| reply.bulk(stack.bytes(-1))),
            Kind::Boolean if self.version == Version::Resp3 => {
                self.write(|reply, stack| reply.boolean(stack.boolean(-1)));
            }
            Kind::Boolean if self.stack.boolean(-1) => self.write(|reply, _| reply.integer(1)),
            Kind::Number => self.write(|reply, stack| reply.integer(stack.number(-1) as i64)),
            Kind::Table if depth >= DEPTH_MAX => {
                self.write(|reply, _| reply.error("ERR reached lua stack limit"));
            }
            Kind::Table => self.table(depth),
            _ => self.write(|reply, _| reply.null()),
        }
    }

    /// A table is what its fields say, or else an array.
    fn table(&mut self, depth: usize) {
        self.stack.reserve(SLOTS);
        if self.stack.push_field(Own::Err, Kind::String) {
            self.write(|reply, stack| reply.error(until_nul(stack.bytes(-1))));
            return self.stack.pop(1);
        }
        if self.stack.push_field(Own::Ok, Kind::String) {
            self.write(|reply, stack| reply.simple(until_nul(stack.bytes(-1))));
            return self.stack.pop(1);
        }
        if self.stack.push_field(Own::Double, Kind::Number) {
            self.write(|reply, stack| reply.double(stack.number(-1)));
            return self.stack.pop(1);
        }
        if self.stack.push_field(Own::BigNumber, Kind::String) {
            self.write(|reply, stack| reply.big_number(&String::from_utf8_lossy(stack.bytes(-1))));
            return self.stack.pop(1);
        }
        if self.stack.push_field(Own::Verbatim, Kind::Table) {
            let is_written = self.verbatim();
            self.stack.pop(1);
            if is_written {
                return;
            }
        }
        if self.stack.push_field(Own::Map, Kind::Table) {
            let mark = self.reply.begin();
            let len = self.pairs(depth, true);
            self.write(|reply, _| reply.end_map(mark, len));
            return self.stack.pop(1);
        }
        if self.stack.push_field(Own::Set, Kind::Table) {
            let mark = self.reply.begin();
            let len = self.pairs(depth, false);
            self.write(|reply, _| reply.end_set(mark, len));
            return self.stack.pop(1);
        }
        self.array(depth);
    }

    /// Writes the last value if it is a table that describes a verbatim string, and says whether it is.
    fn verbatim(&mut self) -> bool {
        if !self.stack.push_field(Own::Format, Kind::String) {
            return false;
        }
        self.stack.push_copy(-2);
        let is_written = self.stack.push_field(Own::String, Kind::String);
        if is_written {
            self.write(|reply, stack| {
                let format: String = stack
                    .bytes(-3)
                    .iter()
                    .filter(|byte| byte.is_ascii())
                    .map(|byte| char::from(*byte))
                    .collect();
                reply.verbatim(&format!("{format:<3.3}"), stack.bytes(-1));
            });
            self.stack.pop(1);
        }
        self.stack.pop(2);
        is_written
    }

    /// Writes the keys of the last value, a table, and behind each its value if `with_values`. Returns how many keys
    /// there are.
    fn pairs(&mut self, depth: usize, with_values: bool) -> usize {
        let mut len = 0;
        self.stack.push_nil();
        while self.stack.next() {
            self.stack.push_copy(-2);
            self.value(depth + 1);
            self.stack.pop(1);
            if with_values {
                self.value(depth + 1);
            }
            self.stack.pop(1);
            len += 1;
        }
        len
    }

    /// Elements from 1 up to the first that is missing.
    fn array(&mut self, depth: usize) {
        let mark = self.reply.begin();
        let mut len = 0;
        while self.stack.push_element(len + 1) != Kind::Nil && !self.reply.is_given_up() {
            self.value(depth + 1);
            self.stack.pop(1);
            len += 1;
        }
        self.stack.pop(1);
        self.write(|reply, _| reply.end_array(mark, len));
    }
}

/// A status and an error end where a text of C does, as in Redis.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
