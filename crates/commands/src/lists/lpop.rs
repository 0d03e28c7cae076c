//! LPOP: takes the first elements off a list.

use values::list::End;

use super::pop::{Args, pop};
use crate::prelude::*;

command! {
    name: "lpop",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements returned.",
    summary: "Returns and removes the first elements of a list. Deletes the list if the last element was popped.",
    handler: Write(lpop),
    flags: [Fast],
    examples: r#"
        > RPUSH letters a b c d
        (integer) 4
        > LPOP letters
        "a"
        > LPOP letters 2
        1) "b"
        2) "c"
        > LPOP none
        (nil)
    "#,
}

fn lpop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    pop(txn, &args, End::Front, reply)
}
