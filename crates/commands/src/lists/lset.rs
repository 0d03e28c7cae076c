//! LSET: replaces the element at a place in a list.

use crate::prelude::*;

command! {
    name: "lset",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements, or of chunks of them, to pass over. Setting the first or the last element takes O(1).",
    summary: "Sets the value of an element in a list by its index.",
    handler: Write(lset),
    flags: [DenyOom],
    examples: r#"
        > RPUSH letters a b c
        (integer) 3
        > LSET letters -1 z
        OK
        > LINDEX letters 2
        "z"
        > LSET letters 3 z
        (error) ERR index out of range
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    index: Later<'a, i64>,
    element: &'a [u8],
}

fn lset(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut list = txn.list_mut(&args.key)?.ok_or(Error::NoSuchKey)?;
    if !list.set(args.index.read()?, args.element) {
        return Err(Error::IndexOutOfRange);
    }
    reply.ok();
    Ok(())
}
