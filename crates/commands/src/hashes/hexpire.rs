//! HEXPIRE: has fields of a hash expire in so many seconds.

use super::deadline::{Options, Unit, expire};
use crate::prelude::*;

command! {
    name: "hexpire",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Set expiry for hash field using relative time to expire (seconds).",
    handler: Write(hexpire),
    arity: -6,
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HEXPIRE user:1 60 FIELDS 2 token email
        1) (integer) 1
        2) (integer) -2
        > HEXPIRE user:1 30 GT FIELDS 1 token
        1) (integer) 0
        > HTTL user:1 FIELDS 2 token name
        1) (integer) 60
        2) (integer) -1
        > HEXPIRE user:1 0 FIELDS 1 token
        1) (integer) 2
        > HKEYS user:1
        1) "name"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    seconds: Later<'a, i64>,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

fn hexpire(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    expire(txn, &args.key, (args.seconds, Unit::SECONDS), args.options, "hexpire", reply)
}
