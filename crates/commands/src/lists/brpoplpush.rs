//! BRPOPLPUSH: moves the last element of a list to the front of another, or waits for one.

use values::list::End;

use super::transfer::Transfer;
use crate::prelude::*;

command! {
    name: "brpoplpush",
    group: List,
    since: "2.2.0",
    complexity: "O(1)",
    summary: "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.",
    handler: Blocking(brpoplpush),
    flags: [DenyOom],
    examples: r#"
        > RPUSH todo a b c
        (integer) 3
        > BRPOPLPUSH todo done 0
        "c"
        > LRANGE done 0 -1
        1) "c"
        > BRPOPLPUSH none done 0.1
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    source: Key<'a>,
    #[arg(access = "RW INSERT")]
    destination: Key<'a>,
    timeout: Timeout,
}

fn brpoplpush(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    let transfer = Transfer {
        source: args.source,
        destination: args.destination,
        from: End::Back,
        to: End::Front,
    };
    transfer.run_or_wait(txn, args.timeout, reply)
}
