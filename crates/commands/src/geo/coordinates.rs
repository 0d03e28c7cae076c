//! Longitudes and latitudes: how clients write them and how they are answered.

use base::geo::Position;
use resp::Version;

use crate::args::Kind;
use crate::prelude::*;

/// How the longitude is documented.
pub const LONGITUDE: Spec = Spec::of(Kind::Double).named("longitude");
/// How the latitude is documented.
pub const LATITUDE: Spec = Spec::of(Kind::Double).named("latitude");

/// Reads a longitude and a latitude that are within the limits.
pub fn read_position(parser: &mut Parser<'_>) -> Result<Position> {
    let position = Position { longitude: f64::parse(parser)?, latitude: f64::parse(parser)? };
    if position.is_valid() {
        return Ok(position);
    }
    let Position { longitude, latitude } = position;
    Err(Error::new(format_args!("invalid longitude,latitude pair {longitude:.6},{latitude:.6}")))
}

/// Replies with a longitude and a latitude, written without an exponent.
pub fn reply_position(position: Position, reply: &mut Reply) {
    reply.array(2);
    let mut text = Vec::with_capacity(32);
    for degrees in [position.longitude, position.latitude] {
        text.clear();
        base::number::write_human(degrees, &mut text);
        match reply.version() {
            Version::Resp2 => reply.bulk(&text),
            Version::Resp3 => {
                reply.raw(b",");
                reply.raw(&text);
                reply.raw(b"\r\n");
            }
        }
    }
}
