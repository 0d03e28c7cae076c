//! ZLEXCOUNT: how many members are within a range.

use super::bound::{Lex, members};

use crate::prelude::*;

command! {
    name: "zlexcount",
    group: SortedSet,
    since: "2.8.9",
    complexity: "O(log(N)) with N being the number of elements in the sorted set.",
    summary: "Returns the number of members in a sorted set within a lexicographical range.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZLEXCOUNT board [b +
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    min: Lex<'a>,
    max: Lex<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let range = members(args.min, args.max);
    reply.integer(view.zset(&args.key)?.map_or(0, |set| set.lex_span(&range).len()) as i64);
    Ok(())
}
