//! RPOP: takes the last elements off a list.

use values::list::End;

use super::pop::{Args, pop};
use crate::prelude::*;

command! {
    name: "rpop",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements returned.",
    summary: "Returns and removes the last elements of a list. Deletes the list if the last element was popped.",
    handler: Write(rpop),
    flags: [Fast],
    examples: r#"
        > RPUSH letters a b c d
        (integer) 4
        > RPOP letters
        "d"
        > RPOP letters 2
        1) "c"
        2) "b"
        > RPOP none
        (nil)
    "#,
}

fn rpop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    pop(txn, &args, End::Back, reply)
}
