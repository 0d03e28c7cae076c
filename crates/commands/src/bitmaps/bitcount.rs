//! BITCOUNT: how many bits of a string are set.

use values::string::Digits;

use super::bits;
use super::unit::Unit;
use crate::args::Kind;
use crate::prelude::*;
use crate::strings::{clamp, is_reversed};

command! {
    name: "bitcount",
    group: Bitmap,
    since: "2.6.0",
    complexity: "O(N)",
    summary: "Counts the number of set bits (population counting) in a string.",
    handler: Read(bitcount),
    examples: r#"
        > SET word foobar
        OK
        > BITCOUNT word
        (integer) 26
        > BITCOUNT word 1 1
        (integer) 6
        > BITCOUNT word 4
        (integer) 7
        > BITCOUNT word 5 30 BIT
        (integer) 17
        > BITCOUNT nothing 0 1 BYTES
        (error) ERR syntax error
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    range: Option<Range>,
}

struct Range {
    start: i64,
    end: i64,
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
        // Without an end, as Valkey 8 has it.
        let end = if parser.remaining() > 0 { i64::parse(parser)? } else { -1 };
        let unit = if parser.remaining() > 0 { Unit::parse(parser)? } else { Unit::Byte };
        Ok(Range { start, end, unit })
    }
}

fn bitcount(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(string) = view.string(&args.key)? else {
        reply.integer(0);
        return Ok(());
    };
    let mut digits = Digits::new();
    let bytes = string.bytes(&mut digits);
    let bits = match args.range {
        None => 0..8 * bytes.len(),
        Some(Range { start, end, .. }) if is_reversed(start, end) => 0..0,
        Some(Range { start, end, unit }) => {
            let units = clamp(start, end, 8 * bytes.len() / unit.bits());
            units.start * unit.bits()..units.end * unit.bits()
        }
    };
    reply.integer(bits::count(bytes, bits) as i64);
    Ok(())
}
