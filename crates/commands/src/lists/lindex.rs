//! LINDEX: the element at a place in a list.

use crate::prelude::*;

command! {
    name: "lindex",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements, or of chunks of them, to pass over. Asking for the first or the last element takes O(1).",
    summary: "Returns an element from a list by its index.",
    handler: Read(lindex),
    examples: r#"
        > RPUSH letters a b c
        (integer) 3
        > LINDEX letters 0
        "a"
        > LINDEX letters -1
        "c"
        > LINDEX letters 3
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    index: Later<'a, i64>,
}

fn lindex(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let element = match view.list(&args.key)? {
        Some(list) => list.get(args.index.read()?),
        None => None,
    };
    match element {
        Some(element) => reply.bulk(element),
        None => reply.null(),
    }
    Ok(())
}
