//! SDIFF: what the first of several sets has and no other.

use super::algebra::{Args, difference, reply_members};
use crate::prelude::*;

command! {
    name: "sdiff",
    group: Set,
    since: "1.0.0",
    complexity: "O(N*M) worst case where N is the cardinality of the first set and M is the number of sets.",
    summary: "Returns the difference of multiple sets.",
    handler: Read(sdiff),
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SDIFF mine yours
        1) "a"
    "#,
}

fn sdiff(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_members(difference(view, &args.key)?, reply);
    Ok(())
}
