//! HEXISTS: whether a hash has a field.

use super::value::find;
use crate::prelude::*;

command! {
    name: "hexists",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Determines whether a field exists in a hash.",
    handler: Read(hexists),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann
        (integer) 1
        > HEXISTS user:1 name
        (integer) 1
        > HEXISTS user:1 email
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
    field: &'a [u8],
}

fn hexists(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply.integer(find(view, &args.key, args.field)?.is_some().into());
    Ok(())
}
