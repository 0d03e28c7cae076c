//! SETEX: makes a key a string that expires in seconds.

use super::expiry::{Unit, did_set};
use crate::prelude::*;

command! {
    name: "setex",
    group: String,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
    handler: Write(setex),
    flags: [DenyOom],
    examples: r#"
        > SETEX session 60 data
        OK
        > TTL session
        (integer) 60
        > SETEX session 0 data
        (error) ERR invalid expire time in 'setex' command
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    key: Key<'a>,
    seconds: i64,
    value: &'a [u8],
}

fn setex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    let deadline_ms = Unit::Seconds.moment(args.seconds, txn.now_ms(), "setex")?;
    let (deadline, before) = (Deadline::At(deadline_ms), txn.changes());
    txn.set_string(&args.key, args.value, deadline);
    did_set(txn, before, &args.key, args.value, deadline);
    reply.ok();
    Ok(())
}
