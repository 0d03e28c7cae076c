//! LPUSHX: adds elements at the head of a list that is there already.

use values::list::End;

use super::push::{Args, push_to_existing};
use crate::prelude::*;

command! {
    name: "lpushx",
    group: List,
    since: "2.2.0",
    complexity: "O(N) where N is the number of elements to add.",
    summary: "Prepends one or more elements to a list only when the list exists.",
    handler: Write(lpushx),
    flags: [DenyOom, Fast],
    examples: r#"
        > LPUSHX letters a
        (integer) 0
        > LLEN letters
        (integer) 0
        > RPUSH letters b
        (integer) 1
        > LPUSHX letters a
        (integer) 2
    "#,
}

fn lpushx(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("lpush");
    push_to_existing(txn, &args, End::Front, reply)
}
