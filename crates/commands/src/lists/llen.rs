//! LLEN: the length of a list.

use crate::prelude::*;

command! {
    name: "llen",
    group: List,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns the length of a list.",
    handler: Read(llen),
    flags: [Fast],
    examples: r#"
        > LLEN letters
        (integer) 0
        > RPUSH letters a b
        (integer) 2
        > LLEN letters
        (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn llen(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(view.list(&args.key)?.map_or(0, |list| list.len() as i64));
    Ok(())
}
