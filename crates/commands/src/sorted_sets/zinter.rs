//! ZINTER: what is in all of several sorted sets.

use super::combination::{Combination, Operation};
use super::selection::reply_members;

use crate::prelude::*;

command! {
    name: "zinter",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
    summary: "Returns the intersect of multiple sorted sets.",
    handler: Read(run),
    arity: -3,
    examples: r#"
        > ZADD first 1 a 2 b
        (integer) 2
        > ZADD second 10 b 20 c
        (integer) 2
        > ZINTER 2 first second WITHSCORES
        1) "b"
        2) "12"
    "#,
}

/// The sets to combine, and how.
pub struct Args<'a> {
    
    combination: Combination<'a>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Combination::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Args { combination: Combination::read(parser, true)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        
        self.combination.keys(visit);
    }
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let members = args.combination.combine(view, Operation::Intersection)?;
    let members = members.iter().map(|(member, score)| (member.as_slice(), *score));
    reply_members(members, args.combination.with_scores(), reply);
    Ok(())
}
