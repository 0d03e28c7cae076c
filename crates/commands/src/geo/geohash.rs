//! GEOHASH: positions as other programs write them.

use base::geo::Position;

use crate::prelude::*;

command! {
    name: "geohash",
    group: Geo,
    since: "3.2.0",
    complexity: "O(1) for each member requested.",
    summary: "Returns members from a geospatial index as geohash strings.",
    handler: Read(geohash),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOHASH Sicily Palermo Catania Atlantis
        1) "sqc8b49rny0"
        2) "sqdtr74hyu0"
        3) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(name = "member")]
    members: Option<Many<&'a [u8]>>,
}

fn geohash(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let zset = view.zset(&args.key)?;
    let members = args.members.unwrap_or_default();
    reply.array(members.len());
    for member in members {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => reply.bulk(&Position::from_score(score).geohash()),
            None => reply.null(),
        }
    }
    Ok(())
}
