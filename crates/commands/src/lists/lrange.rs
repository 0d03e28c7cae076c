//! LRANGE: a part of a list.

use super::range::clamp;
use crate::prelude::*;

command! {
    name: "lrange",
    group: List,
    since: "1.0.0",
    complexity: "O(S+N) where S is the number of elements, or of chunks of them, before the range, and N is the number of elements in it.",
    summary: "Returns a range of elements from a list.",
    handler: Read(lrange),
    examples: r#"
        > RPUSH letters a b c d
        (integer) 4
        > LRANGE letters 1 2
        1) "b"
        2) "c"
        > LRANGE letters -2 100
        1) "c"
        2) "d"
        > LRANGE letters 5 10
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    start: i64,
    stop: i64,
}

fn lrange(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(list) = view.list(&args.key)? else {
        reply.empty_array();
        return Ok(());
    };
    let range = clamp(args.start, args.stop, list.len());
    reply.array(range.len());
    for element in list.range(range.start, range.len()) {
        reply.bulk(element);
    }
    Ok(())
}
