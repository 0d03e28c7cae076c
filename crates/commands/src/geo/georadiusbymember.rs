//! GEORADIUSBYMEMBER: members around a member, given or stored.

use super::query::spec::{COUNT, MEMBER, ORDER, RADIUS, STORE, UNIT, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Form, Head, Storing, Words};
use super::search::reply_or_store;
use crate::prelude::*;

command! {
    name: "georadiusbymember",
    group: Geo,
    since: "3.2.0",
    complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
    summary: "Queries a geospatial index for members within a distance from a member, optionally stores the result.",
    handler: Write(georadiusbymember),
    flags: [DenyOom],
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEORADIUSBYMEMBER Sicily Palermo 200 km WITHDIST ASC
        1) 1) "Palermo"
           2) "0.0000"
        2) 1) "Catania"
           2) "166.2742"
        > GEORADIUSBYMEMBER Sicily Palermo 100 km STORE near
        (integer) 1
        > GEORADIUSBYMEMBER Sicily Atlantis 100 km
        (error) ERR could not decode requested zset member
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO ACCESS")]
    key: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Around>,
}

/// The words of GEORADIUSBYMEMBER.
enum Around {}

impl Form for Around {
    const HEAD: Head = Head::Member;
    const STORING: Storing = Storing::ByOption;
    const PARTS: &'static [Spec] = &[MEMBER, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH, COUNT, ORDER, STORE];
}

fn georadiusbymember(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("georadiusstore");
    reply_or_store(txn, &args.key, &args.words, reply)
}
