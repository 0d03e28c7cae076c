//! GEORADIUSBYMEMBER_RO: members around a member.

use super::query::spec::{COUNT, MEMBER, ORDER, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH};
use super::query::{Form, Head, Storing, Words};
use super::search::reply_search;
use crate::prelude::*;

command! {
    name: "georadiusbymember_ro",
    group: Geo,
    since: "3.2.10",
    complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
    summary: "Returns members from a geospatial index that are within a distance from a member.",
    handler: Read(georadiusbymember_ro),
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEORADIUSBYMEMBER_RO Sicily Palermo 100 km WITHHASH
        1) 1) "Palermo"
           2) (integer) 3479099956230698
    "#,
}

#[derive(Args)]
pub struct Args<'a> {

    key: Key<'a>,
    #[arg(name = "")]
    words: Words<'a, Around>,
}

/// The words of GEORADIUSBYMEMBER_RO.
enum Around {}

impl Form for Around {
    const HEAD: Head = Head::Member;
    const STORING: Storing = Storing::Never;
    const PARTS: &'static [Spec] = &[MEMBER, RADIUS, UNIT, WITHCOORD, WITHDIST, WITHHASH, COUNT, ORDER];
}

fn georadiusbymember_ro(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_search(view, &args.key, &args.words, reply)
}
