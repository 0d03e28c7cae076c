//! SINTER: what several sets have in common.

use super::algebra::{Args, Intersection, reply_members};
use crate::prelude::*;

command! {
    name: "sinter",
    group: Set,
    since: "1.0.0",
    complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
    summary: "Returns the intersect of multiple sets.",
    handler: Read(sinter),
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SINTER mine yours
        1) "b"
        2) "c"
    "#,
}

fn sinter(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_members(Intersection::of(view, &args.key)?.members(), reply);
    Ok(())
}
