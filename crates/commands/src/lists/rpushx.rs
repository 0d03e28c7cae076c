//! RPUSHX: adds elements at the tail of a list that is there already.

use values::list::End;

use super::push::{Args, push_to_existing};
use crate::prelude::*;

command! {
    name: "rpushx",
    group: List,
    since: "2.2.0",
    complexity: "O(N) where N is the number of elements to add.",
    summary: "Appends one or more elements to a list only when the list exists.",
    handler: Write(rpushx),
    flags: [DenyOom, Fast],
    examples: r#"
        > RPUSHX letters a
        (integer) 0
        > LLEN letters
        (integer) 0
        > RPUSH letters b
        (integer) 1
        > RPUSHX letters a
        (integer) 2
    "#,
}

fn rpushx(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("rpush");
    push_to_existing(txn, &args, End::Back, reply)
}
