//! TTL: when a key expires.

use super::deadline::reply_deadline;

use crate::prelude::*;

command! {
    name: "ttl",
    group: Generic,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the expiration time in seconds of a key.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > TTL session
        (integer) -2
        > SET session abc
        OK
        > TTL session
        (integer) -1
        > EXPIRE session 10
        (integer) 1
        > TTL session
        (integer) 10
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_deadline(view, &args.key, reply, |deadline_ms| (deadline_ms - view.now_ms() + 500) / 1000)
}
