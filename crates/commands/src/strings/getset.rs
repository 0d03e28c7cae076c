//! GETSET: the value of a string that is replaced.

use super::expiry::did_set;
use super::value::reply_value;
use crate::prelude::*;

command! {
    name: "getset",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the previous string value of a key after setting it to a new value.",
    handler: Write(getset),
    flags: [DenyOom, Fast],
    examples: r#"
        > GETSET leader alice
        (nil)
        > GETSET leader bob
        "alice"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    value: &'a [u8],
}

fn getset(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    reply_value(txn.string(&args.key)?, reply);
    let before = txn.changes();
    txn.set_string(&args.key, args.value, Deadline::Never);
    did_set(txn, before, &args.key, args.value, Deadline::Never);
    Ok(())
}
