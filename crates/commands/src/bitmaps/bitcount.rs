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
        > BITCOUNT word 5 30 BIT
        (integer) 17
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    range: Rest<'a, Option<Range<'a>>>,
}

struct Range<'a> {
    start: i64,
    end: i64,
    unit: Option<Later<'a, Unit>>,
}

impl<'a> Parse<'a> for Range<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::Integer).named("start"),
        Spec::of(Kind::Integer).named("end"),
        Option::<Unit>::SPEC.named("unit"),
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if !(2..=3).contains(&parser.remaining()) {
            return Err(Error::Syntax);
        }
        let (start, end) = (i64::parse(parser)?, i64::parse(parser)?);
        let unit = if parser.remaining() > 0 { Some(Later::parse(parser)?) } else { None };
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
    let bits = match args.range.read()? {
        None => 0..8 * bytes.len(),
        // What is no range for any unit is none also for an unknown one.
        Some(Range { start, end, .. }) if is_reversed(start, end) => 0..0,
        Some(Range { start, end, unit }) => {
            let unit = unit.map_or(Ok(Unit::Byte), Later::read)?;
            let units = clamp(start, end, 8 * bytes.len() / unit.bits());
            units.start * unit.bits()..units.end * unit.bits()
        }
    };
    reply.integer(bits::count(bytes, bits) as i64);
    Ok(())
}
