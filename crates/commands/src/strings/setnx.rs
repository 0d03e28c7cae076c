//! SETNX: makes a key a string unless it is there.

use crate::prelude::*;

command! {
    name: "setnx",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Sets the string value of a key only when the key doesn't exist.",
    handler: Write(setnx),
    flags: [DenyOom, Fast],
    examples: r#"
        > SETNX leader alice
        (integer) 1
        > SETNX leader bob
        (integer) 0
        > GET leader
        "alice"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW INSERT")]
    key: Key<'a>,
    value: &'a [u8],
}

fn setnx(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    let is_absent = txn.peek(&args.key).is_none();
    if is_absent {
        txn.set_string(&args.key, args.value, Deadline::Never);
    }
    reply.integer(i64::from(is_absent));
    Ok(())
}
