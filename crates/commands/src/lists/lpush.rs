//! LPUSH: adds elements at the head of a list.

use values::list::End;

use super::push::{Args, push};
use crate::prelude::*;

command! {
    name: "lpush",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements to add.",
    summary: "Prepends one or more elements to a list. Creates the key if it doesn't exist.",
    handler: Write(lpush),
    flags: [DenyOom, Fast],
    examples: r#"
        > LPUSH letters c b a
        (integer) 3
        > LRANGE letters 0 -1
        1) "a"
        2) "b"
        3) "c"
    "#,
}

fn lpush(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    push(txn, &args, End::Front, reply)
}
