//! ZREMRANGEBYRANK: removes the members within a range.

use super::selection::ranks;

use crate::prelude::*;

command! {
    name: "zremrangebyrank",
    group: SortedSet,
    since: "2.0.0",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
    summary: "Removes members in a sorted set within a range of indexes.",
    handler: Write(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZREMRANGEBYRANK board 1 -1
        (integer) 2
        > ZRANGE board 0 -1
        1) "ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    start: i64,
    stop: i64,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = match txn.zset_mut(&args.key)? {
        Some(mut set) => {
            let span = ranks(args.start, args.stop, set.read().len());
            set.remove_span(span)
        }
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
