//! GEOADD: adds or moves positions.

use base::geo::Position;
use values::zset::Change;

use super::coordinates::{LATITUDE, LONGITUDE, read_position};
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "geoadd",
    group: Geo,
    since: "3.2.0",
    complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
    summary: "Adds one or more members to a geospatial index. The key is created if it doesn't exist.",
    handler: Write(geoadd),
    flags: [DenyOom],
    examples: r#"
        > GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOADD Sicily XX CH 13.4 38.1 Palermo 13.583333 37.316667 Agrigento
        (integer) 1
        > GEOADD Sicily NX 13.583333 37.316667 Agrigento
        (integer) 1
        > GEODIST Sicily Palermo Agrigento km
        "88.6080"
        > GEOADD Sicily 200 0 Nowhere
        (error) ERR invalid longitude,latitude pair 200.000000,0.000000
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    condition: Option<Condition>,
    #[arg(token = "CH", name = "change")]
    count_changed: bool,
    data: Many<Placed<'a>>,
}

#[derive(Args)]
enum Condition {
    #[arg(token = "NX")]
    Absent,
    #[arg(token = "XX")]
    Present,
}

/// A member and where it is.
struct Placed<'a> {
    position: Position,
    member: &'a [u8],
}

impl<'a> Parse<'a> for Placed<'a> {
    const SPEC: Spec = Spec::block(&[LONGITUDE, LATITUDE, Spec::of(Kind::String).named("member")]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        // Words that do not come in threes are a syntax error before any of them is read.
        if !parser.remaining().is_multiple_of(3) {
            return Err(Error::Syntax);
        }
        Ok(Placed { position: read_position(parser)?, member: parser.next()? })
    }
}

fn geoadd(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("zadd");
    let mut zset = txn.zset_or_new(&args.key)?;
    let is_creation = zset.read().is_empty();
    let (mut added, mut moved) = (0, 0);
    // Of a key that is not there, nothing can be moved.
    if !(is_creation && matches!(args.condition, Some(Condition::Present))) {
        let bytes_max = args.data.iter().map(|placed| placed.member.len()).max().unwrap_or(0);
        zset.prepare(args.data.len(), bytes_max);
        for Placed { position, member } in &args.data {
            let score = position.score().expect("the position was checked when it was read");
            let change = zset.update(member, |old| match (&args.condition, old) {
                (Some(Condition::Absent), Some(_)) | (Some(Condition::Present), None) => None,
                _ => Some(score),
            });
            match change {
                Change::Added => added += 1,
                Change::Updated => moved += 1,
                Change::Unchanged => {}
            }
        }
    }
    reply.integer(if args.count_changed { added + moved } else { added });
    Ok(())
}
