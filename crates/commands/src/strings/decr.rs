//! DECR: takes one away.

use super::counter::add;
use crate::prelude::*;

command! {
    name: "decr",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
    handler: Write(decr),
    flags: [DenyOom, Fast],
    examples: r#"
        > SET stock 10
        OK
        > DECR stock
        (integer) 9
        > DECR returned
        (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
}

fn decr(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("incrby");
    add(txn, &args.key, -1, reply)
}
