//! PEXPIRE: gives a key a deadline.

use super::deadline::{Conditions, Moment, expire};

use crate::prelude::*;

command! {
    name: "pexpire",
    group: Generic,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Sets the expiration time of a key in milliseconds.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > SET session abc
        OK
        > PEXPIRE session 10000
        (integer) 1
        > TTL session
        (integer) 10
        > PEXPIRE session 10000 NX
        (integer) 0
        > PEXPIRE session 1 NX GT
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > PEXPIRE missing 10000
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    
    milliseconds: Later<'a, i64>,
    condition: Option<Conditions>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let moment = Moment { value: args.milliseconds.read()?, unit_ms: 1, is_absolute: false };
    reply.integer(i64::from(expire(txn, &args.key, moment, args.condition.unwrap_or_default(), "pexpire")?));
    Ok(())
}
