//! LMPOP: takes elements off the first of several lists that is there.

use super::pop::{ManyArgs as Args, pop_from_first};
use crate::prelude::*;

command! {
    name: "lmpop",
    group: List,
    since: "7.0.0",
    complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
    summary: "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
    handler: Write(lmpop),
    examples: r#"
        > RPUSH jobs a b c
        (integer) 3
        > LMPOP 2 urgent jobs LEFT
        1) "jobs"
        2) 1) "a"
        > LMPOP 2 urgent jobs RIGHT COUNT 10
        1) "jobs"
        2) 1) "c"
           2) "b"
        > LMPOP 2 urgent jobs LEFT
        (nil)
    "#,
}

fn lmpop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    pop_from_first(txn, &args, reply).map(|_| ())
}
