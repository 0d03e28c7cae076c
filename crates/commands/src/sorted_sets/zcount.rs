//! ZCOUNT: how many members are within a range.

use super::bound::{Score, scores};

use crate::prelude::*;

command! {
    name: "zcount",
    group: SortedSet,
    since: "2.0.0",
    complexity: "O(log(N)) with N being the number of elements in the sorted set.",
    summary: "Returns the count of members in a sorted set that have scores within a range.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZCOUNT board (1 3
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    min: Score,
    max: Score,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let range = scores(args.min, args.max);
    reply.integer(view.zset(&args.key)?.map_or(0, |set| set.score_span(&range).len()) as i64);
    Ok(())
}
