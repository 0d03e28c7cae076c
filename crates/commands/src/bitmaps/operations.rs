//! What BITFIELD and BITFIELD_RO are asked to do.

use values::limits::Limits;
use values::string::{Digits, StringRef};

use super::field::{FieldType, Overflow};
use super::offset::BitOffset;
use crate::args::Kind;
use crate::prelude::*;

/// What is done with a field.
#[derive(Clone, Copy)]
pub enum Action {
    /// Its value is told.
    Get,
    /// It is set, and its value before is told.
    Set(i64, Overflow),
    /// It is added to, and the sum is told.
    Add(i64, Overflow),
}

/// One step of a BITFIELD.
#[derive(Clone, Copy)]
pub struct Operation {
    field: FieldType,
    offset: usize,
    action: Action,
}

impl Operation {
    /// Tells the field's value, of a string that has these bytes.
    fn get(&self, bytes: &[u8], reply: &mut Reply) {
        reply.integer(self.field.read(bytes, self.offset));
    }

    /// Does it and says whether a value has changed.
    fn run(&self, bytes: &mut [u8], reply: &mut Reply) -> bool {
        let old = self.field.read(bytes, self.offset);
        let (new, told) = match self.action {
            Action::Get => (Some(old), Some(old)),
            Action::Set(value, overflow) => {
                let new = self.field.set(value, overflow);
                (new, new.map(|_| old))
            }
            Action::Add(increment, overflow) => {
                let new = self.field.add(old, increment, overflow);
                (new, new)
            }
        };
        match told {
            Some(value) => reply.integer(value),
            None => reply.null(),
        }
        match new {
            Some(new) if new != old => {
                self.field.write(bytes, self.offset, new);
                true
            }
            _ => false,
        }
    }
}

/// All steps of a BITFIELD.
pub struct Operations(Vec<Operation>);

/// The words that stand for [`Operations`]: whether an offset is too large is found out before what follows it is
/// looked at, and depends on the limits.
pub struct OperationWords<'a>(Parser<'a>);

impl Operations {
    /// How long a string must be for what is written to it; `None` when nothing is.
    pub fn bytes_written(&self) -> Option<usize> {
        let writes = self.0.iter().filter(|operation| !matches!(operation.action, Action::Get));
        writes.map(|operation| (operation.offset + operation.field.bits as usize).div_ceil(8)).max()
    }

    /// Tells the values of all fields.
    pub fn get(&self, string: Option<StringRef<'_>>, reply: &mut Reply) {
        let mut digits = Digits::new();
        let bytes = string.map_or(&b""[..], |string| string.bytes(&mut digits));
        reply.array(self.0.len());
        self.0.iter().for_each(|operation| operation.get(bytes, reply));
    }

    /// Does all and says whether anything has changed. The string has as many bytes as are written.
    pub fn run(&self, bytes: &mut [u8], reply: &mut Reply) -> bool {
        reply.array(self.0.len());
        self.0.iter().filter(|operation| operation.run(bytes, reply)).count() > 0
    }
}

const ENCODING: Spec = Spec::of(Kind::String).named("encoding");
const OFFSET: Spec = Spec::of(Kind::Integer).named("offset");

/// What GET takes.
pub const GET: Spec = Spec::block(&[ENCODING, OFFSET]).with_token("GET").named("get-block");

impl<'a> Parse<'a> for OperationWords<'a> {
    const SPEC: Spec = Spec {
        multiple: true,
        optional: true,
        ..Spec::one_of(&[
            GET,
            Spec::block(&[
                Spec {
                    optional: true,
                    ..Spec::one_of(&[
                        Spec::TOKEN.with_token("WRAP").named("wrap"),
                        Spec::TOKEN.with_token("SAT").named("sat"),
                        Spec::TOKEN.with_token("FAIL").named("fail"),
                    ])
                    .with_token("OVERFLOW")
                    .named("overflow-block")
                },
                Spec::one_of(&[
                    Spec::block(&[ENCODING, OFFSET, Spec::of(Kind::Integer).named("value")])
                        .with_token("SET")
                        .named("set-block"),
                    Spec::block(&[ENCODING, OFFSET, Spec::of(Kind::Integer).named("increment")])
                        .with_token("INCRBY")
                        .named("incrby-block"),
                ])
                .named("write-operation"),
            ])
            .named("write"),
        ])
    };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(OperationWords(parser.rest()))
    }
}

impl OperationWords<'_> {
    /// Reads them.
    pub fn read(self, limits: &Limits) -> Result<Operations> {
        let OperationWords(mut parser) = self;
        let mut operations = Vec::new();
        let mut overflow = Overflow::Wrap;
        while parser.remaining() > 0 {
            let word = parser.next()?;
            let is = |name: &str, words: usize| {
                word.eq_ignore_ascii_case(name.as_bytes()) && parser.remaining() >= words
            };
            if is("overflow", 1) {
                overflow = parse_overflow(parser.next()?)?;
                continue;
            }
            let change: Option<fn(i64, Overflow) -> Action> = if is("get", 2) {
                None
            } else if is("set", 3) {
                Some(Action::Set)
            } else if is("incrby", 3) {
                Some(Action::Add)
            } else {
                return Err(Error::Syntax);
            };
            let field = parse_type(parser.next()?)?;
            let offset = BitOffset::read(parser.next()?, Some(field.bits))?.within(limits)?;
            let action = match change {
                None => Action::Get,
                Some(change) => change(i64::parse(&mut parser)?, overflow),
            };
            operations.push(Operation { field, offset, action });
        }
        Ok(Operations(operations))
    }
}

fn parse_overflow(word: &[u8]) -> Result<Overflow> {
    const UNKNOWN: Error = Error::fixed("ERR Invalid OVERFLOW type specified");
    match word.to_ascii_lowercase().as_slice() {
        b"wrap" => Ok(Overflow::Wrap),
        b"sat" => Ok(Overflow::Saturate),
        b"fail" => Ok(Overflow::Fail),
        _ => Err(UNKNOWN),
    }
}

/// A type such as `i16` or `u8`.
fn parse_type(word: &[u8]) -> Result<FieldType> {
    const INVALID: Error = Error::fixed(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    );
    let (is_signed, digits, bits_max) = match word {
        [b'i', digits @ ..] => (true, digits, 64),
        [b'u', digits @ ..] => (false, digits, 63),
        _ => return Err(INVALID),
    };
    match base::number::parse_i64(digits) {
        Some(bits) if (1..=bits_max).contains(&bits) => Ok(FieldType { is_signed, bits: bits as u32 }),
        _ => Err(INVALID),
    }
}
