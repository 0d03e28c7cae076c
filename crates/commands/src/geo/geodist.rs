//! GEODIST: how far two members are apart.

use base::geo::Position;

use super::distance::{Unit, reply_distance};
use crate::prelude::*;

command! {
    name: "geodist",
    group: Geo,
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Returns the distance between two members of a geospatial index.",
    handler: Read(geodist),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEODIST Sicily Palermo Catania
        "166274.1516"
        > GEODIST Sicily Palermo Catania mi
        "103.3182"
        > GEODIST Sicily Palermo Atlantis
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    member1: &'a [u8],
    member2: &'a [u8],
    unit: LastUnit,
}

/// A unit as the last word, or metres.
struct LastUnit(Unit);

impl<'a> Parse<'a> for LastUnit {
    const SPEC: Spec = Spec { optional: true, ..Unit::SPEC };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        match parser.remaining() {
            0 => Ok(LastUnit(Unit::Metres)),
            1 => Unit::parse(parser).map(LastUnit),
            _ => Err(Error::Syntax),
        }
    }
}

fn geodist(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let zset = view.zset(&args.key)?;
    let position = |member| Some(Position::from_score(zset?.score(member)?));
    match (position(args.member1), position(args.member2)) {
        (Some(first), Some(second)) => reply_distance(first.distance_m(second), args.unit.0, reply),
        _ => reply.null(),
    }
    Ok(())
}
