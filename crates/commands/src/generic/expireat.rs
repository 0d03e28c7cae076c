//! EXPIREAT: gives a key a deadline.

use super::deadline::{Conditions, Moment, expire};

use crate::prelude::*;

command! {
    name: "expireat",
    group: Generic,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Sets the expiration time of a key to a Unix timestamp.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > SET session abc
        OK
        > EXPIREAT session 1700000010
        (integer) 1
        > TTL session
        (integer) 10
        > EXPIREAT session 1700000010 NX
        (integer) 0
        > EXPIREAT session 1 NX GT
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIREAT missing 1700000010
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(unix_time)]
    unix_time_seconds: Later<'a, i64>,
    condition: Option<Conditions>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let moment = Moment { value: args.unix_time_seconds.read()?, unit_ms: 1000, is_absolute: true };
    reply.integer(i64::from(expire(txn, &args.key, moment, args.condition.unwrap_or_default(), "expireat")?));
    Ok(())
}
