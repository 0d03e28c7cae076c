//! ZINTERCARD: how many members are in all of several sorted sets.

use super::combination::{Inputs, intersection_len};

use crate::prelude::*;

command! {
    name: "zintercard",
    group: SortedSet,
    since: "7.0.0",
    complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
    summary: "Returns the number of members of the intersect of multiple sorted sets.",
    handler: Read(run),
    examples: r#"
        > ZADD first 1 a 2 b
        (integer) 2
        > ZADD second 10 b 20 c
        (integer) 2
        > ZINTERCARD 2 first second LIMIT 5
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key")]
    keys: Inputs<'a>,
    #[arg(name = "")]
    options: Rest<'a, Options>,
}

/// How far to count.
#[derive(Args)]
pub struct Options {
    #[arg(token = "LIMIT", repeats)]
    limit: Option<CountLimit>,
}

/// Where to stop counting; 0 is nowhere.
pub struct CountLimit(usize);

impl<'a> Parse<'a> for CountLimit {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NEGATIVE: Error = Error::fixed("ERR LIMIT can't be negative");
        let limit = base::number::parse_i64(parser.next()?).and_then(|limit| usize::try_from(limit).ok());
        limit.map(CountLimit).ok_or(NEGATIVE)
    }
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let limit = || {
        let limit = args.options.read()?.limit.map(|limit| limit.0);
        Ok(limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX))
    };
    reply.integer(intersection_len(view, &args.keys.0, limit)? as i64);
    Ok(())
}
