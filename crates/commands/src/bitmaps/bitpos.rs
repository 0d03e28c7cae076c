//! BITPOS: the first bit of a string that is set, or is not.

use values::string::Digits;

use super::bits;
use super::unit::Unit;
use crate::args::Kind;
use crate::prelude::*;
use crate::strings::clamp;

command! {
    name: "bitpos",
    group: Bitmap,
    since: "2.8.7",
    complexity: "O(N)",
    summary: "Finds the first set (1) or clear (0) bit in a string.",
    handler: Read(bitpos),
    examples: r#"
        > SET bits "\xff\xf0\x00"
        OK
        > BITPOS bits 0
        (integer) 12
        > BITPOS bits 1 2
        (integer) -1
        > BITPOS bits 0 13 -1 BIT
        (integer) 13
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    bit: Bit,
    range: Option<Range>,
}

struct Bit(bool);

impl<'a> Parse<'a> for Bit {
    const SPEC: Spec = Spec::of(Kind::Integer).named("bit");

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        match i64::parse(parser)? {
            0 => Ok(Bit(false)),
            1 => Ok(Bit(true)),
            _ => Err(Error::fixed("ERR The bit argument must be 1 or 0.")),
        }
    }
}

struct Range {
    start: i64,
    end: Option<i64>,
    unit: Unit,
}

impl<'a> Parse<'a> for Range {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::Integer).named("start"),
        Spec {
            optional: true,
            ..Spec::block(&[Spec::of(Kind::Integer).named("end"), Option::<Unit>::SPEC.named("unit")])
                .named("end-unit-block")
        },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() > 3 {
            return Err(Error::Syntax);
        }
        let start = i64::parse(parser)?;
        let end: Option<Later<'a, i64>> = Option::parse(parser)?;
        // A wrong unit is found out before a wrong end.
        let unit = if parser.remaining() > 0 { Unit::parse(parser)? } else { Unit::Byte };
        Ok(Range { start, end: end.map(Later::read).transpose()?, unit })
    }
}

fn bitpos(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Bit(bit) = args.bit;
    let Some(string) = view.string(&args.key)? else {
        // Nothing is zeros without end.
        reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let mut digits = Digits::new();
    let bytes = string.bytes(&mut digits);
    let range = args.range.unwrap_or(Range { start: 0, end: None, unit: Unit::Byte });
    let units = clamp(range.start, range.end.unwrap_or(-1), 8 * bytes.len() / range.unit.bits());
    let bits = units.start * range.unit.bits()..units.end * range.unit.bits();
    let position = match bits::find(bytes, bit, bits.clone()) {
        Some(position) => position as i64,
        // Where no end is given, zeros follow the string.
        None if !bit && range.end.is_none() && !bits.is_empty() => bits.end as i64,
        None => -1,
    };
    reply.integer(position);
    Ok(())
}
