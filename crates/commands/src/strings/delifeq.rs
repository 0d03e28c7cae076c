//! DELIFEQ: removes a string that is what the client takes it for, as whoever lets go of a lock does.

use super::value::holds_value;
use crate::prelude::*;

command! {
    name: "delifeq",
    group: String,
    since: "9.0.0",
    complexity: "O(1)",
    summary: "Delete key if value matches string.",
    handler: Write(delifeq),
    flags: [Fast],
    examples: r#"
        > SET lock:7 token
        OK
        > DELIFEQ lock:7 other
        (integer) 0
        > DELIFEQ lock:7 token
        (integer) 1
        > DELIFEQ lock:7 token
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RM DELETE")]
    key: Key<'a>,
    value: &'a [u8],
}

fn delifeq(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let is_equal = holds_value(txn, &args.key, args.value)?;
    let is_removed = is_equal && txn.remove(&args.key);
    if is_removed {
        txn.did(|did| did.command([b"DEL", args.key.bytes]));
    }
    reply.integer(i64::from(is_removed));
    Ok(())
}
