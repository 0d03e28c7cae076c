//! PEXPIRETIME: when a key expires.

use super::deadline::reply_deadline;

use crate::prelude::*;

command! {
    name: "pexpiretime",
    group: Generic,
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Returns the expiration time of a key as a Unix milliseconds timestamp.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > PEXPIRETIME session
        (integer) -2
        > SET session abc
        OK
        > PEXPIRETIME session
        (integer) -1
        > EXPIRE session 10
        (integer) 1
        > PEXPIRETIME session
        (integer) 1700000010000
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_deadline(view, &args.key, reply, |deadline_ms| deadline_ms)
}
