//! PTTL: when a key expires.

use super::deadline::reply_deadline;

use crate::prelude::*;

command! {
    name: "pttl",
    group: Generic,
    since: "2.6.0",
    complexity: "O(1)",
    summary: "Returns the expiration time in milliseconds of a key.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > PTTL session
        (integer) -2
        > SET session abc
        OK
        > PTTL session
        (integer) -1
        > EXPIRE session 10
        (integer) 1
        > PTTL session
        (integer) 10000
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_deadline(view, &args.key, reply, |deadline_ms| deadline_ms - view.now_ms())
}
