//! SINTERCARD: how much several sets have in common.

use super::algebra::Intersection;
use crate::prelude::*;
use crate::args::Kind;

command! {
    name: "sintercard",
    group: Set,
    since: "7.0.0",
    complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
    summary: "Returns the number of members of the intersect of multiple sets.",
    handler: Read(sintercard),
    examples: r#"
        > SADD mine a b c
        (integer) 3
        > SADD yours b c d
        (integer) 3
        > SINTERCARD 2 mine yours
        (integer) 2
        > SINTERCARD 2 mine yours LIMIT 1
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: CountedSets<'a>,
    #[arg(token = "LIMIT", repeats)]
    limit: Option<Limit>,
}

/// As [`CountedKeys`], with an error of its own where there are too few.
struct CountedSets<'a>(CountedKeys<'a>);

impl<'a> Parse<'a> for CountedSets<'a> {
    const SPEC: Spec = CountedKeys::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const TOO_FEW: Error = Error::fixed("ERR Number of keys can't be greater than number of args");
        CountedKeys::parse(parser).map(CountedSets).map_err(|error| match error {
            Error::Syntax => TOO_FEW,
            error => error,
        })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

/// How many members to count; zero for all.
struct Limit(usize);

impl<'a> Parse<'a> for Limit {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NEGATIVE: Error = Error::fixed("ERR LIMIT can't be negative");
        NonNegative::parse_or(parser, NEGATIVE).map(|limit| Limit(limit.0))
    }
}

fn sintercard(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let limit = args.limit.map_or(0, |limit| limit.0);
    let limit = if limit == 0 { usize::MAX } else { limit };
    let common = Intersection::of(view, &args.key.0.0)?.members().take(limit).count();
    reply.integer(common as i64);
    Ok(())
}
