//! ZRANGE: members within a range of ranks, scores or members.

use super::selection::{By, Limit, Selection, reply_selection};

use crate::prelude::*;

command! {
    name: "zrange",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
    summary: "Returns members in a sorted set within a range of indexes.",
    handler: Read(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZRANGE board 0 -1
        1) "ann"
        2) "bob"
        3) "cat"
        > ZRANGE board (1 +inf BYSCORE LIMIT 0 1 WITHSCORES
        1) "bob"
        2) "2"
        > ZRANGE board 0 0 REV
        1) "cat"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    start: &'a [u8],
    stop: &'a [u8],
    #[arg(name = "sortby")]
    by: Option<By>,
    #[arg(token = "REV", name = "rev")]
    reverse: bool,
    #[arg(token = "LIMIT", repeats)]
    limit: Option<Limit>,
    #[arg(token = "WITHSCORES", name = "withscores")]
    with_scores: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.with_scores && args.by == Some(By::Lex) {
        return Err(Error::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
    }
    let selection = Selection::new((args.start, args.stop), args.by, args.reverse, args.limit)?;
    reply_selection(view, &args.key, &selection, args.with_scores, reply)
}
