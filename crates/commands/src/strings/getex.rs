//! GETEX: the value of a string, whose expiry may change.

use super::expiry::GetExpiry;
use crate::generic::deadline::did_set_deadline;
use super::value::reply_value;
use crate::prelude::*;

command! {
    name: "getex",
    group: String,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns the string value of a key after setting its expiration time.",
    handler: Write(getex),
    flags: [Fast],
    examples: r#"
        > SET session data EX 10
        OK
        > GETEX session EX 60
        "data"
        > TTL session
        (integer) 60
        > GETEX session PERSIST
        "data"
        > TTL session
        (integer) -1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE")]
    key: Key<'a>,
    expiration: Option<GetExpiry<'a>>,
}

fn getex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let found = txn.string(&args.key)?;
    reply_value(found, reply);
    let (Some(_), Some(expiration)) = (found, args.expiration) else { return Ok(()) };
    let now_ms = txn.now_ms();
    let deadline_ms = expiration.deadline_ms(|unit, value| unit.moment(value, now_ms, "getex"))?;
    if deadline_ms.is_some() || txn.deadline(&args.key) != Some(None) {
        txn.set_deadline(&args.key, deadline_ms);
        did_set_deadline(txn, &args.key, deadline_ms);
    }
    Ok(())
}
