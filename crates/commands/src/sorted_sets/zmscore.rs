//! ZMSCORE: the scores of members.

use crate::prelude::*;

command! {
    name: "zmscore",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(N) where N is the number of members being requested.",
    summary: "Returns the score of one or more members in a sorted set.",
    handler: Read(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZMSCORE board bob dan
        1) "2"
        2) (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(name = "member")]
    members: Many<&'a [u8]>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let set = view.zset(&args.key)?;
    reply.array(args.members.len());
    for member in &args.members {
        match set.and_then(|set| set.score(member)) {
            Some(score) => reply.double(score),
            None => reply.null(),
        }
    }
    Ok(())
}
