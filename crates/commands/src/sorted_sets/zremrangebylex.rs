//! ZREMRANGEBYLEX: removes the members within a range.

use super::bound::{Lex, members};

use crate::prelude::*;

command! {
    name: "zremrangebylex",
    group: SortedSet,
    since: "2.8.9",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
    summary: "Removes members in a sorted set within a lexicographical range.",
    handler: Write(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZREMRANGEBYLEX board [b +
        (integer) 2
        > ZRANGE board 0 -1
        1) "ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    min: Lex<'a>,
    max: Lex<'a>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = match txn.zset_mut(&args.key)? {
        Some(mut set) => {
            let span = set.read().lex_span(&members(args.min, args.max));
            set.remove_span(span)
        }
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
