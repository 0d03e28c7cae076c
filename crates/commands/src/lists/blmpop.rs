//! BLMPOP: takes elements off the first of several lists that is there, or waits for one.

use super::pop::{ManyArgs, pop_from_first};
use crate::prelude::*;

command! {
    name: "blmpop",
    group: List,
    since: "7.0.0",
    complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
    summary: "Pops elements from one of multiple lists. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
    handler: Blocking(blmpop),
    examples: r#"
        > RPUSH jobs a b c
        (integer) 3
        > BLMPOP 0 2 urgent jobs LEFT COUNT 2
        1) "jobs"
        2) 1) "a"
           2) "b"
        > BLMPOP 0.1 1 urgent LEFT
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    timeout: Later<'a, Timeout>,
    lists: ManyArgs<'a>,
}

fn blmpop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    let timeout = args.timeout.read()?;
    Ok(match pop_from_first(txn, &args.lists, reply)? {
        true => Attempt::Done,
        false => Wait::for_any_key(timeout.0),
    })
}
