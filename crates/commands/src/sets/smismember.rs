//! SMISMEMBER: which of several members a set has.

use crate::prelude::*;

command! {
    name: "smismember",
    group: Set,
    since: "6.2.0",
    complexity: "O(N) where N is the number of elements being checked for membership.",
    summary: "Determines whether multiple members belong to a set.",
    handler: Read(smismember),
    flags: [Fast],
    examples: r#"
        > SADD colors red green
        (integer) 2
        > SMISMEMBER colors red blue green
        1) (integer) 1
        2) (integer) 0
        3) (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    member: Many<&'a [u8]>,
}

fn smismember(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let set = view.set(&args.key)?;
    reply.array(args.member.len());
    for member in &args.member {
        reply.integer(set.is_some_and(|set| set.contains(member)).into());
    }
    Ok(())
}
