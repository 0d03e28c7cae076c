//! Distances: the units that clients give and get them in.

use crate::prelude::*;

/// A unit of length.
#[derive(Clone, Copy)]
pub enum Unit {
    Metres,
    Kilometres,
    Feet,
    Miles,
}

impl Unit {
    /// How many metres it is, as Redis has it.
    pub fn metres(self) -> f64 {
        match self {
            Unit::Metres => 1.0,
            Unit::Kilometres => 1000.0,
            Unit::Feet => 0.3048,
            Unit::Miles => 1609.34,
        }
    }
}

impl<'a> Parse<'a> for Unit {
    const SPEC: Spec = Spec::one_of(&[
        Spec::TOKEN.named("m").with_token("m"),
        Spec::TOKEN.named("km").with_token("km"),
        Spec::TOKEN.named("ft").with_token("ft"),
        Spec::TOKEN.named("mi").with_token("mi"),
    ])
    .named("unit");

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const UNKNOWN: Error = Error::fixed("ERR unsupported unit provided. please use M, KM, FT, MI");
        const UNITS: [(&[u8], Unit); 4] =
            [(b"m", Unit::Metres), (b"km", Unit::Kilometres), (b"ft", Unit::Feet), (b"mi", Unit::Miles)];
        let word = parser.next()?;
        let named = |(name, _): &&(&[u8], Unit)| word.eq_ignore_ascii_case(name);
        UNITS.iter().find(named).map(|(_, unit)| *unit).ok_or(UNKNOWN)
    }
}

/// Replies with a distance, to four digits after the point.
pub fn reply_distance(distance_m: f64, unit: Unit, reply: &mut Reply) {
    let mut text = Vec::with_capacity(32);
    base::number::write_fixed(distance_m / unit.metres(), 4, &mut text);
    reply.bulk(&text);
}
