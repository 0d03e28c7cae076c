//! ZSCORE: the score of a member.

use crate::prelude::*;

command! {
    name: "zscore",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(1)",
    summary: "Returns the score of a member in a sorted set.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZSCORE board bob
        "2"
        > ZSCORE board dan
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    member: &'a [u8],
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.zset(&args.key)?.and_then(|set| set.score(args.member)) {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
    Ok(())
}
