//! INCRBY: adds an integer.

use super::counter::add;
use crate::prelude::*;

command! {
    name: "incrby",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
    handler: Write(incrby),
    flags: [DenyOom, Fast],
    examples: r#"
        > INCRBY points 50
        (integer) 50
        > INCRBY points -8
        (integer) 42
        > INCRBY points 9223372036854775807
        (error) ERR increment or decrement would overflow
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    increment: i64,
}

fn incrby(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    add(txn, &args.key, args.increment, reply)
}
