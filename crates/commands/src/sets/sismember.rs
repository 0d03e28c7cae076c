//! SISMEMBER: whether a set has a member.

use crate::prelude::*;

command! {
    name: "sismember",
    group: Set,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Determines whether a member belongs to a set.",
    handler: Read(sismember),
    flags: [Fast],
    examples: r#"
        > SADD colors red
        (integer) 1
        > SISMEMBER colors red
        (integer) 1
        > SISMEMBER colors blue
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
    member: &'a [u8],
}

fn sismember(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let is_member = view.set(&args.key)?.is_some_and(|set| set.contains(args.member));
    reply.integer(is_member.into());
    Ok(())
}
