//! ZRANK: the place of a member.

use crate::prelude::*;

command! {
    name: "zrank",
    group: SortedSet,
    since: "2.0.0",
    complexity: "O(log(N))",
    summary: "Returns the index of a member in a sorted set ordered by ascending scores.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZRANK board ann
        (integer) 0
        > ZRANK board ann WITHSCORE
        1) (integer) 0
        2) "1"
        > ZRANK board dan
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
    match (view.zset(&args.key)?.and_then(|set| set.rank(args.member, false)), args.with_score) {
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
