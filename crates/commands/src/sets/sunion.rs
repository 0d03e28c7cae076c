//! SUNION: what any of several sets has.

use values::set::SetRef;

use super::algebra::{Args, reply_set, union};
use crate::prelude::*;

command! {
    name: "sunion",
    group: Set,
    since: "1.0.0",
    complexity: "O(N) where N is the total number of elements in all given sets.",
    summary: "Returns the union of multiple sets.",
    handler: Read(sunion),
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SUNION mine yours
        1) "a"
        2) "b"
        3) "c"
        4) "d"
    "#,
}

fn sunion(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let union = union(view, &args.key, b"")?;
    reply_set(SetRef::of(union.as_ref()), reply);
    Ok(())
}
