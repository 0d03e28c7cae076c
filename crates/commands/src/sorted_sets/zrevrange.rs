//! ZREVRANGE: members within a range of ranks, from the last.

use super::bound::Rank;
use super::selection::{Selection, reply_selection};

use crate::prelude::*;

command! {
    name: "zrevrange",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
    summary: "Returns members in a sorted set within a range of indexes in reverse order.",
    handler: Read(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZREVRANGE board 0 1 WITHSCORES
        1) "cat"
        2) "3"
        3) "bob"
        4) "2"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    start: Rank<'a>,
    stop: Rank<'a>,
    #[arg(token = "WITHSCORES", name = "withscores")]
    with_scores: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let selection = Selection::new((args.start.0, args.stop.0), None, true, None)?;
    reply_selection(view, &args.key, &selection, args.with_scores, reply)
}
