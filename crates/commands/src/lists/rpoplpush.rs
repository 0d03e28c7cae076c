//! RPOPLPUSH: moves the last element of a list to the front of another.

use values::list::End;

use super::transfer::Transfer;
use crate::prelude::*;

command! {
    name: "rpoplpush",
    group: List,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.",
    handler: Write(rpoplpush),
    flags: [DenyOom],
    examples: r#"
        > RPUSH todo a b c
        (integer) 3
        > RPOPLPUSH todo done
        "c"
        > LRANGE done 0 -1
        1) "c"
        > RPOPLPUSH todo todo
        "b"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    source: Key<'a>,
    #[arg(access = "RW INSERT")]
    destination: Key<'a>,
}

fn rpoplpush(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let transfer = Transfer {
        source: args.source,
        destination: args.destination,
        from: End::Back,
        to: End::Front,
    };
    if !transfer.run(txn, reply)? {
        reply.null();
    }
    Ok(())
}
