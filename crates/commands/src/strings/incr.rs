//! INCR: adds one.

use super::counter::add;
use crate::prelude::*;

command! {
    name: "incr",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
    handler: Write(incr),
    flags: [DenyOom, Fast],
    examples: r#"
        > INCR visits
        (integer) 1
        > INCR visits
        (integer) 2
        > SET visits many
        OK
        > INCR visits
        (error) ERR value is not an integer or out of range
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
}

fn incr(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("incrby");
    add(txn, &args.key, 1, reply)
}
