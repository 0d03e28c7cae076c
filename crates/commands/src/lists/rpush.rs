//! RPUSH: adds elements at the tail of a list.

use values::list::End;

use super::push::{Args, push};
use crate::prelude::*;

command! {
    name: "rpush",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements to add.",
    summary: "Appends one or more elements to a list. Creates the key if it doesn't exist.",
    handler: Write(rpush),
    flags: [DenyOom, Fast],
    examples: r#"
        > RPUSH letters a b
        (integer) 2
        > RPUSH letters c
        (integer) 3
        > LRANGE letters 0 -1
        1) "a"
        2) "b"
        3) "c"
    "#,
}

fn rpush(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    push(txn, &args, End::Back, reply)
}
