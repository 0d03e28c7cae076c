//! HEXPIRETIME: at which second since 1970 fields of a hash expire.

use super::deadline::{Unit, reply_deadlines};
use super::fields::Fields;
use crate::prelude::*;

command! {
    name: "hexpiretime",
    group: Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    summary: "Returns the expiration time of a hash field as a Unix timestamp, in seconds.",
    handler: Read(hexpiretime),
    arity: -5,
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann token x7
        (integer) 2
        > HPEXPIRE user:1 1500 FIELDS 1 token
        1) (integer) 1
        > HEXPIRETIME user:1 FIELDS 3 token name email
        1) (integer) 1700000002
        2) (integer) -1
        3) (integer) -2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    fields: Rest<'a, Fields<'a>>,
}

fn hexpiretime(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_deadlines(view, &args.key, args.fields, Unit::AT_SECONDS, reply)
}
