//! BLPOP: takes the first element off a list, or waits for one.

use values::list::End;

use super::pop::{BlockingArgs as Args, pop_or_wait};
use crate::prelude::*;

command! {
    name: "blpop",
    group: List,
    since: "2.0.0",
    complexity: "O(N) where N is the number of provided keys.",
    summary: "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
    handler: Blocking(blpop),
    examples: r#"
        > RPUSH jobs a b c d
        (integer) 4
        > BLPOP urgent jobs 0
        1) "jobs"
        2) "a"
        > BLPOP urgent 0.1
        (nil)
    "#,
}

fn blpop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    txn.call_changes("lpop");
    pop_or_wait(txn, &args, End::Front, reply)
}
