//! EXPIRE: gives a key a deadline.

use super::deadline::{Conditions, Moment, expire};

use crate::prelude::*;

command! {
    name: "expire",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Sets the expiration time of a key in seconds.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > SET session abc
        OK
        > EXPIRE session 10
        (integer) 1
        > TTL session
        (integer) 10
        > EXPIRE session 10 NX
        (integer) 0
        > EXPIRE session 1 NX GT
        (error) ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE missing 10
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    
    seconds: Later<'a, i64>,
    condition: Option<Conditions>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let moment = Moment { value: args.seconds.read()?, unit_ms: 1000, is_absolute: false };
    reply.integer(i64::from(expire(txn, &args.key, moment, args.condition.unwrap_or_default(), "expire")?));
    Ok(())
}
