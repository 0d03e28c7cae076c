//! GEORADIUS_RO: members around a position.

use super::query::spec::{COUNT, LATITUDE, LONGITUDE, ORDER, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Form, Head, Storing, Words};
use super::search::reply_search;
use crate::prelude::*;

command! {
    name: "georadius_ro",
    group: Geo,
    since: "3.2.10",
    complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
    summary: "Returns members from a geospatial index that are within a distance from a coordinate.",
    handler: Read(georadius_ro),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEORADIUS_RO Sicily 15 37 100 km
        1) "Catania"
        > GEORADIUS_RO Sicily 15 37 200 km DESC
        1) "Palermo"
        2) "Catania"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {

    key: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Around>,
}

/// The words of GEORADIUS_RO.
enum Around {}

impl Form for Around {
    const HEAD: Head = Head::Coordinates;
    const STORING: Storing = Storing::Never;
    const PARTS: &'static [Spec] = &[LONGITUDE, LATITUDE, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH, COUNT, ORDER];
}

fn georadius_ro(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_search(view, &args.key, &args.words, reply)
}
