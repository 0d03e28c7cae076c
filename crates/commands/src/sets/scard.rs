//! SCARD: the number of members of a set.

use crate::prelude::*;

command! {
    name: "scard",
    group: Set,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the number of members in a set.",
    handler: Read(scard),
    flags: [Fast],
    examples: r#"
        > SADD colors red green blue
        (integer) 3
        > SCARD colors
        (integer) 3
        > SCARD none
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn scard(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(view.set(&args.key)?.map_or(0, |set| set.len() as i64));
    Ok(())
}
