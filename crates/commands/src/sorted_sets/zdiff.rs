//! ZDIFF: what is in the first sorted set and in no other.

use super::combination::{Combination, Inputs, Operation};
use super::selection::reply_members;

use crate::prelude::*;

command! {
    name: "zdiff",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
    summary: "Returns the difference between multiple sorted sets.",
    handler: Read(run),
    examples: r#"
        > ZADD first 1 a 2 b
        (integer) 2
        > ZADD second 10 b 20 c
        (integer) 2
        > ZDIFF 2 first second WITHSCORES
        1) "a"
        2) "1"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key")]
    inputs: Inputs<'a>,
    #[arg(name = "")]
    options: Rest<'a, Options>,
}

/// What to tell.
#[derive(Args)]
pub struct Options {
    #[arg(token = "WITHSCORES", name = "withscores", repeats)]
    with_scores: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let members = Combination::of(args.inputs).combine(view, Operation::Difference)?;
    let with_scores = args.options.read()?.with_scores;
    let members = members.iter().map(|(member, score)| (member.as_slice(), *score));
    reply_members(members, with_scores, reply);
    Ok(())
}
