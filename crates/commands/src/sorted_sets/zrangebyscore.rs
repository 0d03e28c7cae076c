//! ZRANGEBYSCORE: members within a range of scores.

use super::bound::Score;
use super::selection::{Limit, Selection, reply_selection};

use crate::prelude::*;

command! {
    name: "zrangebyscore",
    group: SortedSet,
    since: "1.0.5",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
    summary: "Returns members in a sorted set within a range of scores.",
    handler: Read(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZRANGEBYSCORE board (1 +inf LIMIT 0 1 WITHSCORES
        1) "bob"
        2) "2"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    min: &'a [u8],
    max: &'a [u8],
    #[arg(token = "WITHSCORES", name = "withscores")]
    with_scores: bool,
    #[arg(token = "LIMIT", repeats)]
    limit: Option<Limit>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let selection = Selection::by_score(Score::of(args.min)?, Score::of(args.max)?, false, args.limit);
    reply_selection(view, &args.key, &selection, args.with_scores, reply)
}
