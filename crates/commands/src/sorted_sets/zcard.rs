//! ZCARD: how many members there are.

use crate::prelude::*;

command! {
    name: "zcard",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Returns the number of members in a sorted set.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZCARD board
        (integer) 3
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(view.zset(&args.key)?.map_or(0, |set| set.len()) as i64);
    Ok(())
}
