//! Where a bit is, and which of the two it is.

use values::limits::Limits;

use crate::args::Kind;
use crate::prelude::*;

const NOT_AN_OFFSET: Error = Error::fixed("ERR bit offset is not an integer or out of range");

/// The number of a bit in a string, from 0.
#[derive(Clone, Copy)]
pub struct BitOffset(usize);

impl BitOffset {
    /// The offset in `word`; after a `#` it is counted in fields of so many bits, where there are such.
    pub fn read(word: &[u8], field_bits: Option<u32>) -> Result<BitOffset> {
        let (digits, unit) = match (word.strip_prefix(b"#"), field_bits) {
            (Some(digits), Some(bits)) => (digits, i64::from(bits)),
            _ => (word, 1),
        };
        let offset = base::number::parse_i64(digits).and_then(|count| count.checked_mul(unit));
        offset.and_then(|offset| usize::try_from(offset).ok()).map(BitOffset).ok_or(NOT_AN_OFFSET)
    }

    /// The offset, if a string may be so long that it has this bit.
    pub fn within(self, limits: &Limits) -> Result<usize> {
        if self.0 / 8 < limits.string_bytes_max { Ok(self.0) } else { Err(NOT_AN_OFFSET) }
    }
}

impl<'a> Parse<'a> for BitOffset {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        BitOffset::read(parser.next()?, None)
    }
}

/// A bit to be set to.
#[derive(Clone, Copy)]
pub struct Bit(pub bool);

impl<'a> Parse<'a> for Bit {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        match parser.next()? {
            b"0" => Ok(Bit(false)),
            b"1" => Ok(Bit(true)),
            _ => Err(Error::fixed("ERR bit is not an integer or out of range")),
        }
    }
}
