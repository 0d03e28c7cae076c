//! GEOSEARCH: members in a circle or a box.

use super::query::spec::{BY, COUNT, FROM, ORDER, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Form, Head, Storing, Words};
use super::search::reply_search;
use crate::prelude::*;

command! {
    name: "geosearch",
    group: Geo,
    since: "6.2.0",
    complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
    summary: "Queries a geospatial index for members inside an area of a box or a circle.",
    handler: Read(geosearch),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOADD Sicily 12.758489 38.788135 edge1 17.24151 38.788135 edge2
        (integer) 2
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC
        1) "Catania"
        2) "Palermo"
        > GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST COUNT 3
        1) 1) "Catania"
           2) "56.4413"
        2) 1) "Palermo"
           2) "190.4424"
        3) 1) "edge2"
           2) "279.7403"
        > GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 1 mi
        1) "Palermo"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {

    key: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Area>,
}

/// The words of GEOSEARCH.
enum Area {}

impl Form for Area {
    const HEAD: Head = Head::Options;
    const STORING: Storing = Storing::Never;
    const PARTS: &'static [Spec] = &[FROM, BY, ORDER, COUNT, WITHCOORD, WITHDIST, WITHHASH];
}

fn geosearch(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_search(view, &args.key, &args.words, reply)
}
