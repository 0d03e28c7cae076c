//! PSETEX: makes a key a string that expires in milliseconds.

use super::expiry::{Unit, did_set};
use crate::prelude::*;

command! {
    name: "psetex",
    group: String,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
    handler: Write(psetex),
    flags: [DenyOom],
    examples: r#"
        > PSETEX lock 1500 owner
        OK
        > PTTL lock
        (integer) 1500
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    key: Key<'a>,
    milliseconds: i64,
    value: &'a [u8],
}

fn psetex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    let deadline_ms = Unit::Milliseconds.moment(args.milliseconds, txn.now_ms(), "psetex")?;
    let (deadline, before) = (Deadline::At(deadline_ms), txn.changes());
    txn.set_string(&args.key, args.value, deadline);
    did_set(txn, before, &args.key, args.value, deadline);
    reply.ok();
    Ok(())
}
