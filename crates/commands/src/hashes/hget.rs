//! HGET: the value of one field.

use super::value::find;
use crate::prelude::*;

command! {
    name: "hget",
    group: Hash,
    since: "2.0.0",
    complexity: "O(1)",
    summary: "Returns the value of a field in a hash.",
    handler: Read(hget),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann
        (integer) 1
        > HGET user:1 name
        "Ann"
        > HGET user:1 email
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    field: &'a [u8],
}

fn hget(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match find(view, &args.key, args.field)? {
        Some(value) => reply.bulk(value),
        None => reply.null(),
    }
    Ok(())
}
