//! LMOVE: moves an element from an end of a list to an end of another.

use super::side::Side;
use super::transfer::Transfer;
use crate::prelude::*;

command! {
    name: "lmove",
    group: List,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.",
    handler: Write(lmove),
    flags: [DenyOom],
    examples: r#"
        > RPUSH todo a b c
        (integer) 3
        > LMOVE todo done LEFT RIGHT
        "a"
        > LRANGE done 0 -1
        1) "a"
        > LMOVE none done LEFT RIGHT
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
}

fn lmove(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let transfer = Transfer {
        source: args.source,
        destination: args.destination,
        from: args.wherefrom.into(),
        to: args.whereto.into(),
    };
    if !transfer.run(txn, reply)? {
        reply.null();
    }
    Ok(())
}
