//! MGET: the values of several strings.

use super::value::reply_value;
use crate::prelude::*;

command! {
    name: "mget",
    group: String,
    since: "1.0.0",
    complexity: "O(N) where N is the number of keys to retrieve.",
    summary: "Atomically returns the string values of one or more keys.",
    handler: Read(mget),
    flags: [Fast],
    examples: r#"
        > MSET first Hello second World
        OK
        > MGET first second third
        1) "Hello"
        2) "World"
        3) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Many<Key<'a>>,
}

fn mget(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.array(args.key.len());
    for key in &args.key {
        // A key of another type is as good as none.
        reply_value(view.string(key).unwrap_or(None), reply);
    }
    Ok(())
}
