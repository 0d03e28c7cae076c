//! BZPOPMIN: takes out the member with the lowest score, or waits for one.

use super::pop::{End, pop_one};

use crate::prelude::*;

command! {
    name: "bzpopmin",
    group: SortedSet,
    since: "5.0.0",
    complexity: "O(log(N)) with N being the number of elements in the sorted set.",
    summary: "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.",
    handler: Blocking(run),
    arity: -3,
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > BZPOPMIN empty board 1
        1) "board"
        2) "ann"
        3) "1"
        > BZPOPMIN empty 1
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RW ACCESS DELETE")]
    keys: KeysButLast<'a>,
    timeout: Timeout,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    if pop_one(txn, &args.keys.0, End::Min, reply)? {
        return Ok(Attempt::Done);
    }
    reply.null_array();
    Ok(Wait::for_any_key(args.timeout.0))
}
