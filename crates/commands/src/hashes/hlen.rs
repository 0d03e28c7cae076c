//! HLEN: how many fields a hash has.

use crate::prelude::*;

command! {
    name: "hlen",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Returns the number of fields in a hash.",
    handler: Read(hlen),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HLEN user:1
        (integer) 2
        > HLEN nobody
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
}

fn hlen(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let len = view.hash(&args.key)?.map_or(0, |hash| hash.len());
    reply.integer(len as i64);
    Ok(())
}
