//! DECRBY: takes an integer away.

use super::counter::add;
use crate::prelude::*;

command! {
    name: "decrby",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
    handler: Write(decrby),
    flags: [DenyOom, Fast],
    examples: r#"
        > SET stock 10
        OK
        > DECRBY stock 3
        (integer) 7
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    decrement: i64,
}

fn decrby(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("incrby");
    const OVERFLOW: Error = Error::fixed("ERR decrement would overflow");
    let increment = args.decrement.checked_neg().ok_or(OVERFLOW)?;
    add(txn, &args.key, increment, reply)
}
