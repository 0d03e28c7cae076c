//! GEOPOS: where members are.

use base::geo::Position;

use super::coordinates::reply_position;
use crate::prelude::*;

command! {
    name: "geopos",
    group: Geo,
    since: "3.2.0",
    complexity: "O(1) for each member requested.",
    summary: "Returns the longitude and latitude of members from a geospatial index.",
    handler: Read(geopos),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOPOS Sicily Palermo Atlantis
        1) 1) "13.36138933897018433"
           2) "38.11555639549629859"
        2) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(name = "member")]
    members: Option<Many<&'a [u8]>>,
}

fn geopos(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let zset = view.zset(&args.key)?;
    let members = args.members.unwrap_or_default();
    reply.array(members.len());
    for member in members {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => reply_position(Position::from_score(score), reply),
            None => reply.null_array(),
        }
    }
    Ok(())
}
