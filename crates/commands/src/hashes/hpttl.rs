//! HPTTL: in how many milliseconds fields of a hash expire.

use super::deadline::{Unit, reply_deadlines};
use super::fields::Fields;
use crate::prelude::*;

command! {
    name: "hpttl",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Returns the TTL in milliseconds of a hash field.",
    handler: Read(hpttl),
    arity: -5,
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HPEXPIRE user:1 1500 FIELDS 1 token
        1) (integer) 1
        > HPTTL user:1 FIELDS 3 token name email
        1) (integer) 1500
        2) (integer) -1
        3) (integer) -2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    fields: Rest<'a, Fields<'a>>,
}

fn hpttl(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_deadlines(view, &args.key, args.fields, Unit::MILLISECONDS, reply)
}
