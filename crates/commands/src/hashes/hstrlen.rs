//! HSTRLEN: how long the value of a field is.

use super::value::find;
use crate::prelude::*;

command! {
    name: "hstrlen",
    group: Hash,
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Returns the length of the value of a field.",
    handler: Read(hstrlen),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HSTRLEN user:1 name
        (integer) 3
        > HSTRLEN user:1 email
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
    field: &'a [u8],
}

fn hstrlen(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let value = find(view, &args.key, args.field)?;
    reply.integer(value.map_or(0, <[u8]>::len) as i64);
    Ok(())
}
