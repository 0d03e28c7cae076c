//! ZRANGEBYLEX: members within a range of members.

use super::bound::Lex;
use super::selection::{Limit, Selection, reply_selection};

use crate::prelude::*;

command! {
    name: "zrangebylex",
    group: SortedSet,
    since: "2.8.9",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
    summary: "Returns members in a sorted set within a lexicographical range.",
    handler: Read(run),
    examples: r#"
        > ZADD names 0 a 0 b 0 c
        (integer) 3
        > ZRANGEBYLEX names [b +
        1) "b"
        2) "c"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    min: &'a [u8],
    max: &'a [u8],
    #[arg(token = "LIMIT", repeats)]
    limit: Option<Limit>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let selection = Selection::by_lex(Lex::of(args.min)?, Lex::of(args.max)?, false, args.limit);
    reply_selection(view, &args.key, &selection, false, reply)
}
