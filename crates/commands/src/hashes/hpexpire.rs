//! HPEXPIRE: has fields of a hash expire in so many milliseconds.

use super::deadline::{Options, Unit, expire};
use crate::prelude::*;

command! {
    name: "hpexpire",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Set expiry for hash field using relative time to expire (milliseconds).",
    handler: Write(hpexpire),
    arity: -6,
    flags: [DenyOom, Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HPEXPIRE user:1 1500 FIELDS 1 token
        1) (integer) 1
        > HPTTL user:1 FIELDS 1 token
        1) (integer) 1500
        > HPEXPIRE user:1 9000 NX FIELDS 2 name token
        1) (integer) 1
        2) (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    milliseconds: Later<'a, i64>,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

fn hpexpire(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    expire(txn, &args.key, (args.milliseconds, Unit::MILLISECONDS), args.options, "hpexpire", reply)
}
