//! GEOSEARCHSTORE: stores the members in a circle or a box.

use super::query::spec::{BY, COUNT, FROM, ORDER, flag};
use super::query::{Form, Head, Storing, Words};
use super::search::store_search;
use crate::prelude::*;

command! {
    name: "geosearchstore",
    group: Geo,
    since: "6.2.0",
    complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
    summary: "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.",
    handler: Write(geosearchstore),
    flags: [DenyOom],
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOSEARCHSTORE near Sicily FROMLONLAT 15 37 BYRADIUS 100 km
        (integer) 1
        > GEOHASH near Catania
        1) "sqdtr74hyu0"
        > GEOSEARCHSTORE near Sicily FROMLONLAT 0 0 BYBOX 1 1 m STOREDIST
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    destination: Key<'a>,
    #[arg(access = "RO ACCESS")]
    source: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Area>,
}

/// The words of GEOSEARCHSTORE.
enum Area {}

impl Form for Area {
    const HEAD: Head = Head::Options;
    const STORING: Storing = Storing::Always;
    const PARTS: &'static [Spec] = &[FROM, BY, ORDER, COUNT, flag("storedist", "STOREDIST")];
}

fn geosearchstore(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    store_search(txn, &args.destination, &args.source, &args.words, reply)
}
