//! ZPOPMIN: takes out the members with the lowest scores.

use super::pop::{End, pop_count};

use crate::prelude::*;

command! {
    name: "zpopmin",
    group: SortedSet,
    since: "5.0.0",
    complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
    summary: "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZPOPMIN board
        1) "ann"
        2) "1"
        > ZCARD board
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    count: Option<Last<NonNegative>>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    pop_count(txn, &args.key, End::Min, args.count, reply)
}
