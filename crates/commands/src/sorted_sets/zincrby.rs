//! ZINCRBY: adds to the score of a member.

use super::addition::{Conditions, add};

use crate::prelude::*;

command! {
    name: "zincrby",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(log(N)) where N is the number of elements in the sorted set.",
    summary: "Increments the score of a member in a sorted set.",
    handler: Write(run),
    flags: [DenyOom, Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZINCRBY board 2.5 ann
        "3.5"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    increment: f64,
    member: &'a [u8],
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("zincr");
    let mut set = txn.zset_or_new(&args.key)?;
    let added = add(&mut set, args.member, args.increment, Conditions::default(), true)?;
    reply.double(added.score.unwrap_or_default());
    Ok(())
}
