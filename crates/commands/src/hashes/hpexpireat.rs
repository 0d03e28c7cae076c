//! HPEXPIREAT: has fields of a hash expire at a millisecond since 1970.

use super::deadline::{Options, Unit, expire};
use crate::prelude::*;

command! {
    name: "hpexpireat",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Set expiry for hash field using an absolute Unix timestamp (milliseconds).",
    handler: Write(hpexpireat),
    arity: -6,
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HPEXPIREAT user:1 1700000000250 FIELDS 1 token
        1) (integer) 1
        > HPTTL user:1 FIELDS 1 token
        1) (integer) 250
        > HPEXPIREAT user:1 1700000000500 XX FIELDS 1 name
        1) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    #[arg(unix_time)]
    unix_time_milliseconds: Later<'a, i64>,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

fn hpexpireat(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    expire(txn, &args.key, (args.unix_time_milliseconds, Unit::AT_MILLISECONDS), args.options, "hpexpireat", reply)
}
