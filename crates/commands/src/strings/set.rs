//! SET: makes a key a string.

use super::expiry::{SetExpiry, did_set};
use super::value::{holds_value, reply_value};
use crate::prelude::*;

command! {
    name: "set",
    group: String,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
    handler: Write(set),
    flags: [DenyOom],
    examples: r#"
        > SET visits 1 EX 60
        OK
        > TTL visits
        (integer) 60
        > SET visits 2 NX
        (nil)
        > SET visits 3 XX GET
        "1"
        > TTL visits
        (integer) -1
        > SET visits 4 IFEQ 7
        (nil)
        > SET visits 4 IFEQ 3
        OK
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS UPDATE VARIABLE_FLAGS")]
    key: Key<'a>,
    value: &'a [u8],
    condition: Option<Condition<'a>>,
    #[arg(token = "GET")]
    get: bool,
    #[arg(name = "expiration")]
    expiry: Option<SetExpiry<'a>>,
}

#[derive(Args)]
enum Condition<'a> {
    #[arg(token = "NX")]
    Absent,
    #[arg(token = "XX")]
    Present,
    #[arg(token = "IFEQ", name = "comparison-value")]
    Equal(&'a [u8]),
}

fn set(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let deadline = match args.expiry {
        Some(expiry) => expiry.deadline(txn.now_ms(), "set")?,
        None => Deadline::Never,
    };
    let holds = match args.condition {
        None => true,
        Some(Condition::Absent) => txn.peek(&args.key).is_none(),
        Some(Condition::Present) => txn.peek(&args.key).is_some(),
        Some(Condition::Equal(value)) => holds_value(txn, &args.key, value)?,
    };
    match (args.get, holds) {
        (true, _) => reply_value(txn.string(&args.key)?, reply),
        (false, true) => reply.ok(),
        (false, false) => reply.null(),
    }
    if holds {
        let before = txn.changes();
        txn.set_string(&args.key, args.value, deadline);
        if args.get || args.condition.is_some() || deadline != Deadline::Never {
            did_set(txn, before, &args.key, args.value, deadline);
        }
    }
    Ok(())
}
