//! GETEX: the value of a string, whose expiry may change.

use super::expiry::Unit;
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
    expiration: Option<Expiration<'a>>,
}

#[derive(Args)]
enum Expiration<'a> {
    #[arg(token = "EX", name = "seconds")]
    Seconds(Later<'a, i64>),
    #[arg(token = "PX", name = "milliseconds")]
    Milliseconds(Later<'a, i64>),
    #[arg(token = "EXAT", name = "unix-time-seconds", unix_time)]
    AtSeconds(Later<'a, i64>),
    #[arg(token = "PXAT", name = "unix-time-milliseconds", unix_time)]
    AtMilliseconds(Later<'a, i64>),
    #[arg(token = "PERSIST")]
    Persist,
}

impl Expiration<'_> {
    /// The deadline, in Unix milliseconds, if there is to be one.
    fn deadline_ms(&self, now_ms: u64) -> Result<Option<u64>> {
        let (unit, value) = match self {
            Expiration::Seconds(value) => (Unit::Seconds, value),
            Expiration::Milliseconds(value) => (Unit::Milliseconds, value),
            Expiration::AtSeconds(value) => (Unit::AtSeconds, value),
            Expiration::AtMilliseconds(value) => (Unit::AtMilliseconds, value),
            Expiration::Persist => return Ok(None),
        };
        unit.moment(value.read()?, now_ms, "getex").map(Some)
    }
}

fn getex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let found = txn.string(&args.key)?;
    reply_value(found, reply);
    let (Some(_), Some(expiration)) = (found, args.expiration) else { return Ok(()) };
    let deadline_ms = expiration.deadline_ms(txn.now_ms())?;
    if deadline_ms.is_some() || txn.deadline(&args.key) != Some(None) {
        txn.set_deadline(&args.key, deadline_ms);
        did_set_deadline(txn, &args.key, deadline_ms);
    }
    Ok(())
}
