//! BZMPOP: ZMPOP, or waits.

use super::pop::{End, PopCount, pop_some};

use crate::prelude::*;

command! {
    name: "bzmpop",
    group: SortedSet,
    since: "7.0.0",
    complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
    summary: "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.",
    handler: Blocking(run),
    flags: [],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > BZMPOP 1 2 empty board MIN
        1) "board"
        2) 1) 1) "ann"
              2) "1"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    timeout: Later<'a, Timeout>,
    #[arg(name = "key", access = "RW ACCESS DELETE")]
    keys: CountedKeys<'a>,
    #[arg(name = "where")]
    end: End,
    #[arg(token = "COUNT")]
    count: Option<PopCount>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    let timeout = args.timeout.read()?;
    let count = args.count.map_or(1, |count| count.0);
    if pop_some(txn, &args.keys.0, args.end, count, reply)? {
        return Ok(Attempt::Done);
    }
    reply.null_array();
    Ok(Wait::for_any_key(timeout.0))
}
