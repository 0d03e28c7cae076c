//! HEXPIREAT: has fields of a hash expire at a second since 1970.

use super::deadline::{Options, Unit, expire};
use crate::prelude::*;

command! {
    name: "hexpireat",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Set expiry for hash field using an absolute Unix timestamp (seconds).",
    handler: Write(hexpireat),
    arity: -6,
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HEXPIREAT user:1 1700000010 FIELDS 1 token
        1) (integer) 1
        > HTTL user:1 FIELDS 1 token
        1) (integer) 10
        > HEXPIREAT user:1 1700000005 LT FIELDS 1 token
        1) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    #[arg(unix_time)]
    unix_time_seconds: Later<'a, i64>,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

fn hexpireat(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    expire(txn, &args.key, (args.unix_time_seconds, Unit::AT_SECONDS), args.options, "hexpireat", reply)
}
