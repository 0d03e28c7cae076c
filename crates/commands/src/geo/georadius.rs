//! GEORADIUS: members around a position, given or stored.

use super::query::spec::{COUNT, LATITUDE, LONGITUDE, ORDER, RADIUS, STORE, UNIT, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Form, Head, Storing, Words};
use super::search::reply_or_store;
use crate::prelude::*;

command! {
    name: "georadius",
    group: Geo,
    since: "3.2.0",
    complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
    summary: "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.",
    handler: Write(georadius),
    flags: [DenyOom],
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEORADIUS Sicily 15 37 200 km WITHDIST WITHCOORD ASC
        1) 1) "Catania"
           2) "56.4413"
           3) 1) "15.08726745843887329"
              2) "37.50266842333162032"
        2) 1) "Palermo"
           2) "190.4424"
           3) 1) "13.36138933897018433"
              2) "38.11555639549629859"
        > GEORADIUS Sicily 15 37 200 km COUNT 1 STOREDIST near
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO ACCESS")]
    key: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Around>,
}

/// The words of GEORADIUS.
enum Around {}

impl Form for Around {
    const HEAD: Head = Head::Coordinates;
    const STORING: Storing = Storing::ByOption;
    const PARTS: &'static [Spec] = &[LONGITUDE, LATITUDE, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH, COUNT, ORDER, STORE];
}

fn georadius(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("georadiusstore");
    reply_or_store(txn, &args.key, &args.words, reply)
}
