//! ZREVRANK: the place of a member, counted from the last.

use crate::prelude::*;

command! {
    name: "zrevrank",
    group: SortedSet,
    since: "2.0.0",
    complexity: "O(log(N))",
    summary: "Returns the index of a member in a sorted set ordered by descending scores.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZREVRANK board ann
        (integer) 2
        > ZREVRANK board ann WITHSCORE
        1) (integer) 2
        2) "1"
        > ZREVRANK board dan
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    member: &'a [u8],
    #[arg(token = "WITHSCORE", name = "withscore")]
    with_score: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match (view.zset(&args.key)?.and_then(|set| set.rank(args.member, true)), args.with_score) {
        (Some((rank, _)), false) => reply.integer(rank as i64),
        (Some((rank, score)), true) => {
            reply.array(2);
            reply.integer(rank as i64);
            reply.double(score);
        }
        (None, false) => reply.null(),
        (None, true) => reply.null_array(),
    }
    Ok(())
}
