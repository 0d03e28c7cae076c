//! GETDEL: the value of a string that is removed.

use super::value::reply_value;
use crate::prelude::*;

command! {
    name: "getdel",
    group: String,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns the string value of a key after deleting the key.",
    handler: Write(getdel),
    flags: [Fast],
    examples: r#"
        > SET ticket A7
        OK
        > GETDEL ticket
        "A7"
        > GETDEL ticket
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
}

fn getdel(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_value(txn.string(&args.key)?, reply);
    if txn.remove(&args.key) {
        txn.did(|did| did.command([b"DEL", args.key.bytes]));
    }
    Ok(())
}
