//! BLMOVE: moves an element from a list to another, or waits for one.

use super::side::Side;
use super::transfer::Transfer;
use crate::prelude::*;

command! {
    name: "blmove",
    group: List,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.",
    handler: Blocking(blmove),
    flags: [DenyOom],
    examples: r#"
        > RPUSH todo a b c
        (integer) 3
        > BLMOVE todo done LEFT RIGHT 0
        "a"
        > LRANGE done 0 -1
        1) "a"
        > BLMOVE none done LEFT RIGHT 0.1
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    source: Key<'a>,
    #[arg(access = "RW INSERT")]
    destination: Key<'a>,
    wherefrom: Side,
    whereto: Side,
    timeout: Timeout,
}

fn blmove(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    let transfer = Transfer {
        source: args.source,
        destination: args.destination,
        from: args.wherefrom.into(),
        to: args.whereto.into(),
    };
    transfer.run_or_wait(txn, args.timeout, reply)
}
